"""Start the process that watches a submission, with a folder and nothing of the grader's own."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from recon_tutorial.grading._limits import Limits
from recon_tutorial.grading._sandbox.processes import family

SANDBOX = Path(__file__).with_name("_sandbox")
PACKAGE = SANDBOX.parents[1]
MARK = "RECON_TUTORIAL_SUBMISSION"  # in the environment of all that a submission starts
UIDS = range(61184, 65520)  # given to no user or service by the usual systems


class Started(NamedTuple):
    """A watching process that waits for `config`, and the ends of what leads to it.

    Through `channel` the submission answers, through `control` its watcher; `output` is the file
    number of what it prints, `uid` its user, or None where it runs as the grader's. `folder` goes
    when it is over: the submission's own lies in it, so that it cannot be moved or replaced.
    """

    process: subprocess.Popen
    channel: socket.socket
    control: socket.socket
    output: int
    folder: Path
    uid: int | None
    config: dict


def launch(source: bytes, name: str, limits: Limits) -> Started:
    """Start the watching process of a submission; nothing of the submission runs yet."""
    uid = _free_uid() if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="grading-")).resolve()
    own = folder / "own"
    (channel, inner), (control, other), (output, out) = (
        *(socket.socketpair() for _ in "ab"),
        os.pipe(),
    )
    try:
        own.mkdir(mode=0o700)
        submission = own / Path(name).name
        submission.write_bytes(source)
        if uid is not None:
            folder.chmod(0o711)
            for path in (own, submission):
                os.chown(path, uid, uid)
        process = _start((inner.fileno(), other.fileno()), out, own)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        channel.close()
        control.close()
        os.close(output)
        raise
    finally:
        inner.close()
        other.close()
        os.close(out)
    config = _config(own, submission, limits, uid)
    return Started(process, channel, control, output, folder, uid, config)


def _start(numbers, out, folder):
    # Nothing of the grader's environment: keys and tokens often stand there.
    env = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", MARK: folder.parent.name}
    env |= dict.fromkeys(("HOME", "TMPDIR"), str(folder)) | {"USER": "submission"}
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    return subprocess.Popen(
        [sys.executable, "-I", "-B", "-u", str(SANDBOX), *map(str, numbers)],
        **dict(stdin=subprocess.DEVNULL, stdout=out, stderr=out, pass_fds=numbers),
        env=env | dict.fromkeys(threads, "1"),
        cwd=folder,
        start_new_session=True,  # Ctrl-C is for the grader, which then ends the submission
    )


def _config(folder, submission, limits, uid):
    # -I drops PYTHONPATH and the user's own packages: what is installed there is needed, too.
    installed = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    return {
        "folder": str(folder),
        "remove": str(folder.parent),
        "submission": str(submission),
        "limits": limits.as_config(),
        "uid": uid,
        "path": [*installed, str(PACKAGE.parent)],
        "readable": [sys.prefix, sys.base_prefix, str(PACKAGE), *installed],
        "listed": [str(PACKAGE.parent)],
    }


def _free_uid():
    """A user id that nobody has and nothing runs under, so that all of it can be ended at once."""
    taken = {user.pw_uid for user in pwd.getpwall()}
    for pid in family(0):
        with suppress(OSError):
            taken.add(os.stat(f"/proc/{pid}").st_uid)
    return secrets.choice([uid for uid in UIDS if uid not in taken])
