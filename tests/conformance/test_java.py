"""The AWS SDK for Java 2 (from Maven Central): what the KCL and Flink stand on. CBOR, and SubscribeToShard over HTTP/2
by Netty."""
import os
import subprocess

import pytest
from support.process import ROOT, clean_environment

SOURCE = os.path.join(ROOT, "tests", "conformance", "java")
TARGET = os.path.join(ROOT, "build", "conformance-java")


@pytest.fixture(scope="module")
def class_path():
    """Compiled, and its jars found, below build/."""
    os.makedirs(TARGET, exist_ok=True)
    jars = os.path.join(TARGET, "jars")
    done = subprocess.run(["mvn", "-q", "-B", "-f", SOURCE, f"-Dmdep.outputFile={jars}", "dependency:build-classpath"],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout[-4000:]
    with open(jars, encoding="utf-8") as file:
        path = file.read().strip()
    done = subprocess.run(["javac", "-nowarn", "-cp", path, "-d", TARGET,
                           os.path.join(SOURCE, "src/main/java/Conformance.java")],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout[-4000:]
    return f"{TARGET}:{path}"


def test_sdk_for_java(class_path, local, folder):
    done = subprocess.run(["java", "-cp", class_path, "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "Conformance",
                           f"https://{local.https}", local.ca], env=clean_environment(folder), cwd=folder,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300, check=False)
    print(done.stdout[-6000:])
    assert done.returncode == 0 and "end of a shard: ok" in done.stdout
