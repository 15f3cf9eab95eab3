"""Which processes a process has started, and the end of all of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

LINUX = sys.platform == "linux"


def family(root: int) -> dict[int, int]:
    """Living processes below `root`: process id -> resident memory in bytes.

    Only Linux lets a process adopt its orphans (see `confine.adopt_orphans`); elsewhere one that
    left its parent is found while it stays in the process group of `root`.
    """
    rows = _from_proc() if LINUX else _from_ps()
    children, found, ask = {}, {}, [root]
    for pid, (parent, memory) in rows.items():
        children.setdefault(parent, []).append((pid, memory))
    while ask:
        for pid, memory in children.pop(ask.pop(), []):
            found[pid] = memory
            ask.append(pid)
    return found


def _from_proc():
    rows, page = {}, os.sysconf("SC_PAGE_SIZE")
    for name in os.listdir("/proc"):
        if name.isdigit():
            with suppress(OSError):  # it has ended meanwhile
                with open(f"/proc/{name}/stat", "rb") as file:
                    state, parent, *rest = file.read().rpartition(b")")[2].split()
                # A zombie holds no memory and needs no end, but it is somebody's parent until then.
                if state not in (b"Z", b"X"):
                    rows[int(name)] = int(parent), int(rest[19]) * page
    return rows


def _from_ps():
    command = ["ps", "-A", "-o", "pid=,ppid=,pgid=,rss=,stat="]
    shown = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    rows = {}
    for line in shown.splitlines():
        pid, parent, group, kib, state = line.split(maxsplit=4)
        orphan = int(parent) == 1 and int(group) != int(pid)
        if not state.startswith("Z"):
            rows[int(pid)] = int(group if orphan else parent), int(kib) * 1024
    return rows


def reap() -> dict[int, int]:
    """Collect every child that has ended: process id -> wait status."""
    ended = {}
    with suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                break
            ended[pid] = status
    return ended


def sweep(*, keep=frozenset(), uid: int | None = None, patience: float = 10.0) -> bool:
    """End every process below this one but `keep`; True when none is left.

    Looks again until three looks in a row find nobody, because a process may fork while its
    parent is being killed. A user id of the submission's own, if it has one, catches even a
    chain of processes that fork and exit faster than anybody can look.
    """
    quiet, end = 0, time.monotonic() + patience
    while quiet < 3 and time.monotonic() < end:
        if uid is not None:
            _end_all_of(uid)
        found = set(family(os.getpid())) - set(keep)
        for pid in found:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        for pid in found:
            with suppress(ChildProcessError):  # a grandchild: its parent, or we later, reap it
                os.waitpid(pid, os.WNOHANG)
        quiet = 0 if found else quiet + 1
        time.sleep(0.002)
    return quiet == 3


def _end_all_of(uid):
    """Send SIGKILL to all processes of a user at once, which only that user can do."""
    helper = os.fork()
    if helper == 0:
        try:
            os.setuid(uid)
            os.kill(-1, signal.SIGKILL)  # not to the sender itself, says kill(2)
        except OSError:  # there is nobody left to kill
            pass
        finally:
            os._exit(0)
    os.waitpid(helper, 0)
