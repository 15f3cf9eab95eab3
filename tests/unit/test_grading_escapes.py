"""Every known way out of a submission's processes, really tried, with and without Landlock.

What `submissions/cheating.py` and test_grading_confined.py try is not tried again here: memory,
environment and files of the grader through /proc, ptrace, signals, the seed in command lines and
small seeds, forged metrics, passwords, frames, fork bombs, daemons, floods of output, large files.
"""

import ctypes
import os
import shutil
import socket
import sys
from pathlib import Path

import numpy as np
import pytest

from recon_tutorial.grading import Limits, _launch
from recon_tutorial.grading._remote import remote_factory
from recon_tutorial.grading._worker import Worker

from . import grading_room
from .grading_room import SUBMISSIONS, after, linux

room = grading_room.room
pytestmark = linux


@pytest.fixture
def secret(tmp_path):
    """Return a file of the grader's user that nobody else may read."""
    path = tmp_path / "secret"
    path.write_text("the truth")
    path.chmod(0o400)
    return path


@pytest.fixture
def ports():
    """Listen for streams and datagrams; what arrived is looked at in the end."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as stream,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram,
    ):
        for listener in (stream, datagram):
            listener.bind(("127.0.0.1", 0))
        stream.listen()
        yield {"SOCK_STREAM": stream.getsockname()[1], "SOCK_DGRAM": datagram.getsockname()[1]}


@pytest.fixture(params=["with Landlock", "without Landlock"])
def machine(request, room, tmp_path, monkeypatch):
    """Let submissions run as this machine runs them, or as one with an older kernel would."""
    if request.param == "without Landlock":
        if os.geteuid():
            pytest.skip("without Landlock and a user of its own it may do what this user may")
        older = room.folder.with_name(f"older-{room.folder.name}")
        shutil.copytree(_launch.SANDBOX, older)
        (older / "landlock.py").write_text("def restrict(**places): return []\n")
        monkeypatch.setattr(_launch, "SANDBOX", older)
        request.addfinalizer(lambda: shutil.rmtree(older))
        room.folder.chmod(0o1777)  # as /tmp is
    return request.param


@pytest.fixture
def segments():
    """Return a function: the keys of the shared memory that outlives processes."""
    libc, key = ctypes.CDLL(None), 0x7E57

    def keys():
        with open("/proc/sysvipc/shm") as file:
            return {int(line.split()[0]) for line in file.readlines()[1:]}

    yield keys
    if key in keys():  # where a submission is not apart it can leave this behind
        libc.shmctl(libc.shmget(key, 0, 0), 0, None)
    assert key not in keys()


def readable_by_all(*places):
    return all(p.stat().st_mode & 1 for place in places for p in (place, *place.parents))


def test_no_known_way_leads_out(room, machine, secret, ports, segments):
    source = (SUBMISSIONS / "escaping.py").read_text()
    source += f"\nSECRET, PORTS = {str(secret)!r}, {ports!r}\n"
    python = Path(sys.prefix), Path(sys.base_prefix), _launch.PACKAGE
    if machine == "without Landlock" and not readable_by_all(*python):
        # It may not even read this Python, though root itself could: no privilege was kept.
        with pytest.raises(RuntimeError, match="with a Python that every user may read"):
            room(source)
        return
    result = room(source, seconds=60)
    tried = dict(line.split(": ", 1) for line in result.output.splitlines() if ": " in line)
    confined = " ".join(result.confined)
    assert "Landlock" not in confined or machine == "with Landlock"
    if os.geteuid() and "Landlock" not in confined:
        pytest.skip("without Landlock and a user of its own it may do what this user may")
    apart = "namespaces" in confined
    # What leads nowhere, or is told: see the docstring of recon_tutorial.grading.
    open_ways = {"shared memory"}  # its own where it is apart
    open_ways |= set() if "TCP" in confined else {"listen"}
    open_ways |= set() if apart else {"datagram"}
    assert {what for what, how in tried.items() if not how.startswith("denied")} == open_ways
    assert len(tried) == 23
    assert (result.verdict, result.contract["rule"]) == ("broke the contract", "dtype")
    assert not secret.with_name("secret.opened").exists()  # nobody unpickled the answer
    # The folder was cleared without following its links.
    assert (secret.read_text(), secret.stat().st_mode & 0o777) == ("the truth", 0o400)
    assert not apart or 0x7E57 not in segments()


LIAR = """
class Liar(np.ndarray):
    shape = property(lambda self: told)
    def __reduce__(self): return os.mkdir, ("opened",)
    def __array__(self, *_, **__): os.mkdir("converted")
"""


def test_an_answer_that_lies_about_its_shape_is_no_answer(room):
    lies = ("global told", "told = np.shape(given[0])", "return np.zeros(999_999).view(Liar)")
    result = room(after("predict", *lies) + LIAR)
    assert result.verdict in ("broke the contract", "crashed")


def test_what_crosses_is_a_plain_array_whatever_was_answered():
    answers = "    def predict(self, ctrl, cov): return np.asarray(ctrl, np.float32).view(Mine)\n"
    source = "import numpy as np\nclass Mine(np.ndarray): pass\n"
    source += f"class make_predictor:\n    def train(self, *given): pass\n{answers}"
    ctrl = np.arange(6, dtype=np.float32).reshape(3, 2)
    with Worker(source.encode(), Limits()) as worker:
        worker.ask({"do": "load"})
        answer = remote_factory(worker)(2, 1).predict(ctrl, ctrl)
    assert type(answer) is np.ndarray and np.array_equal(answer, ctrl)
