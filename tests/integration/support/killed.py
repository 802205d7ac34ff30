"""Clients at work on a service that is killed under them."""
import threading

import botocore.exceptions
import urllib3.exceptions
from support.wait import wait_until


def until_killed(work):
    """Any error of the connection is the end."""
    try:
        while True:
            work()
    except (botocore.exceptions.BotoCoreError, urllib3.exceptions.HTTPError):
        pass


def kill_under(service, work, is_enough, what):
    """Each of work again and again in a thread of its own, until it is enough; then kill -9."""
    threads = [threading.Thread(target=until_killed, args=[each]) for each in work]
    for thread in threads:
        thread.start()
    wait_until(is_enough, 60, what)
    service.program.kill()
    for thread in threads:
        thread.join()
