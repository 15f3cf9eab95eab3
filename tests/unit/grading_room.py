"""What the tests of the grader share: submissions made here, and a look at what is left of them."""

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import pytest

from recon_tutorial.grading import Limits, grade
from recon_tutorial.grading._launch import MARK, UIDS

SUBMISSIONS = Path(__file__).with_name("submissions")
GOOD = (SUBMISSIONS / "good.py").read_text()
SEED = (1 << 100) + 7  # the hidden worlds of these tests
FOREVER = "31415926"  # seconds that a stray process of a test sleeps, to be known by

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits memory and adopts")


@pytest.fixture
def room(tmp_path, monkeypatch):
    """Return `grade_text(source, ...)`; afterwards no process and no file of it may be left."""
    # Not under tmp_path: a submission that runs as another user could not come to it.
    folder = Path(tempfile.mkdtemp(prefix="room-"))
    folder.chmod(0o711)
    monkeypatch.setattr(tempfile, "tempdir", str(folder))

    def grade_text(source, *, name="submission.py", worlds=("linear",), **limits):
        (tmp_path / name).write_text(source)
        return grade(tmp_path / name, seed=SEED, worlds=worlds, limits=Limits(**limits))

    grade_text.folder = folder
    try:
        yield grade_text
        assert left(folder) == []
        assert os.listdir(folder) == []
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def left(folder):
    """Processes that know this folder, sleep for the tests, or run as a user made for grading."""
    found, mark = [], f"{MARK}=".encode()
    for pid in filter(str.isdigit, os.listdir("/proc") if sys.platform == "linux" else []):
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes()
            environment = Path(f"/proc/{pid}/environ").read_bytes()
            user = os.stat(f"/proc/{pid}").st_uid
        except OSError:  # another's, or it has ended
            continue
        ours = mark in environment and os.fsencode(folder) in environment
        if ours or FOREVER.encode() in words or (user in UIDS and not environment):
            found.append((pid, words, user))
    return found


def wait_for(condition, *, seconds=30):
    """Wait until a condition holds."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    assert condition()


def after(method, *lines):
    """The good submission, whose `train` or `predict` first does something else."""
    body = "".join(f"        {line}\n" for line in lines)
    return (
        GOOD + "\n\nimport os, signal, subprocess, sys, threading, time\n"
        f"class make_predictor(make_predictor):\n    def {method}(self, *given):\n{body}"
        f"        return super().{method}(*given)\n"
    )
