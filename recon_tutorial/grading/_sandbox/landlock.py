"""Landlock, with which a Linux process forbids itself files, signals and connections."""

from __future__ import annotations

import ctypes
import os
import struct

CREATE, ADD, RESTRICT = 444, 445, 446  # system calls, the same number on every processor
EXECUTE, WRITE, READ, LIST, TRUNCATE, DEVICE = (1 << bit for bit in (0, 1, 2, 3, 14, 15))
OF_FILES = EXECUTE | WRITE | READ | TRUNCATE | DEVICE  # the others are rights in a folder
SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/sbin", "/proc", "/sys", "/nix/store")
FILES = ("ld.so.cache", "localtime", "nsswitch.conf", "passwd", "group", "hosts")  # in /etc
DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")


def restrict(*, writable: str, readable=(), listed=()) -> list[str]:
    """Forbid all but these folders, and signals and connections to the outside, for ever.

    Its children inherit it. Returns in words what this kernel could forbid; nothing where it
    knows no Landlock (see its ``landlock(7)``).
    """
    libc = ctypes.CDLL(None, use_errno=True)
    abi = libc.syscall(CREATE, None, 0, 1)
    if abi < 1:
        return []
    rights = (1 << (13, 14, 15, 15, 16)[min(abi, 5) - 1]) - 1
    network, scope = 0b11 * (abi >= 4), 0b11 * (abi >= 6)
    attributes = struct.pack("QQQ", rights, network, scope)[
        : 8 if abi < 4 else 16 if abi < 6 else 24
    ]
    rules = libc.syscall(CREATE, attributes, len(attributes), 0)
    if rules < 0:
        return []

    def allow(path, allowed):
        try:
            place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:  # not on this machine
            return
        allowed &= rights if os.path.isdir(path) else rights & OF_FILES
        rule = struct.pack("=Qi", allowed, place)
        failed = libc.syscall(ADD, rules, 1, rule, 0)
        os.close(place)
        if failed:
            raise OSError(ctypes.get_errno(), f"Landlock refused the rule for {path}")

    allow(writable, rights)
    for path in (*SYSTEM, *readable):
        allow(path, EXECUTE | READ | LIST)
    for path in listed:
        allow(path, LIST)
    for name in FILES:
        allow(f"/etc/{name}", READ)
    for path in DEVICES:
        allow(path, READ | WRITE)
    if libc.syscall(RESTRICT, rules, 0):
        raise OSError(ctypes.get_errno(), "Landlock refused to restrict this process")
    os.close(rules)
    said = ["files outside its folder are closed to it (Landlock)"]
    if network:
        said.append("TCP is closed to it (Landlock)")
    if scope:
        said.append("it can signal nobody but itself (Landlock)")
    return said
