"""What every fit in this package needs of torch: one thread, a private seed, a device."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def fitting(seed: int | None = None) -> Iterator[None]:
    """One thread inside, the caller's threads and random state restored outside.

    Small networks lose time to thread switching: with two threads on a busy 2-core machine
    a fit takes several times longer than with one.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(enabled=seed is not None):
            if seed is not None:
                torch.manual_seed(seed)
            yield
    finally:
        torch.set_num_threads(threads)


def pick_device(device: str) -> torch.device:
    """The device named, or with "auto" a GPU when there is one."""
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        return torch.device(device)
    except RuntimeError as error:
        raise ValueError(f'device={device!r} is unknown: use "auto", "cpu" or "cuda"') from error
