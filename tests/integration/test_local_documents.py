"""The commands that README, docs/local-service.md and shardcopy-local --help show are run as they stand, but for the
ports."""
import os
import re
import shlex
import subprocess

import pytest
from support.postgres import free_port
from support.process import BUILD, ROOT, Program, clean_environment
from support.wait import wait_until

PAGES = {"README.md": 2, "docs/local-service.md": 12}
SHOWN = re.compile(r"^(?: {4}|  )((?:shardcopy-local|aws|curl)\b[^\n]*)$", re.MULTILINE)
CLIENT = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1",
          "AWS_PAGER": ""}


def run_all(text, folder):
    """Every command in turn; a client's goes to the service shown before it. Returns how many there were."""
    ports = {"127.0.0.1:4567": f"127.0.0.1:{free_port()}", "127.0.0.1:4568": f"127.0.0.1:{free_port()}"}
    service, n = None, 0
    for n, command in enumerate(SHOWN.findall(text), 1):
        is_service = command.split()[0] == "shardcopy-local"
        if is_service and service is not None:
            service.process.terminate()
            service.wait(status=None, timeout_s=10)
        if is_service:
            command += " --listen 127.0.0.1:4567" if "--listen" not in command.replace("--tls-listen", "") else ""
        for shown, here in ports.items():
            command = command.replace(shown, here)
        if is_service:
            argv = [re.sub("^~", folder, word) for word in shlex.split(command)]
            service = Program([os.path.join(BUILD, argv[0]), *argv[1:]], folder, f"shown{n}")
            wait_until(lambda: "listening" in service.out or service.status is not None, 30, command)
            assert service.status is None, service.story()
        else:
            run_client(command, folder)
    service.process.terminate()
    service.wait(status=None, timeout_s=10)
    return n


def run_client(command, folder):
    argv = shlex.split(command)
    if argv[0] == "curl":
        argv[1:1] = ["-sS", "--fail-with-body"]
    done = subprocess.run(argv, env=clean_environment(folder, CLIENT), cwd=folder, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=60, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}"


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_page(folder, page):
    with open(os.path.join(ROOT, page), encoding="utf-8") as text:
        assert run_all(text.read(), folder) >= PAGES[page]


def test_the_commands_of_help(folder):
    text = subprocess.run([os.path.join(BUILD, "shardcopy-local"), "--help"], stdout=subprocess.PIPE, text=True,
                          check=True).stdout
    with open(os.path.join(folder, "events.ndjson"), "w", encoding="ascii") as file:
        file.write('{"n":1}\n{"n":2}\n')
    assert run_all(text, folder) >= 5
