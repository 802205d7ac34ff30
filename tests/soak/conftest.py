"""The fixtures of the integration tests, for what takes too long to be one of them."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "integration"))

from support.fixtures import *  # noqa: E402,F401,F403  pylint: disable=wildcard-import,wrong-import-position
