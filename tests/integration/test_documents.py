"""The commands that README, guide and --help show are run as they stand, but for the names of machines."""
import os
import re
import shlex
import signal

import pytest
from support.local import Stream
from support.process import ROOT
from support.records import numbered
from support.wait import wait_until

PAGES = ("README.md", "docs/guide.md", "docs/operations.md")


def shown(text):
    """The shardcopy commands of indented blocks."""
    return re.findall(r"^(?: {4}|  )(shardcopy (?!-)[^\n]+)$", text, re.MULTILINE)


def commands():
    found = []
    for page in PAGES:
        with open(os.path.join(ROOT, page), encoding="utf-8") as text:
            found += shown(text.read())
    return sorted(set(found))


@pytest.fixture
def world(local, database, folder):
    """Streams clicks and demo, a file of clicks; replaces the documents' machines by ours. Returns the arguments of a
    command."""
    with open(os.path.join(folder, "clicks.ndjson"), "w", encoding="ascii") as out:
        out.write('{"user":"a","n":1}\n{"user":"b","n":2}\n')
    for name in ("clicks", "demo"):
        Stream(local.client(), name, shards=2).put_many(numbered(0, 50))

    def arguments(command):
        here = database.url()
        for machine in ("postgresql://me@db.example/app", "postgresql://me@localhost/app"):
            command = command.replace(machine, here)
        return shlex.split(command.replace("127.0.0.1:4567", local.http))[1:]

    return arguments


def run_as_shown(command, arguments, local, database, shardcopy):
    running = shardcopy.start(*arguments, env={"AWS_ENDPOINT_URL": f"http://{local.http}"})
    if "--follow" in command:
        wait_until(lambda: running.status is not None or
                   any(database.count(table) == 50 for table in ("clicks", "demo", "raw.clicks")), what="the rows")
        running.signal(signal.SIGINT)
    running.wait()


@pytest.mark.parametrize("command", commands())
def test_a_command_of_the_documents(world, local, database, shardcopy, command):
    if command.startswith("shardcopy checkpoints"):
        shardcopy.load(local.url("clicks"), database.url())
    if re.search("deregister|--registration=none", command):
        shardcopy.run("consumers", "register", local.url("clicks"), "warehouse")
    run_as_shown(command, world(command), local, database, shardcopy)


def test_the_commands_of_help(world, local, database, shardcopy):
    for topic in ("load", "put", "streams list", "shards list", "checkpoints list"):
        for command in shown(shardcopy.run(*topic.split(), "--help").out):
            if topic == "checkpoints list":
                shardcopy.load(local.url("clicks"), database.url())
            run_as_shown(command, world(command), local, database, shardcopy)
            database.execute("DROP SCHEMA public CASCADE; DROP SCHEMA IF EXISTS raw CASCADE; CREATE SCHEMA public")
