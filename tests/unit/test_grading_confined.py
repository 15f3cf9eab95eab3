"""Submissions that misbehave towards the machine: each is stopped, and nothing of it stays."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from recon_tutorial.grading import Limits
from recon_tutorial.grading._grade import guarded
from recon_tutorial.grading._launch import SANDBOX
from recon_tutorial.grading._sandbox import processes
from recon_tutorial.grading._worker import Stopped, Worker

from . import grading_room
from .grading_room import FOREVER, GOOD, after, left, linux, wait_for

ROOT = Path(__file__).parents[2]
room = grading_room.room


# --- time, memory, processes, files, output


@pytest.mark.parametrize(
    "source",
    [
        "import time; time.sleep(600)",
        GOOD + "\nimport signal, time\nfor s in (1, 2, 15): signal.signal(s, signal.SIG_IGN)\n"
        "while True: pass",
        after("predict", "time.sleep(0.7)"),
    ],
    ids=["asleep", "deaf", "slow in all"],
)
def test_time_is_counted_over_all_answers(room, source):
    result = room(source, seconds=1.5)
    assert result.verdict == "out of time"


def test_a_world_has_its_own_time(room):
    slow = after("train", "time.sleep(2 * (self.embed_dim == 32))")
    assert room(slow, worlds=("linear", "bimodal"), seconds=3.5).verdict == "beats ridge"


@linux
def test_one_huge_allocation_is_out_of_memory(room):
    result = room(after("train", "np.ones(1 << 28)"), memory=200)
    assert result.verdict == "out of memory"
    assert "it asked for more memory than it was given" in result.reason


@linux
def test_memory_of_children_counts(room):
    lines = "if not os.fork(): x = np.ones(12 << 20); time.sleep(60)"
    result = room(after("train", *[lines] * 4, "time.sleep(60)"), memory=300, seconds=30)
    assert result.verdict == "out of memory" and result.contract["peak_mib"] > 300


@linux
def test_a_fork_bomb_is_ended(room):
    bomb = "while True:\n            try: os.fork()\n            except OSError: pass"
    result = room(after("train", bomb), seconds=3, processes=20)
    assert result.verdict in ("too many processes", "out of time")


DAEMON = f"""if not os.fork():
            os.setsid()
            if not os.fork(): time.sleep({FOREVER})
            os._exit(0)"""
RUNAWAY = """if not os.fork():
            while True:
                try:
                    os.fork() and os._exit(0)
                    os.setsid()
                except OSError: pass"""
SLEEP = f"subprocess.Popen(['sleep', '{FOREVER}'], env={{}}, start_new_session=True)"
STRAYS = {
    "a daemon": DAEMON,
    "another program": SLEEP,
    "a stopped one": f"{SLEEP}.send_signal(signal.SIGSTOP)",
    "a runaway": RUNAWAY,
    "a thread": "threading.Thread(target=time.sleep, args=(600,)).start()",
}


@pytest.mark.parametrize("stray", STRAYS.values(), ids=STRAYS)
@linux
def test_what_a_submission_leaves_running_is_ended_with_it(room, stray):
    result = room(after("train", stray))
    if stray == RUNAWAY:  # it may leave too few processes for the next fork
        assert result.verdict in ("level with ridge", "broke the contract")
    else:
        assert result.verdict == "level with ridge"


@linux
def test_the_room_would_show_a_stray_process():
    stray = subprocess.Popen(["sleep", FOREVER])
    try:
        wait_for(lambda: [pid for pid, *_ in left("/nowhere")] == [str(stray.pid)])
    finally:
        stray.kill()
        stray.wait()


def test_a_flood_of_output_is_cut_and_its_end_kept(room):
    flood = "for i in range(3000): print('x' * 1000, flush=True)"
    result = room(after("train", flood, "print('the end'); sys.exit(3)"))
    assert result.verdict == "broke the contract"
    assert len(result.output) <= 8192 and "the end" in result.output


@linux
def test_files_are_small_and_go_with_the_folder(room):
    big = "try: open('big', 'wb').write(bytes(3 << 20))\n        except OSError as e: print(e)"
    deep = "for i in range(1500): os.mkdir('d'); os.chdir('d')"
    closed = "os.chdir(os.environ['HOME']); os.mkdir('closed'); open('closed/x', 'w').close()"
    result = room(
        after("train", big, deep, closed, "os.chmod('closed', 0); os._exit(5)"), file_size=2
    )
    assert "File too large" in result.output and "exited with code 5" in result.reason


@linux
def test_each_process_has_a_folder_environment_and_no_files_of_the_grader(room, monkeypatch):
    monkeypatch.setenv("GRADER_TOKEN", "secret")
    show = "print(os.getcwd() == os.environ['HOME'], sorted(os.environ), sorted(os.listdir('.')),"
    show += " [os.readlink(f'/proc/self/fd/{n}')[:5] for n in (0, 1, 2)],"
    show += " sum(os.path.exists(f'/proc/self/fd/{n}') for n in range(3, 256)))"
    result = room(after("train", show, "os._exit(1)"))
    assert result.output.startswith("True [") and "TOKEN" not in result.output
    assert "['submission.py'] ['/dev/', 'pipe:', 'pipe:'] 1\n" in result.output


def test_what_runs_beside_a_submission_imports_nothing_of_the_book():
    for path in SANDBOX.glob("*.py"):
        assert "recon_tutorial" not in path.read_text(), path


# --- the grader's own end


def _grade_in_a_process(tmp_path, room, source):
    (tmp_path / "s.py").write_text(source)
    code = (
        "import sys, tempfile; tempfile.tempdir = sys.argv[1]\n"
        "from recon_tutorial.__main__ import main; sys.exit(main(['grade', *sys.argv[2:]]))"
    )
    words = [sys.executable, "-c", code, room.folder, tmp_path / "s.py", "-o", tmp_path / "r.md"]
    env = dict(os.environ, PYTHONPATH=os.pathsep.join([str(ROOT), *sys.path[1:]]))
    grader = subprocess.Popen(
        [str(word) for word in words], env=env, stderr=subprocess.PIPE, start_new_session=True
    )
    wait_for(lambda: any(room.folder.glob("grading-*/own/started")), seconds=60)
    return grader


STARTED = after("train", "open('started', 'w').close()", DAEMON, "time.sleep(600)")


@linux
def test_ctrl_c_ends_all_and_keeps_nothing(room, tmp_path):
    grader = _grade_in_a_process(tmp_path, room, STARTED)
    os.killpg(grader.pid, signal.SIGINT)
    said = grader.communicate(timeout=60)[1].decode()
    assert (grader.returncode, said) == (130, "recon_tutorial: interrupted, nothing was kept\n")
    assert not (tmp_path / "r.md").exists()


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
@linux
def test_a_grader_that_is_killed_leaves_nothing_either(room, tmp_path, end):
    grader = _grade_in_a_process(tmp_path, room, STARTED)
    grader.send_signal(end)
    grader.communicate(timeout=60)
    wait_for(lambda: not left(room.folder) and not os.listdir(room.folder))


@linux
def test_a_killed_watcher_is_a_crash_and_the_grader_ends_what_is_left(room):
    stray = "\nimport os, time\nif not os.fork(): time.sleep(600)"
    with guarded(), Worker((GOOD + stray).encode(), Limits()) as worker:
        assert worker.ask({"do": "load"}) == {"attempts": []}
        os.kill(worker._started.process.pid, signal.SIGKILL)
        with pytest.raises(Stopped, match="the process that watched it was killed") as stopped:
            for _ in range(100):
                worker.ask({"do": "new", "sizes": {"embed_dim": 8, "cov_dim": 4}})
                time.sleep(0.02)
        assert stopped.value.kind == "crashed"


@linux
def test_all_that_this_machine_can_forbid_is_in_force(room):
    libc = ctypes.CDLL(None, use_errno=True)
    abi = libc.syscall(444, None, 0, 1)  # which Landlock this kernel has
    with Worker(b"", Limits()) as worker:
        said = "; ".join(worker.confined)
    assert said.count("Landlock") == (abi >= 1) + (abi >= 4) + (abi >= 6)
    assert ("a user id of its own" in said) == (os.geteuid() == 0)
    alone = "import ctypes, sys; sys.exit(ctypes.CDLL(None).unshare(0x48000000) != 0)"
    can = os.geteuid() == 0 and subprocess.run([sys.executable, "-c", alone]).returncode == 0
    assert ("no network" in said) == can
    adopting = ctypes.c_int()
    with guarded():
        hidden = libc.prctl(3, 0, 0, 0, 0)  # PR_GET_DUMPABLE
        libc.prctl(37, ctypes.byref(adopting), 0, 0, 0)  # PR_GET_CHILD_SUBREAPER
    assert (hidden, adopting.value) == (0, 1)
    libc.prctl(37, ctypes.byref(adopting), 0, 0, 0)
    assert (libc.prctl(3, 0, 0, 0, 0), adopting.value) == (1, 0)


def test_without_proc_the_family_is_read_from_ps(monkeypatch):
    child = subprocess.Popen(["sleep", "60"])
    try:
        wait_for(lambda: child.pid in processes.family(os.getpid()))
        monkeypatch.setattr(processes, "LINUX", False)
        found = processes.family(os.getpid())
        assert 10_000 < found[child.pid] < 100_000_000
    finally:
        child.kill()
        child.wait()
    assert child.pid not in processes.family(os.getpid())
