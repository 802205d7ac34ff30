"""Real PostgreSQL, the local Kinesis service and the program itself: see support/fixtures.py."""
import pytest

pytest.register_assert_rewrite("support.fixtures", "support.local", "support.records", "support.summary")

from support.fixtures import *  # noqa: E402,F401,F403  pylint: disable=wildcard-import,wrong-import-position
