"""One point of a sweep, in a process of its own: ``python -m recon_tutorial.running._point``.

Reads its task as one line of JSON from standard input, which then stays open: when it ends, so do
this process and its kernel, for then the worker that started them has died or wants them to stop.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import threading
import time
from pathlib import Path

import psutil

from recon_tutorial.running._files import keep_json
from recon_tutorial.running._folder import failure_of
from recon_tutorial.running._notebook import run, versions

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
DIED = 3  # the exit code of a process whose worker went away


def main() -> None:
    """Run the point and keep its record, or else why it failed."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # the worker ignores it
    with open(0, "rb", buffering=0, closefd=False) as standard_input:
        task = json.loads(standard_input.readline())
    threading.Thread(target=_end_with_worker, daemon=True).start()
    folder, point = Path(task["folder"]), task["point"]
    start = time.perf_counter()
    try:
        run(
            folder / task["notebook"],
            folder / f"{point}.ipynb",
            parameters=task["parameters"],
            timeout=task["timeout"],
            cwd=task["cwd"],
            progress=False,
            measured=lambda: {"peak_memory_mib": _peak_memory()},
        )
    except (OSError, RuntimeError, TypeError, ValueError) as error:
        lines = getattr(error.__cause__, "traceback", [])
        failure = {
            "parameters": task["used"],
            "error": " ".join(str(error).split()),
            "traceback": COLOUR.sub("", "\n".join(lines)),
            "seconds": round(time.perf_counter() - start, 3),
            "versions": versions(),
            "peak_memory_mib": _peak_memory(),
        }
        keep_json(failure_of(folder, point), failure)
    else:
        failure_of(folder, point).unlink(missing_ok=True)


def _end_with_worker():
    """Wait for the end of standard input, then end the kernel and this process at once."""
    while os.read(0, 1):
        pass
    for child in psutil.Process().children(recursive=True):
        try:
            child.kill()
        except psutil.NoSuchProcess:
            continue
    os._exit(DIED)


def _peak_memory():
    """Largest memory (MiB) of any process that this one has started: of the kernel."""
    import resource  # here, for Windows has no such module

    unit = 2**20 if sys.platform == "darwin" else 2**10  # bytes there, kilobytes elsewhere
    return round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / unit, 1)


if __name__ == "__main__":
    main()
