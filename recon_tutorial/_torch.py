"""What every fit in this package needs of torch: one thread, a private seed, a device."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from recon_tutorial._given import at_least


@contextmanager
def fitting(seed: int | None = None) -> Iterator[None]:
    """One thread inside, the caller's threads and random state restored outside.

    Small networks lose time to thread switching: with two threads on a busy 2-core machine
    a fit takes several times longer than with one.
    """
    if seed is not None:
        at_least(0, seed=seed)
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
        place = torch.device(device)
    except (RuntimeError, TypeError) as error:
        raise ValueError(f'device={device!r} is unknown: use "auto", "cpu" or "cuda"') from error
    if place.type == "cuda" and not torch.cuda.is_available():
        raise ValueError(
            f"device={device!r} needs a GPU but torch finds none here: "
            'pass device="auto" or "cpu", or install torch with CUDA'
        )
    return place
