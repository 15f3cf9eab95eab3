"""Pairs on disk: what is refused in one sentence, and that a folder is whole or not at all."""

import os

import anndata
import h5py
import numpy as np
import pytest
from scipy import sparse

from recon_tutorial import streaming
from recon_tutorial.pairing import make_pairs
from recon_tutorial.streaming import open_pairs, pairs, write_pairs

from .streamed_world import assert_same, saved, world

# What is refused, in one sentence.


@pytest.mark.parametrize(
    ("change", "knobs", "words"),
    [
        (None, {"how": "ot"}, "how='ot' is unknown on disk: .* true, random, mean, or make_pairs"),
        (None, {"chunk": 0}, "chunk=0 must be at least 1"),
        (None, {"use_rep": "X_umap"}, r"obsm\['X_umap'\] is missing \(found: X_emb\)"),
        (None, {"how": "true"}, r'obs\["partner"\] is missing'),
        (None, {"context_key": "donor"}, r"obs\['donor'\] is missing"),
        (None, {"cells": [True]}, r"cells has shape \(1,\) .* each of the 160 cells"),
        (None, {"cells": np.arange(160)}, "holds int64 values: pass one True or False"),
        (lambda s: s.obs.drop(columns="perturbation", inplace=True), {}, "perturbation.* missing"),
        (lambda s: s.uns.pop("descriptors"), {}, r'uns\["descriptors"\] is missing'),
        (lambda s: s.obsm["X_emb"].__setitem__((150, 1), np.nan), {}, "holds NaN or infinite"),
        (lambda s: s.obsm.__setitem__("X_emb", s.obsm["X_emb"] > 0), {}, "holds bool values"),
    ],
)
@pytest.mark.parametrize("kind", ["path", "in memory"])
def test_bad_requests_are_refused_and_leave_nothing(change, knobs, words, kind, tmp_path):
    screen = world()
    if change:
        change(screen)
    given = saved(tmp_path, screen) if kind == "path" else screen
    before = sorted(tmp_path.iterdir())
    with pytest.raises(ValueError, match=words):
        write_pairs(given, tmp_path / "pairs", **({"how": "random", "chunk": 60} | knobs))
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("change", "use_rep", "words"),
    [
        (lambda s: setattr(s, "X", sparse.csc_matrix(s.X)), "X", "X is stored as csc_matrix"),
        (lambda s: s.obsm.__setitem__("t", s.obs[[]].assign(a=1)), "t", r"\['t'\] is .* dataframe"),
        (lambda s: setattr(s, "X", None), "X", "X is missing"),
    ],
)
def test_what_has_no_rows_on_disk_is_refused(change, use_rep, words, tmp_path):
    screen = world()
    change(screen)
    with pytest.raises(ValueError, match=words):
        write_pairs(saved(tmp_path, screen), tmp_path / "pairs", how="random", use_rep=use_rep)


def test_a_screen_in_memory_without_expression_can_be_paired_by_its_embedding_alone(tmp_path):
    screen = world()
    due, screen.X = make_pairs(screen, how="random"), None
    assert_same(write_pairs(screen, tmp_path / "pairs", how="random"), due)
    with pytest.raises(ValueError, match="X is missing: store log-normalised expression"):
        write_pairs(screen, tmp_path / "other", how="random", use_rep="X")


def test_a_view_of_a_backed_screen_is_refused(tmp_path):
    backed = anndata.read_h5ad(saved(tmp_path, world()), backed="r")
    with pytest.raises(ValueError, match="pass the backed screen itself and the mask .* cells="):
        write_pairs(backed[:50], tmp_path / "pairs", how="random")


def test_what_is_no_screen_is_refused(tmp_path):
    with pytest.raises(ValueError, match="lost.h5ad is not a file: pass an AnnData or the path"):
        write_pairs(tmp_path / "lost.h5ad", tmp_path / "pairs", how="random")
    (tmp_path / "text.h5ad").write_text("cells")
    with pytest.raises(ValueError, match="text.h5ad is not an HDF5 file"):
        write_pairs(tmp_path / "text.h5ad", tmp_path / "pairs", how="random")
    h5py.File(tmp_path / "other.h5ad", "w").close()
    with pytest.raises(ValueError, match="other.h5ad holds no AnnData"):
        write_pairs(tmp_path / "other.h5ad", tmp_path / "pairs", how="random")


# Whole or not at all.


def test_an_existing_folder_is_left_alone(tmp_path):
    write_pairs(world(), tmp_path / "pairs", how="random")
    before = (tmp_path / "pairs" / "ctrl.npy").read_bytes()
    with pytest.raises(ValueError, match="pairs exists: name a new folder, or delete"):
        write_pairs(world(), tmp_path / "pairs", how="random", seed=1)
    assert (tmp_path / "pairs" / "ctrl.npy").read_bytes() == before


def test_of_two_writers_the_second_is_refused(tmp_path, monkeypatch):
    rename = os.rename

    def overtaken(draft, folder):
        monkeypatch.setattr(os, "rename", rename)
        write_pairs(world(), folder, how="random")
        rename(draft, folder)

    monkeypatch.setattr(os, "rename", overtaken)
    with pytest.raises(ValueError, match="was written by someone else meanwhile"):
        write_pairs(world(), tmp_path / "pairs", how="random", seed=1)
    assert [p.name for p in tmp_path.iterdir()] == ["pairs"]
    due = make_pairs(world(), how="random")
    assert_same(open_pairs(tmp_path / "pairs"), due)


def test_an_interrupted_writer_leaves_nothing(tmp_path, monkeypatch):
    def interrupt(*_):
        assert not (tmp_path / "pairs").exists() and len(list(tmp_path.iterdir())) == 1
        raise KeyboardInterrupt

    monkeypatch.setattr(pairs, "descriptors_of", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_pairs(world(), tmp_path / "pairs", how="random")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["pairs.json", "ctrl.npy", "cov.npy", "perturbation.npy"])
@pytest.mark.parametrize("damage", ["lost", "cut short"])
def test_a_folder_without_all_of_it_is_refused(name, damage, tmp_path):
    write_pairs(world(), tmp_path / "pairs", how="random")
    assert {p.name for p in (tmp_path / "pairs").iterdir()} == {
        *("pairs.json", "ctrl.npy", "pert.npy", "cov.npy", "perturbation.npy")
    }
    file = tmp_path / "pairs" / name
    content = file.read_bytes()
    file.unlink() if damage == "lost" else file.write_bytes(content[:-20])
    with pytest.raises(ValueError, match="holds no complete pairs .*: write them by write_pairs"):
        open_pairs(tmp_path / "pairs")


def test_files_that_do_not_belong_together_are_refused(tmp_path):
    write_pairs(world(), tmp_path / "a", how="random")
    write_pairs(world(), tmp_path / "b", how="random", cells=np.arange(160) > 9)
    os.replace(tmp_path / "b" / "cov.npy", tmp_path / "a" / "cov.npy")
    with pytest.raises(ValueError, match="files of unequal length"):
        open_pairs(tmp_path / "a")


def test_pairs_are_never_unpickled(tmp_path):
    write_pairs(world(), tmp_path / "pairs", how="random")
    np.save(tmp_path / "pairs" / "perturbation.npy", np.array(["p0"], object), allow_pickle=True)
    with pytest.raises(ValueError, match="allow_pickle=False"):
        open_pairs(tmp_path / "pairs")


def test_the_room_has_two_doors():
    assert streaming.__all__ == ["open_pairs", "write_pairs"]
