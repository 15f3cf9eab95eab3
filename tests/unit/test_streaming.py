"""Pairs on disk: the same rows and partners as in memory, from any kind of screen."""

import anndata
import numpy as np
import pytest
from scipy import sparse

from recon_tutorial.descriptors import one_hot
from recon_tutorial.pairing import make_pairs
from recon_tutorial.streaming import _source, open_pairs, pairs, write_pairs

from .streamed_world import assert_same, saved, world

# The same pairs as in memory.


@pytest.mark.parametrize("how", ["random", "mean", "true"])
@pytest.mark.parametrize("kind", ["path", "backed", "in memory"])
def test_pairs_on_disk_are_those_in_memory(how, kind, tmp_path):
    screen = world(paired=True, n_contexts=2)
    screen.uns["context_descriptors"] = one_hot(["context1", "context0"])
    knobs = {"how": how, "seed": 3, "context_key": "context"}
    path = saved(tmp_path, screen)
    given = {"path": str(path), "in memory": screen}.get(kind)
    if given is None:
        given = anndata.read_h5ad(path, backed="r")
    found = write_pairs(given, tmp_path / "pairs", **knobs)
    tolerance = {"rtol": 1e-5, "atol": 1e-6} if how == "mean" else {}
    assert_same(found, make_pairs(screen, **knobs), **tolerance)
    assert_same(open_pairs(tmp_path / "pairs"), found)


def test_the_seed_decides_who_is_paired(tmp_path):
    screen = world()
    one, two, other = (
        write_pairs(screen, tmp_path / name, how="random", seed=seed).ctrl
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("chunk", [1, 7, 19, 160, 1000])
@pytest.mark.parametrize("kind", ["path", "in memory"])
@pytest.mark.parametrize("how", ["random", "mean"])
def test_where_chunks_end_makes_no_difference(chunk, kind, how, tmp_path, monkeypatch):
    screen = world()
    monkeypatch.setattr(pairs, "pieces", lambda n, width: [slice(0, 7), slice(7, n)])
    given = saved(tmp_path, screen) if kind == "path" else screen
    found = write_pairs(given, tmp_path / "pairs", how=how, chunk=chunk)
    assert_same(found, make_pairs(screen, how=how), rtol=1e-5, atol=1e-6)


def test_chunks_are_as_long_as_asked_and_else_bounded(tmp_path, monkeypatch):
    read, dense = [], _source._dense
    monkeypatch.setattr(_source, "_dense", lambda x, rep: read.append(len(x)) or dense(x, rep))
    path = saved(tmp_path, world())  # 160 cells
    write_pairs(path, tmp_path / "a", how="random", chunk=60)
    assert read == [1, 60, 60, 40]  # the first one tells how wide all are
    read.clear()
    monkeypatch.setattr("recon_tutorial._mapped.PIECE", 4 * 4 * 100)  # bytes of 100 cells
    write_pairs(path, tmp_path / "b", how="random")
    assert read == [1, 100, 60]


@pytest.mark.parametrize("kind", ["path", "backed", "in memory", "view"])
@pytest.mark.parametrize("store", [np.asarray, sparse.csr_matrix])
def test_expression_can_be_the_embedding(kind, store, tmp_path):
    screen = world()
    screen.obsm["genes"] = screen.X = np.asarray(screen.X, dtype=np.float32)
    due = make_pairs(screen, how="random", use_rep="genes")
    screen.X = store(screen.X)
    path = saved(tmp_path, screen)
    backed = anndata.read_h5ad(path, backed="r")
    given = {"path": path, "backed": backed, "view": screen[:], "in memory": screen}[kind]
    found = write_pairs(given, tmp_path / "pairs", how="random", use_rep="X", chunk=50)
    assert_same(found, due)


def test_sparse_embeddings_are_read_too(tmp_path):
    screen = world()
    due = make_pairs(screen, how="random")
    screen.obsm["X_emb"] = sparse.csr_matrix(screen.obsm["X_emb"])
    assert_same(
        write_pairs(saved(tmp_path, screen), tmp_path / "pairs", how="random", chunk=50), due
    )


@pytest.mark.parametrize("kind", ["path", "backed", "in memory"])
@pytest.mark.parametrize("use_rep", ["X_emb", "X"])
def test_chosen_cells_alone_are_paired(kind, use_rep, tmp_path):
    screen = world()
    screen.obsm["X"] = screen.X = np.asarray(screen.X, dtype=np.float32)
    cells = np.random.default_rng(1).random(screen.n_obs) < 0.6
    cells[40:80] = False  # a whole chunk of none
    path = saved(tmp_path, screen)
    given = {"path": path, "in memory": screen}.get(kind)
    given = anndata.read_h5ad(path, backed="r") if given is None else given
    knobs = {"how": "random", "use_rep": use_rep}
    found = write_pairs(given, tmp_path / "pairs", cells=cells, chunk=40, **knobs)
    assert_same(found, make_pairs(screen[cells].copy(), **knobs))
