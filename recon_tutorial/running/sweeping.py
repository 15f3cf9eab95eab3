"""A sweep: one notebook run at every point of a grid, on the machines of a Dask cluster."""

from __future__ import annotations

import sys
import uuid
from concurrent.futures import CancelledError
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from recon_tutorial._given import a_path, is_number
from recon_tutorial.running._collecting import frame_of, report
from recon_tutorial.running._folder import opened, read_record, record_of
from recon_tutorial.running._grid import code_of, grid_points
from recon_tutorial.running._notebook import versions
from recon_tutorial.running._parameters import checker

if TYPE_CHECKING:
    import pandas as pd
    from distributed import Client


def sweep(
    notebook: str | Path,
    grid: dict | list | str | Path,
    out_dir: str | Path,
    *,
    client: Client | str | Path | None = None,
    workers: int | None = None,
    resume: bool = True,
    timeout: float | None = None,
    progress: bool | None = None,
) -> pd.DataFrame:
    """Run a notebook at every point of a grid, several at a time, and collect the numbers.

    Each point runs in a process of its own, with one thread unless OMP_NUM_THREADS says otherwise,
    and in the notebook's folder. What is done is kept at once and never run again: after a crash,
    the same call goes on where it ended. Runs that fail are told on stderr at the end and run
    again the next time; they harm no other.

    Parameters
    ----------
    notebook : path
        A notebook with a cell tagged "parameters"; its code may not change while a folder is used.
    grid : dict, list or path
        Which parameters to try, as `grid_points` reads them. A later sweep into the same folder
        may have another grid.
    out_dir : path
        A folder for the runs: per point an executed notebook, and a record of its parameters,
        numbers, seconds, versions and peak memory as .json. One sweep at a time: a lock sees to
        it, across machines too where the file system shares locks (NFS 4 does).
    client : Client, str or Path, optional
        A client of any Dask cluster, the address of its scheduler ("tcp://...:8786"), or the file
        that its scheduler has written (a Path). Scheduler and workers need this package and the
        same `notebook` and `out_dir` paths, on a file system that they share. Dask exchanges
        pickles: use a cluster in a network that you trust. The default is a cluster on this
        machine; a script that makes one needs ``if __name__ == "__main__":``.
    workers : int, optional
        How many points run at a time on this machine; the default is its number of cores.
    resume : bool
        Go on with a sweep that the folder holds; if False, such a folder is refused.
    timeout : float, optional
        Longest time that one cell may take, in seconds.
    progress : bool, optional
        Show a bar on stderr; the default is where stderr is a terminal.

    Returns
    -------
    DataFrame
        One row per point of the grid, as `collect` makes them.

    Raises
    ------
    ImportError
        If Dask is not installed.
    FileNotFoundError, TypeError, ValueError
        If the notebook, the grid or an option is refused: nothing has been run then.
    OSError, RuntimeError
        If another sweep holds the folder, no scheduler answers, or the connection to it is lost.
    KeyboardInterrupt
        After Ctrl-C, with a message on what is kept.

    Derived in chapter 13.
    """
    from recon_tutorial.running._cluster import connected  # here, for `run` needs no Dask

    notebook, folder = (
        Path(a_path(path, name)).absolute()
        for name, path in (("notebook", notebook), ("out_dir", out_dir))
    )
    _check_options(client, workers, timeout)
    points = grid_points(notebook, grid)
    check = checker(notebook)
    used = {point: check(parameters) for point, parameters in points.items()}
    plan = {"notebook": notebook.name, "code": code_of(notebook), "points": used}
    shared = {"notebook": notebook.name, "folder": str(folder), "cwd": str(notebook.parent)}
    with opened(folder, notebook, plan | {"versions": versions()}, resume=resume):
        tasks = [
            shared | {"point": name, "parameters": given, "used": used[name], "timeout": timeout}
            for name, given in points.items()
            if not record_of(folder, name).exists()
        ]
        records = {}
        if tasks:
            bar = tqdm(
                total=len(points),
                initial=len(points) - len(tasks),
                unit="run",
                file=sys.stderr,
                disable=None if progress is None else not progress,
            )
            try:
                with bar, connected(client, workers, len(tasks)) as connection:
                    _run_all(connection, tasks, bar, records)
            except KeyboardInterrupt:
                raise KeyboardInterrupt(f"interrupted: {_left(folder, points)}") from None
            except ConnectionError as error:
                raise ConnectionError(f"{error}: {_left(folder, points)}") from error
    # A worker's answer is at hand before its file is, where a file system is slow to show it.
    kept = {name: records.get(name) or read_record(folder, name) for name in points}
    frame = frame_of(used, kept)
    if (frame["status"] == "failed").any():
        print(report(kept), file=sys.stderr)
    return frame


def _check_options(client, workers, timeout):
    if workers is not None and (isinstance(workers, bool) or not isinstance(workers, int)):
        raise TypeError(f"workers is {workers!r}: give a whole number, or None for one per core")
    if workers is not None and not 1 <= workers <= 1000:
        raise ValueError(f"workers is {workers}: give 1 or more, and at most 1000")
    if workers is not None and client is not None:
        raise ValueError("workers is for this machine, a client has its own: give one of the two")
    if timeout is not None and not (is_number(timeout) and timeout > 0):
        raise ValueError(f"timeout is {timeout} s: give a positive number, or None for no limit")


def _run_all(client, tasks, bar, records):
    """Run the tasks and add the records of their points; if this fails, what runs is stopped."""
    from distributed import as_completed

    from recon_tutorial.running._task import keep_failure, run_point

    token = uuid.uuid4().hex
    keys = [(f"sweep-{token}", i) for i in range(len(tasks))]
    futures = client.map(run_point, tasks, key=keys, pure=False)
    task_of, failed = dict(zip(futures, tasks)), 0
    try:
        for future in as_completed(futures):
            task = task_of[future]
            try:
                record = future.result()
            except CancelledError as error:
                raise ConnectionError("the connection to the Dask scheduler was lost") from error
            except Exception as error:  # of any kind: its workers died or cannot import this
                reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
                record = keep_failure(task, f"no worker could run it ({reason})")
            records[task["point"]] = record
            failed += record["status"] == "failed"
            bar.set_postfix(failed=failed, refresh=False)
            bar.update()
    finally:
        if client.status == "running":
            client.cancel(futures)


def _left(folder, points):
    done = sum(record_of(folder, point).exists() for point in points)
    return f"{done} of {len(points)} runs are done and kept, and the same sweep again does the rest"
