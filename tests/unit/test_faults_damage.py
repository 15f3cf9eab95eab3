"""Files that were cut short or came back as zeros: refused in one sentence, never read as whole."""

import json
import os
import shutil

import anndata
import h5py
import numpy as np
import pytest

from recon_tutorial.decoders import FrozenDecoder
from recon_tutorial.evaluation import load_results
from recon_tutorial.interop import Recorded
from recon_tutorial.running import collect
from recon_tutorial.streaming import open_pairs, write_pairs

from .fault_savers import NEW, SAVERS, screen
from .faults import in_the_middle_of_a_file

READERS = {  # what reads a file, and what the sentence about it says
    "d.safetensors": (lambda f: FrozenDecoder.load(f), "save the decoder again|no decoder of this"),
    "r.csv": (lambda f: load_results(f), "evaluate again"),
    "r.json": (lambda f: load_results(f.with_suffix(".csv")), "evaluate again"),
    "pairs/pairs.json": (lambda f: open_pairs(f.parent), "write them by write_pairs"),
    "pairs/ctrl.npy": (lambda f: open_pairs(f.parent), "write them by write_pairs"),
    "pairs/pert.npy": (lambda f: open_pairs(f.parent), "write them by write_pairs"),
    "pairs/cov.npy": (lambda f: open_pairs(f.parent), "write them by write_pairs"),
    "pairs/perturbation.npy": (lambda f: open_pairs(f.parent), "write them by write_pairs"),
    "sweep/sweep.json": (lambda f: collect(f.parent), "name another folder"),
    "sweep/a.json": (lambda f: collect(f.parent), "remove it and sweep again"),
    "sweep/b.failed.json": (lambda f: collect(f.parent), "remove it and sweep again"),
    "screen.h5ad": (lambda f: write_pairs(f, f.with_name("x"), how="random"), "write_h5ad"),
    "cells.h5ad": (lambda f: Recorded(f, screen()), "read it yourself and pass the AnnData"),
}
POINTS = {"a": {"n": 1}, "b": {"n": 2}}
MANIFEST = {"notebook": "c.ipynb", "code": "0", "points": POINTS, "versions": {}}


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """One file of each kind, all of them whole."""
    folder = tmp_path_factory.mktemp("whole")
    for save, _ in SAVERS.values():
        save(folder, NEW)
    (folder / "sweep").mkdir()
    for name, content in {
        "sweep.json": MANIFEST,
        "a.json": {"parameters": {"n": 1}, "numbers": {"x": 3}, "seconds": 1.0},
        "b.failed.json": {"parameters": {"n": 2}, "error": "it broke", "traceback": ""},
    }.items():
        (folder / "sweep" / name).write_text(json.dumps(content, indent=2) + "\n")
    screen().write_h5ad(folder / "screen.h5ad")
    cells = screen().copy()
    cells.X, cells.obs = None, cells.obs[["perturbation"]]
    cells.write_h5ad(folder / "cells.h5ad")
    return folder


@pytest.fixture
def folder(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "folder")


def cuts(size):
    """Lengths to cut a file to: the first ones, the last ones, and some between."""
    between = np.linspace(0, size - 1, 25).astype(int).tolist()
    return sorted({*range(min(20, size)), *between, *range(max(0, size - 20), size)})


@pytest.mark.parametrize("name", READERS)
def test_a_file_cut_at_any_length_is_refused(folder, name):
    read, words = READERS[name]
    file, whole = folder / name, (folder / name).read_bytes()
    for length in cuts(len(whole)):
        file.write_bytes(whole[:length])
        if whole[length:] == b"\n" and name.endswith(".json"):
            continue  # all but the end of the line: nothing is missing
        with pytest.raises(ValueError, match=words) as refused:
            read(file)
        assert "\n" not in str(refused.value), length


@pytest.mark.parametrize("name", READERS)
def test_a_file_that_came_back_as_zeros_is_refused(folder, name):
    """What a crash of the machine can leave of a file whose blocks never reached the disk."""
    read, words = READERS[name]
    size = (folder / name).stat().st_size
    for zeros in (size, size // 2):  # all of it, or the second half
        with open(folder / name, "r+b") as file:
            file.seek(size - zeros)
            file.write(bytes(zeros))
        if zeros < size and name in ("pairs/ctrl.npy", "pairs/pert.npy", "pairs/cov.npy"):
            continue  # numbers like others: pairs are too large to be hashed whenever opened
        with pytest.raises(ValueError, match=words) as refused:
            read(folder / name)
        assert "\n" not in str(refused.value)


OTHERS = ("[]", "{}", "null", "7", json.dumps(MANIFEST | {"points": []}))


@pytest.mark.parametrize("name", ["sweep/sweep.json", "sweep/a.json", "sweep/b.failed.json"])
@pytest.mark.parametrize("content", OTHERS)
def test_a_record_of_something_else_is_refused(folder, name, content):
    read, words = READERS[name]
    (folder / name).write_text(content)
    with pytest.raises(ValueError, match=words):
        read(folder / name)


def test_a_screen_with_a_damaged_block_is_refused(tmp_path):
    file = tmp_path / "screen.h5ad"
    screen().write_h5ad(file, compression="gzip")
    with h5py.File(file) as opened:
        block = opened["obsm/X_emb"].id.get_chunk_info(0)
    with open(file, "r+b") as damaged:
        damaged.seek(block.byte_offset)
        damaged.write(bytes(block.size))
    with pytest.raises(ValueError, match=r"cannot be read to its end .*: save the screen again"):
        write_pairs(file, tmp_path / "pairs", how="random")
    assert [path.name for path in tmp_path.iterdir()] == ["screen.h5ad"]


@pytest.mark.parametrize("name", ["screen.h5ad", "cells.h5ad"])
def test_predictions_whose_writer_was_killed_are_refused(folder, name):
    read, words = READERS[name]
    adata = anndata.read_h5ad(folder / name)
    (folder / name).unlink()
    in_the_middle_of_a_file(lambda: adata.write_h5ad(folder / name), 20_000)
    assert 0 < os.path.getsize(folder / name) <= 20_000
    with pytest.raises(ValueError, match=words) as refused:
        read(folder / name)
    assert "\n" not in str(refused.value)
