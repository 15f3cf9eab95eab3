"""One way into every metric: float64 matrices with the same columns and nothing missing."""

from __future__ import annotations

import hashlib

import numpy as np

from recon_tutorial._numeric import finite, numbers

ROUNDING = 1e-6  # of a feature's size: float32 keeps about seven digits


def matrices(least_cells: int | dict[str, int] = 1, **named) -> list[np.ndarray]:
    """Turn each named argument into a finite float64 matrix, or say what is wrong with it."""
    if isinstance(least_cells, int):
        least_cells = dict.fromkeys(named, least_cells)
    checked = {name: _matrix(value, name, least_cells[name]) for name, value in named.items()}
    (first, reference), *others = checked.items()
    for name, matrix in others:
        if matrix.shape[1] != reference.shape[1]:
            raise ValueError(
                f"{first} has {reference.shape[1]} columns but {name} has {matrix.shape[1]}: "
                "compare cells in the same genes or the same embedding"
            )
    return list(checked.values())


def _matrix(value, name, least_cells):
    dense = numbers(value, name)
    if dense.ndim != 2:
        raise ValueError(f"{name} has {dense.ndim} dimension(s): pass a matrix of cells x features")
    if dense.shape[0] < least_cells or dense.shape[1] == 0:
        raise ValueError(
            f"{name} has {dense.shape[0]} cell(s) x {dense.shape[1]} feature(s) "
            f"but at least {least_cells} x 1 are needed: check the selection that made it"
        )
    return finite(dense.astype(np.float64, copy=False), name)  # no metric writes to it


def one_row(vector, name: str) -> np.ndarray:
    """Turn a mean vector into a matrix of one row, for `matrices` to check."""
    vector = numbers(vector, name)
    if vector.ndim != 1:
        raise ValueError(
            f"{name} has {vector.ndim} dimension(s): pass one mean vector, cells.mean(axis=0)"
        )
    return vector[None]


def mean_change(cells: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Difference of two means, feature by feature; what rounding can explain counts as zero."""
    change = cells.mean(axis=0) - reference.mean(axis=0)
    size = np.maximum(np.abs(cells).mean(axis=0), np.abs(reference).mean(axis=0))
    return np.where(np.abs(change) > ROUNDING * size, change, 0.0)


def centre_of(*samples: np.ndarray) -> np.ndarray:
    """Mean of the cells of all samples together, shape (d,)."""
    return sum(sample.sum(axis=0) for sample in samples) / sum(map(len, samples))


def by_content(cells: np.ndarray) -> np.ndarray:
    """Arbitrary order of the rows that follows from their values, not from where they stand."""
    with np.errstate(over="ignore"):
        rows = cells.astype(np.float32)  # one order at any precision
    return np.argsort(digests(rows), kind="stable")


def digests(cells: np.ndarray) -> np.ndarray:
    """One 64-bit number per row, the same for equal rows and for no others but by rare chance."""
    made = (hashlib.blake2b(row + 0.0, digest_size=8).digest() for row in cells)  # one zero
    return np.frombuffer(b"".join(made), dtype="<u8")
