"""The Dask cluster that a sweep runs on: the caller's, or processes of this machine."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    from dask.system import CPU_COUNT
    from distributed import Client, LocalCluster
except ImportError as error:
    raise ImportError(
        f"a sweep needs Dask ({error}): pip install 'recon-tutorial[sweep]'"
    ) from error

PATIENCE = 60  # seconds for a scheduler to appear: a job script starts it just before the sweep


@contextmanager
def connected(
    client: Client | str | Path | None, workers: int | None, n_points: int
) -> Iterator[Client]:
    """Hand out a client: the one given, of the scheduler named, or of a cluster made here."""
    if client is None:
        workers = min(CPU_COUNT if workers is None else workers, n_points)
        with (
            LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                memory_limit=0,  # the kernels hold the data, and Dask does not see them
                dashboard_address="127.0.0.1:0",  # a free port, seen by this machine alone
                silence_logs=logging.CRITICAL,  # a worker that dies is replaced, not bemoaned
                preload=["recon_tutorial.running._task"],
            ) as cluster,
            Client(cluster) as own,
        ):
            yield own
    elif isinstance(client, Client):
        if client.asynchronous:
            raise ValueError("client is asynchronous: give one made without asynchronous=True")
        if client.status != "running":
            raise ValueError(f"client is {client.status}: give one that is connected")
        yield client
    elif not isinstance(client, str | Path):
        raise TypeError(f"client is {client!r}: give a Client, an address or a Path to a file")
    else:
        with _quiet("distributed", "distributed.client"), _client_of(client) as own:
            yield own


def _client_of(scheduler):
    """Connect to the scheduler at an address, or to the one that wrote a file."""
    if isinstance(scheduler, Path):
        until = time.monotonic() + PATIENCE
        while not scheduler.is_file():
            if time.monotonic() > until:
                raise FileNotFoundError(
                    f"there is no scheduler file {scheduler}: start `dask scheduler "
                    f"--scheduler-file {scheduler}` first"
                )
            time.sleep(0.1)
        how = {"scheduler_file": str(scheduler)}
    else:
        how = {"address": scheduler}
    try:
        return Client(**how, timeout=PATIENCE / 2)
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise OSError(
            f"no Dask scheduler answers at {scheduler} ({reason}): start one with `dask scheduler` "
            "and give the address that it prints, such as tcp://127.0.0.1:8786"
        ) from error


@contextmanager
def _quiet(*names):
    """Keep Dask from logging pages about a lost connection: the error of the sweep says it."""
    before = {name: logging.getLogger(name).level for name in names}
    try:
        for name in names:
            logging.getLogger(name).setLevel(logging.CRITICAL)
        yield
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)
