"""Pairs on disk: written chunk by chunk, whole or not at all, and read as memory maps."""

from __future__ import annotations

import io
import json
import os
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from anndata import AnnData

from recon_tutorial._given import a_path, at_least, is_whole
from recon_tutorial._mapped import pieces, read
from recon_tutorial._numeric import generator
from recon_tutorial._partners import contexts, descriptors_of, draw_controls, recorded_partners
from recon_tutorial._whole import draft_of, remove, writing
from recon_tutorial.pairing import Pairs
from recon_tutorial.streaming._source import opened
from recon_tutorial.validation import CONTROL

HOW = ("true", "random", "mean")
_MARKER = "pairs.json"


def write_pairs(
    screen: AnnData | str | os.PathLike,
    folder: str | os.PathLike,
    *,
    how: str,
    cells=None,
    context_key: str | None = None,
    use_rep: str = "X_emb",
    seed: int = 0,
    chunk: int | None = None,
) -> Pairs:
    """Pair every perturbed cell with a control, as `make_pairs` does, but on disk.

    The same cells get the same partners for the same seed, in the same order.
    In memory are the labels of all cells, and of embeddings one chunk.

    Parameters
    ----------
    screen : AnnData or path
        A screen, or the path of its .h5ad file. A backed AnnData leaves X on disk, but has read
        ``obsm`` into memory when it was opened: pass the path to leave that on disk too.
    folder : path
        A folder that does not exist yet; it appears when all is written.
    how : {"true", "random", "mean"}
        As in `make_pairs`. Its "ot" is missing: transport compares cells of the whole screen.
    cells : array of bool of shape (n_obs,), optional
        Which cells to use, such as ``split.train``; all by default.
    context_key : str, optional
        Column of ``obs``: pair within this context only. Ignored by "true".
    use_rep : str
        Key in ``obsm`` of the embedding, or "X" for expression itself, dense or sparse.
    seed : int
        Seed of "random".
    chunk : int, optional
        Cells read at a time; by default as many as fill 4 MiB.

    Returns
    -------
    Pairs
        What `open_pairs` reads from the folder.

    Raises
    ------
    ValueError
        If the screen is none, an argument is unknown, partners are missing, a context has no
        control, or the folder exists.
    OSError
        If there is no space or no right to write.

    Notes
    -----
    Everything is written to a hidden folder beside `folder` and renamed at the end: of an
    interrupted run nothing is left, and of two writers the second is refused. What a killed run
    left is removed by the next one an hour later.
    "mean" adds up in double precision, so it agrees with `make_pairs` to rounding.

    Derived in chapter 13.
    """
    if how not in HOW:
        raise ValueError(
            f"how={how!r} is unknown on disk: choose one of {', '.join(HOW)}, "
            "or make_pairs for cells that fit into memory"
        )
    at_least(0, seed=seed)
    if chunk is not None and (not is_whole(chunk) or chunk < 1):
        raise ValueError(f"chunk={chunk} must be at least 1: it counts cells")
    if not (context_key is None or isinstance(context_key, str)):
        raise ValueError(f"context_key={context_key!r} is no name: pass a column of obs")
    columns = dict.fromkeys(["perturbation", "context", "partner", context_key])
    columns.pop(None, None)
    with (
        _draft(Path(a_path(folder, "folder"))) as draft,
        opened(screen, cells=cells, use_rep=use_rep, columns=list(columns), chunk=chunk) as source,
    ):
        names = _write(source, draft, how, context_key, seed)
        record = {"perturbations": names, "how": how, "context_key": context_key}
        record |= {"use_rep": use_rep, "seed": int(seed)}
        (draft / _MARKER).write_text(json.dumps(record, indent=1) + "\n", encoding="utf8")
    return open_pairs(folder)


def open_pairs(folder: str | os.PathLike) -> Pairs:
    """Open what `write_pairs` wrote: arrays that stay on disk until rows of them are asked.

    Parameters
    ----------
    folder : path

    Returns
    -------
    Pairs
        ``ctrl``, ``pert`` and ``cov`` are read-only memory maps (``numpy.memmap``).

    Raises
    ------
    ValueError
        If the folder holds no pairs, or not all of them.

    Derived in chapter 13.
    """
    folder = Path(a_path(folder, "folder"))
    try:
        names = json.loads((folder / _MARKER).read_text(encoding="utf8"))["perturbations"]
        ctrl, pert, cov = (
            np.load(folder / f"{part}.npy", mmap_mode="r", allow_pickle=False)
            for part in ("ctrl", "pert", "cov")
        )
        code = np.load(folder / "perturbation.npy", allow_pickle=False)
        perturbation = np.array(names, dtype=object)[code]
    except (OSError, EOFError, ValueError, KeyError, IndexError, TypeError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(
            f"{folder} holds no complete pairs ({reason}): write them by write_pairs"
        ) from error
    if not ctrl.shape == pert.shape or not len(pert) == len(cov) == len(code):
        raise ValueError(f"{folder} holds files of unequal length: write them anew by write_pairs")
    return Pairs(ctrl, pert, cov, perturbation)


@contextmanager
def _draft(folder):
    """A hidden folder that becomes `folder` if all goes well, and else nothing."""
    if folder.exists():
        raise ValueError(f"{folder} exists: name a new folder, or delete this one first")
    draft = draft_of(folder)
    try:
        with writing(folder):
            draft.mkdir(parents=True)
            yield draft
            _place(draft, folder)
    finally:
        remove(draft)


def _place(draft, folder):
    try:
        os.rename(draft, folder)
    except OSError as error:
        if not folder.exists():
            raise
        raise ValueError(f"{folder} was written by someone else meanwhile") from error


def _write(source, draft, how, context_key, seed):
    """Write all arrays; return the names of the perturbations."""
    label = source.labels.obs["perturbation"].astype(str).to_numpy()
    rows = np.flatnonzero(label != CONTROL)
    names, code = np.unique(label[rows], return_inverse=True)
    codes = io.BytesIO()  # np.save into a file does not say that a disk is full
    np.save(codes, code.astype(np.int32))
    (draft / "perturbation.npy").write_bytes(codes.getvalue())
    if how == "mean":
        serves, served = _means(source.labels, label, rows, context_key)
    else:
        serves, served = _partners(source.labels, label, rows, how, context_key, seed)
    _write_cells(source, draft, label != CONTROL, serves, average=how == "mean")
    pool = np.load(draft / "pool.npy", mmap_mode="r", allow_pickle=False)
    widths = source.width, descriptors_of(source.labels, rows[:1]).shape[1]
    with (
        _npy(draft / "ctrl.npy", len(rows), widths[0]) as ctrl,
        _npy(draft / "cov.npy", len(rows), widths[1]) as cov,
    ):
        for part in pieces(len(rows), sum(widths)):
            ctrl(read(pool, served[part]))
            cov(descriptors_of(source.labels, rows[part]))
    (draft / "pool.npy").unlink()
    return names.tolist()


# Each cell serves a place in the pool of controls (-1: none), each row is served by one place.


def _means(labels, label, rows, context_key):
    serves, served = np.full(len(label), -1), np.empty(len(rows), dtype=int)
    for k, (mask, controls) in enumerate(contexts(labels, label, rows, context_key)):
        serves[controls] = served[mask] = k
    return serves, served


def _partners(labels, label, rows, how, context_key, seed):
    serves, partner = np.full(len(label), -1), np.empty(len(rows), dtype=int)
    if how == "true":
        partner[:] = recorded_partners(labels, rows)
    else:
        rng = generator(seed)
        for mask, controls in contexts(labels, label, rows, context_key):
            partner[mask] = draw_controls(controls, int(mask.sum()), rng)
    needed, served = np.unique(partner, return_inverse=True)
    serves[needed] = np.arange(len(needed))
    return serves, served


def _write_cells(source, draft, perturbed, serves, *, average):
    """Read all cells once: write the perturbed ones, and the pool of controls or of their means."""
    places = np.bincount(serves[serves >= 0])
    sums = np.zeros((len(places) if average else 0, source.width))
    with (
        _npy(draft / "pert.npy", int(perturbed.sum()), source.width) as pert,
        _npy(draft / "pool.npy", len(places), source.width) as pool,
    ):
        for start, cells in source.parts():
            here = slice(start, start + len(cells))
            pert(cells[perturbed[here]])
            place = serves[here]
            if average:
                np.add.at(sums, place[place >= 0], cells[place >= 0])
            else:
                pool(cells[place >= 0])
        if average:
            pool((sums / places[:, None]).astype(np.float32))


@contextmanager
def _npy(path, n_rows, width):
    """A function that appends float32 rows to a new .npy file of a shape known beforehand."""
    with path.open("wb") as file:
        header = {"descr": "<f4", "fortran_order": False, "shape": (n_rows, width)}
        np.lib.format.write_array_header_1_0(file, header)
        yield lambda rows: file.write(rows.tobytes())
