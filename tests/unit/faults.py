"""Faults made for real, in processes of their own: a full disk, Ctrl-C or a kill at any line."""

import itertools
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
HOUR = 3600


def start(code, *words, around=(), path=(), **options):
    """Start Python code as a process that leads a group; it may import these helpers."""
    env = os.environ | {"OMP_NUM_THREADS": "1"}
    env["PYTHONPATH"] = os.pathsep.join(map(str, [*path, ROOT, HERE]))
    command = [*around, sys.executable, "-c", code, *words]
    heard = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(
        [str(word) for word in command], env=env, start_new_session=True, **(heard | options)
    )


def said(process, timeout=300):
    """What it wrote to stdout and to stderr; all that it started is ended with it."""
    try:
        return process.communicate(timeout=timeout)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def mounted(*commands):
    """A command that runs another one where `commands` have mounted something; or a skip."""
    import pytest

    unshare = shutil.which("unshare")
    script = " && ".join([*commands, 'exec "$@"'])
    around = [unshare, "--mount", "--map-root-user", "sh", "-c", script, "sh"]
    if (
        not unshare
        or subprocess.run([*around, "true"], capture_output=True, check=False).returncode
    ):
        pytest.skip("this machine does not let a test mount a file system")
    return around


def full_disk(folder, size):
    """A command that runs another one where `folder` is a disk of this size."""
    return mounted(f"mount -t tmpfs -o size={size} tmpfs '{folder}'")


def read_only(folder):
    """A command that runs another one where `folder` is there to be read alone."""
    return mounted(f"mount --bind '{folder}' '{folder}'", f"mount -o remount,ro,bind '{folder}'")


def forked(action):
    """Do it in a copy of this process; return its exit code, or minus the signal that ended it."""
    if (pid := os.fork()) == 0:
        code = 1
        try:
            action()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def at_every_line(action, before, rooms, *, names, number):
    """Do `action(room)` again and again, ended by a signal at its first, second, ... last line.

    Lines are those of functions with these names in our code or in jupyter-cache. Each time starts
    from a copy of the folder `before`, which becomes the folder 1, 2, ... in `rooms`.
    """
    for n in itertools.count(1):
        room = shutil.copytree(before, rooms / str(n))
        # After Ctrl-C this process goes on; for a kill it needs a copy of itself.
        run = forked if number == signal.SIGKILL else _interrupted
        code = run(lambda room=room, n=n: (_end_at(n, names, number), action(room)))
        if code == 0:  # it has fewer lines
            shutil.rmtree(room)
            return
        assert code == -number, code


def interrupted_at_every_line(action, *, names):
    """Do it again and again, with Ctrl-C at its first, second, ... last line; yield after each."""
    for n in itertools.count(1):
        if _interrupted(lambda n=n: (_end_at(n, names, signal.SIGINT), action())) == 0:
            return
        yield n


def _interrupted(action):
    before = signal.signal(signal.SIGINT, signal.default_int_handler), sys.gettrace()
    try:
        action()
    except KeyboardInterrupt:
        return -signal.SIGINT
    finally:
        signal.signal(signal.SIGINT, before[0])
        sys.settrace(before[1])
    return 0


def _end_at(n, names, number):
    def trace(frame, event, _):
        nonlocal n
        if frame.f_code.co_name not in names or not _ours(frame.f_code.co_filename):
            return None
        if event == "line":
            n -= 1
            if n == 0:
                signal.raise_signal(number)
        return trace

    sys.settrace(trace)


def _ours(file):
    return any(part in file for part in ("recon_tutorial", "jupyter_cache", "book_cache"))


def in_the_middle_of_a_file(action, size, *, number=signal.SIG_DFL):
    """Do it where no file may grow beyond this size: the system kills the process in mid-write.

    With `number` as SIG_IGN the write fails instead.
    """

    def limited():
        signal.signal(signal.SIGXFSZ, number)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        action()

    return forked(limited)


def drafts(folder):
    """Hidden files and folders: what was being written."""
    return sorted(path.name for path in Path(folder).iterdir() if path.name.startswith("."))


def age(folder, shift):
    """Let all hidden files and folders look as if written so many seconds from now."""
    for draft in [folder / name for name in drafts(folder)]:
        for path in [draft, *draft.rglob("*")]:
            os.utime(path, (time.time() + shift,) * 2)


def steps(found):
    """What was found, one after another, without repeats."""
    return [what for what, _ in itertools.groupby(found)]
