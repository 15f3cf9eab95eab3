"""Settings of a Linux process that Python has no name for; elsewhere they do nothing."""

from __future__ import annotations

import ctypes
import sys

DEATH_SIGNAL, DUMPABLE, KEEP_CAPS, CHILD_SUBREAPER, NO_NEW_PRIVS = 1, 4, 8, 36, 38


def prctl(option: int, value: int) -> None:
    """Call prctl(2) with one value."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(option, *(ctypes.c_ulong(number) for number in (value, 0, 0, 0))):
            raise OSError(ctypes.get_errno(), f"prctl({option}, {value}) failed")


def adopt_orphans(on: bool = True) -> None:
    """Become the parent of all descendants whose parent has ended, so that none gets away."""
    prctl(CHILD_SUBREAPER, int(on))


def hide_memory(on: bool = True) -> None:
    """Let no other process of this user read this one's memory or environment."""
    prctl(DUMPABLE, int(not on))
