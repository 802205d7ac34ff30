"""The fixtures of the integration tests, for other people's emulators."""
import os
import shutil
import subprocess
import sys
import tempfile

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "integration"))

from support.fixtures import *  # noqa: E402,F401,F403  pylint: disable=wildcard-import,wrong-import-position
from support.process import ROOT  # noqa: E402  pylint: disable=wrong-import-position

PACKAGE = os.path.join(ROOT, "bench", "harness", "kinesalite")


@pytest.fixture(scope="session")
def installed():
    """kinesalite and kinesis-local, installed where nothing else is."""
    folder = tempfile.mkdtemp(prefix="shardcopy-peers-")
    env = {"PATH": os.environ["PATH"], "HOME": folder}
    shutil.copytree(PACKAGE, folder, dirs_exist_ok=True)
    done = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--omit=optional"], cwd=folder, env=env,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
