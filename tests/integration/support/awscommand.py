"""Debian's aws command, many times in one process: started once for each call it would take a test longer to start than
to run.

As a program it reads a line of arguments (a JSON list) and answers with a line: {"status", "out", "err"}."""
import contextlib
import io
import json
import subprocess
import sys

INTERPRETER = "/usr/bin/python3"  # the one that has Debian's aws


class AwsCommand:
    def __init__(self, env):
        self.process = subprocess.Popen([INTERPRETER, __file__], env=env, text=True, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)

    def __call__(self, *args):
        """The command's status, output and errors."""
        print(json.dumps(args), file=self.process.stdin, flush=True)
        done = json.loads(self.process.stdout.readline())
        return done["status"], done["out"], done["err"]

    def close(self):
        self.process.stdin.close()
        assert self.process.wait(timeout=30) == 0
        self.process.stdout.close()


def _run(args):
    import awscli.clidriver  # pylint: disable=import-outside-toplevel
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        try:
            status = awscli.clidriver.create_clidriver().main(args)
        except SystemExit as end:
            status = end.code
    return {"status": status, "out": out.getvalue(), "err": err.getvalue()}


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(_run(json.loads(line))), flush=True)
