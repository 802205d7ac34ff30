"""State that is committed with the positions: the unit test of it, with a server."""
import os
import subprocess

from support.process import BUILD


def test_state_is_kept_with_the_positions(database):
    program = os.path.join(BUILD, "unit/sink/postgres/test_state")
    subprocess.run([program], env={**os.environ, "SC_TEST_POSTGRES": database.url()}, check=True, timeout=60)
    assert database.rows("SELECT count(*) FROM kinesis_state") == [(0,)]
