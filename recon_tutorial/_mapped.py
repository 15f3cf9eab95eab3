"""Rows of memory-mapped arrays, read piece by piece so that no array is ever in memory whole."""

from __future__ import annotations

import functools
import mmap

import numpy as np

PIECE = 2**22  # bytes of float32 read at a time: 16,384 rows of 64 numbers


def is_mapped(*arrays) -> bool:
    """Whether any of the arrays is memory-mapped (`numpy.memmap`)."""
    return any(isinstance(x, np.memmap) for x in arrays)


def pieces(n_rows: int, width: int = 1) -> list[slice]:
    """Cut n rows of `width` numbers into runs of at most `PIECE` bytes; no rows make one run."""
    size = max(1, PIECE // (4 * max(1, width)))
    return [slice(i, min(i + size, n_rows)) for i in range(0, max(1, n_rows), size)]


def read(array, rows) -> np.ndarray:
    """Copy rows (a slice or positions) into memory as float32, and let go of the file's pages."""
    copy = np.array(array[rows], dtype=np.float32)
    release(array)
    return copy


def release(array) -> None:
    """Let go of the pages of a mapping that were read.

    They stay in the system's cache, but no longer count as memory of this process.
    A private copy-on-write mapping ("c") is left alone: there it would undo what was written.
    """
    if not isinstance(array, np.memmap) or array.mode == "c":
        return
    owner = array
    while isinstance(owner, np.ndarray):
        owner = owner.base
    if isinstance(owner, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):  # not on Windows
        owner.madvise(mmap.MADV_DONTNEED)


def in_pieces(predict):
    """Let a `predict` whose rows do not know of one another take memory-mapped rows in pieces."""

    @functools.wraps(predict)
    def predict_in_pieces(self, ctrl_emb, pert_cov):
        if not is_mapped(ctrl_emb, pert_cov):
            return predict(self, ctrl_emb, pert_cov)
        given = [x if is_mapped(x) else np.asarray(x) for x in (ctrl_emb, pert_cov)]
        if any(x.ndim != 2 for x in given) or len(given[0]) != len(given[1]):
            return predict(self, *given)  # which refuses them
        n_rows, answer = len(given[0]), None
        for rows in pieces(n_rows, given[0].shape[1] + given[1].shape[1]):
            part = predict(self, *(read(x, rows) for x in given))
            answer = np.empty((n_rows, part.shape[1]), np.float32) if answer is None else answer
            answer[rows] = part
        return answer

    return predict_in_pieces
