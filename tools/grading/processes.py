"""Runs commands that can be ended together, with all that they started."""

import os
import signal
import subprocess

TIME_LIMIT = 600  # seconds
RUNNING = set()


def run(command):
    """The exit status of `command` (None if it took too long) and all it said; its whole process
    group is gone then."""
    process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               start_new_session=True)
    RUNNING.add(process)
    try:
        output, _ = process.communicate(timeout=TIME_LIMIT)
        status = process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        status = None
    finally:
        RUNNING.discard(process)
    return status, output.decode(errors="replace")


def end_all():
    for process in list(RUNNING):
        os.killpg(process.pid, signal.SIGTERM)
