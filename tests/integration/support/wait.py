"""Waiting for a state with a deadline; nothing here sleeps in the hope that something has happened."""
import os
import time

# Programs built with sanitizers are many times slower: SAN builds live in build-address/ and build-thread/.
SLOWNESS = 6 if "-" in os.path.basename(os.environ.get("SHARDCOPY_BUILD", "build")) else 1


def wait_until(condition, deadline_s=20, what=None, every_s=0.01):
    """The first true value condition() gives; an AssertionError that names what was awaited after deadline_s."""
    end = time.monotonic() + deadline_s * SLOWNESS
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline_s * SLOWNESS} s: {what or condition}")
        time.sleep(every_s)
