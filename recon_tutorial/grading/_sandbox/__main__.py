"""Start a submission in a confined process, watch it, and end all that it started.

Run as ``python -I .../grading/_sandbox CHANNEL CONTROL``, two sockets by number. This process
runs no code of the submission: it forks, and its child does. Through CONTROL the grader tells what
to allow; when that socket closes, for whatever reason, all is ended and the folder removed.
"""

from __future__ import annotations

import os
import resource
import select
import signal
import socket
import subprocess
import sys
import traceback
from contextlib import suppress

import wire
from confine import confine
from prctl import adopt_orphans, hide_memory
from processes import family, reap, sweep

LOOK_EVERY = 0.05  # seconds


def main() -> int:
    """Watch one submission from its first instruction to its last."""
    channel, control = (socket.socket(fileno=int(number)) for number in sys.argv[1:3])
    adopt_orphans()
    hide_memory()
    config = wire.receive(wire.reader(control))
    child = os.fork()
    if child == 0:
        control.close()
        _run(channel, config)
    channel.close()
    # With its own output closed, the grader sees the end of the submission's.
    for number in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), number)
    end = _watch(child, control, config["limits"])
    end["clean"] = sweep(uid=config["uid"])
    reap()
    used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    end["peak"] = max(end["peak"], used * (1 if sys.platform == "darwin" else 1024))
    remove(config["remove"])
    with suppress(OSError):  # the grader may be gone
        wire.send(control, end)
    return 0


def _run(channel, config):
    """Become the submission's process; never return."""
    code = 1
    try:
        confined = confine(config)
        sys.path += [path for path in config["path"] if path not in sys.path]
        from serve import serve  # brings NumPy, which only what is confined needs

        del sys.path[0]  # this folder
        serve(channel, config["submission"], confined)
        code = 0
    except EOFError:  # the grader has no more questions
        code = 0
    except BaseException:  # the end of this process, whatever it was: it goes to the report
        traceback.print_exc()
    finally:
        with suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _watch(child, control, limits):
    """Wait until the child ends, it takes too much, or the grader has heard enough."""
    peak = 0
    while True:
        status = reap().get(child)
        if status is not None:
            return {"why": "ended", "status": status, "peak": peak}
        memory = family(os.getpid())
        peak = max(peak, sum(memory.values()))
        if peak > limits["memory_bytes"]:
            return {"why": "memory", "peak": peak}
        if len(memory) > limits["processes"]:
            return {"why": "processes", "peak": peak}
        if select.select([control], [], [], LOOK_EVERY)[0]:
            return {"why": "asked", "peak": peak}


def remove(folder):
    """Remove a folder whatever a submission left there: closed folders, or very deep ones."""
    for command in (["chmod", "-R", "u+rwx", folder], ["rm", "-rf", folder]):
        subprocess.run(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(main())
