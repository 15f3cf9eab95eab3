"""What the submission's process gives up before any of its code runs; it cannot take it back."""

from __future__ import annotations

import ctypes
import math
import os
import resource
import signal
import sys

from landlock import restrict  # beside this file, see __main__.py
from prctl import DEATH_SIGNAL, KEEP_CAPS, NO_NEW_PRIVS, hide_memory, prctl

READ_ANYWHERE = 1 << 2  # CAP_DAC_READ_SEARCH
OWN_NETWORK, OWN_SHARED_MEMORY = 0x40000000, 0x08000000  # of unshare(2)


def confine(config: dict) -> list[str]:
    """Give up privileges, resources and files; return in words what is now in force."""
    limits, uid, said = config["limits"], config["uid"], []
    prctl(NO_NEW_PRIVS, 1)  # no way back through sudo
    if sys.platform == "linux":
        places = {name: config[name] for name in ("readable", "listed")}
        said += restrict(writable=config["folder"], **places)
    few_files = bool(said)  # only then may it read them whoever owns them
    if uid is not None and _leave_network():
        said.append("no network and no memory shared with others (namespaces of its own)")
    _limit(limits, uid)
    said.append("limits of memory, time, files and processes")
    if uid is not None:
        _become(uid, may_read=few_files)
        said.append("a user id of its own")
    hide_memory(False)  # changing user made its own /proc/self unreadable to it
    prctl(DEATH_SIGNAL, signal.SIGKILL)  # nor does it outlive who watches it
    os.umask(0o077)
    return said


def _leave_network():
    """Turn to a network and shared memory that hold nothing, which only root may."""
    if sys.platform != "linux":
        return False
    return ctypes.CDLL(None).unshare(OWN_NETWORK | OWN_SHARED_MEMORY) == 0


def _limit(limits, uid):
    seconds = math.ceil(limits["seconds"]) * (os.cpu_count() or 1) + 1
    values = {
        "RLIMIT_CORE": 0,
        "RLIMIT_CPU": seconds,  # the clock of the grader strikes first
        "RLIMIT_FSIZE": limits["file_bytes"],
        "RLIMIT_NOFILE": 256,
    }
    if sys.platform == "linux":
        values["RLIMIT_DATA"] = limits["memory_bytes"] + limits["slack_bytes"]
        values["RLIMIT_NPROC"] = limits["processes"] + (_tasks_of_this_user() if uid is None else 0)
    for name, value in values.items():
        kind = getattr(resource, name)
        hard = resource.getrlimit(kind)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (value, value))


def _tasks_of_this_user():
    """Processes and threads that the limit of processes counts already."""
    tasks = 0
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.stat(f"/proc/{name}").st_uid == os.getuid():
                tasks += len(os.listdir(f"/proc/{name}/task"))
        except OSError:  # it has ended meanwhile
            continue
    return tasks


def _become(uid, *, may_read):
    """Turn from root into a user who owns nothing.

    Root's Python often lies where others cannot read. With Landlock, which names the folders
    that can be read at all, the one privilege to read whatever is named is kept.
    """
    os.setgroups([])
    os.setgid(uid)
    prctl(KEEP_CAPS, 1)
    os.setuid(uid)
    if sys.platform != "linux":
        return
    if not (may_read and _keep_only(READ_ANYWHERE)) and not _keep_only(0):
        raise OSError("the privileges of root could not be given up")


def _keep_only(capabilities):
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    data = (ctypes.c_uint32 * 6)(capabilities, capabilities, 0, 0, 0, 0)
    return ctypes.CDLL(None).capset(header, data) == 0
