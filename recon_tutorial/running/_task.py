"""What a Dask worker does for one point: start its process, watch it, and tell how it ended."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from distributed import Status, get_worker

from recon_tutorial.running._files import keep_json
from recon_tutorial.running._folder import failure_of, read_record, record_of

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
AT_WORK = (Status.init, Status.running, Status.paused)
PATIENCE = 10  # seconds for a process to end itself


def dask_setup(worker) -> None:
    """Leave Ctrl-C to the sweep: a terminal sends it to the workers of this machine as well."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def run_point(task: dict) -> dict:
    """Run one point unless it is done, and return its record with its status.

    A worker may take over a point from one that died, perhaps just after it was done.
    """
    folder, point = Path(task["folder"]), task["point"]
    if not (folder / task["notebook"]).is_file() or not Path(task["cwd"]).is_dir():
        missing = task["cwd"] if (folder / task["notebook"]).is_file() else task["folder"]
        error = (
            f"the worker on {socket.gethostname()} sees no {missing}: keep the notebook and "
            "out_dir on a file system that all workers share"
        )
        return {"parameters": task["used"], "error": error, "status": "failed"}
    if not record_of(folder, point).exists():
        for stale in (failure_of(folder, point), folder / f"{point}.failed.ipynb"):
            stale.unlink(missing_ok=True)
        with tempfile.TemporaryFile() as said:
            code = _watched(task, said)
            said.seek(0)
            last = said.read().decode(errors="replace").strip().rpartition("\n")[2]
        if read_record(folder, point) is None:
            guess = ", perhaps for lack of memory" if code < 0 else ""
            error = f"its process ended with exit code {code}{guess}"
            keep_failure(task, f"{error} ({last})" if last else error)
    return read_record(folder, point)


def keep_failure(task: dict, error: str) -> dict:
    """Keep why a point failed whose own process could not tell."""
    failure = {"parameters": task["used"], "error": error, "traceback": ""}
    kept = keep_json(failure_of(Path(task["folder"]), task["point"]), failure)
    return kept | {"status": "failed"}


def _watched(task, said):
    """Run the process of a point for as long as the sweep wants it; return its exit code."""
    worker = get_worker()
    key = worker.get_current_task()
    process = subprocess.Popen(
        [sys.executable, "-m", "recon_tutorial.running._point"],
        stdin=subprocess.PIPE,
        stdout=said,
        stderr=said,
        env=dict.fromkeys(THREADS, "1") | os.environ,  # several run at once
        start_new_session=True,  # where Ctrl-C does not reach: the sweep stops its points
    )
    try:
        with suppress(BrokenPipeError):  # it died already: its exit code tells
            process.stdin.write(json.dumps(task).encode() + b"\n")
            process.stdin.flush()
        while _wanted(worker, key):
            try:
                return process.wait(timeout=0.1)
            except subprocess.TimeoutExpired:
                continue
        raise RuntimeError("the sweep was stopped")  # which nobody waits for
    finally:
        with suppress(BrokenPipeError):
            process.stdin.close()
        try:
            process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wanted(worker, key):
    """Whether the sweep still waits for this task: not where it was cancelled, lost or killed."""
    state = worker.state.tasks.get(key)
    return worker.status in AT_WORK and state is not None and state.state != "cancelled"
