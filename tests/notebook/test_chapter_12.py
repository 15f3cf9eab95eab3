"""Chapter 12 keeps its claims in another world, and what it derives is what it imports."""

import ast
import os
from functools import partial
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest

from recon_tutorial.embedding import fit_embedding
from recon_tutorial.interop import Recorded, pca_embedding
from recon_tutorial.pairing import make_pairs
from recon_tutorial.screen import simulate_screen
from recon_tutorial.splits import hold_out_perturbations

NAME = "12_bring_your_own"
ROOT = Path(__file__).parents[2]
OTHER = {"cells_per_perturbation": 30, "n_reader_cells": 1500, "seed": 7}
SAYS = {
    "raw counts in X": "whole numbers only, as raw counts do",
    "scaled expression in X": "as scaled expression does",
    "cells without a label": "obs['condition'] is empty for 40 cells",
    "controls under another name": "no cell is labelled 'control' in obs['condition'] (found ctrl)",
    "two names for controls": "holds 'control' beside control='ctrl'",
    "the control in every label": "name it after the perturbation alone, 'stim'",
    "two samples joined, both numbered from 0": "obs_names repeat ('0')",
    "a descriptor under another name": "no row for 1 of 1 perturbations (stim;",
    "words for a descriptor": "is not numeric ('interferon beta' for 'stim')",
    "NaN in the embedding": "obsm['X_pca'] as obsm['X_emb'] holds NaN or infinite values in 40",
    "an embedding of all cells": "embedding was fitted on 450 test cells",
    "other genes": "lack 1 genes of the screen (gene7) and have 1 others (TP53)",
}


@pytest.fixture
def nodes():
    """Return the statements of the chapter's code cells."""
    cells = nbformat.read(ROOT / "book" / f"{NAME}.ipynb", as_version=4).cells
    return [n for c in cells if c.cell_type == "code" for n in ast.parse(c.source).body]


@pytest.fixture
def derived(definition):
    """Return a function that gives the chapter's own definition of a name."""
    return partial(definition, NAME, np=np)


@pytest.fixture
def world():
    sizes = {"n_perturbations": 9, "cells_per_perturbation": 25, "embed_dim": 5, "cov_dim": 3}
    raw = simulate_screen(**sizes, n_genes=30, seed=3)
    split = hold_out_perturbations(raw, n=4, seed=3)
    return fit_embedding(raw, split.train, n_genes=30, embed_dim=4), split


def test_the_map_by_hand_is_that_of_the_package(derived, world):
    screen, split = world
    training_mean = np.asarray(screen[split.train].X.mean(axis=0)).ravel()
    by_hand = derived("embed_by_hand", screen=screen, training_mean=training_mean)
    genes = np.random.default_rng(0).gamma(1.0, size=(7, 30))
    np.testing.assert_allclose(by_hand(genes), pca_embedding(screen)(genes), atol=1e-4)
    np.testing.assert_allclose(by_hand(screen.X), screen.obsm["X_emb"], atol=1e-4)


def test_the_look_up_by_hand_deals_the_cells_of_the_package(derived, world):
    screen, split = world
    rows = make_pairs(screen[split.test], how="random")
    names, rng = np.unique(rows.perturbation), np.random.default_rng(1)
    cells = {name: rng.normal(size=(25, 4)).astype(np.float32) for name in names}
    models = derived("RecordedByHand")(cells, screen), Recorded(cells, screen)
    answers = [model.predict(rows.ctrl, rows.cov) for model in models]
    for name in names:
        dealt = [pd.DataFrame(a[rows.perturbation == name]) for a in answers]
        mine, theirs = (d.sort_values(list(d)).to_numpy() for d in dealt)
        np.testing.assert_array_equal(mine, theirs)
        np.testing.assert_array_equal(mine, pd.DataFrame(cells[name]).sort_values([0, 1, 2, 3]))


def test_the_tool_knows_nothing_of_this_package(nodes):
    (tool,) = [
        n.value.value
        for n in nodes
        if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == "tool"
    ]
    imported = {
        alias.name if isinstance(n, ast.Import) else n.module
        for n in ast.parse(tool).body
        if isinstance(n, ast.Import | ast.ImportFrom)
        for alias in n.names
    }
    assert imported == {"numpy", "pandas", "anndata", "scipy"}


def test_bring_your_own_in_another_world(run_chapter):
    result, notebook = run_chapter(NAME, **OTHER)
    numbers = result["numbers"]
    check_predictor_rows(numbers)
    assert set(numbers["says"]) == set(SAYS)
    for mistake, words in SAYS.items():
        assert words in numbers["says"][mistake], mistake
    check_elsewhere(numbers)
    check_agreement(numbers)
    texts = printed(notebook)
    assert "/tmp" not in texts and "Warning" not in texts


def printed(notebook):
    outputs = [o for c in notebook.cells for o in c.get("outputs", [])]
    return "".join(o.get("text", "") + o.get("data", {}).get("text/plain", "") for o in outputs)


def check_predictor_rows(numbers):
    """Each try breaks the next rule; mine beats averages, and a ridge it cannot be told from."""
    rules = ["inputs unchanged", "float64 and lists", "refuses mismatched shapes"]
    assert list(numbers["broken"].values()) == rules
    gains = numbers["gains"]
    assert gains["mean shift"][3] == gains["nearest perturbation"][3] == "better"
    assert abs(gains["ridge"][0]) < 0.3
    board = numbers["boards"]["mine"]["scaled"]
    assert board["mine"] > 0.7 and board["ridge"] > 0.7 > board["nearest perturbation"] > -0.3
    real = numbers["boards"]["real"]
    assert real["scaled"]["mine"] > 0.8 and real["scaled"]["no change"] < 0
    assert real["scaled"]["mine"] == pytest.approx(real["scaled"]["mean shift per type"], abs=0.1)
    spread = [v for name, v in real["variance_ratio"].items() if name != "replicate"]
    assert max(spread) - min(spread) < 1e-4


def check_elsewhere(numbers):
    """The form of predictions is no matter, the board is, and a cheat passes the ceiling."""
    boards = numbers["boards"]
    assert numbers["same_cells"] is True and numbers["gaps"]["embedding"] < 1e-4
    assert numbers["gaps"]["others"] == numbers["gaps"]["forms"] == numbers["gaps"]["trip"] == 0
    assert 0.6 < boards["with external"]["scaled"]["external"] < 1
    assert boards["with external"]["variance_ratio"]["external"] < 0.93
    genes = boards["genes"]
    assert genes["scaled"]["external"] > genes["scaled"]["mine"] + 0.05
    assert boards["with external"]["scaled"]["external"] < boards["mine"]["scaled"]["mine"]
    assert genes["variance_ratio"]["mine"] < 0.7 < genes["variance_ratio"]["external"]
    assert boards["cheat"]["scaled"]["tool that saw the test"] > 1.05


def check_agreement(numbers):
    """Hold ours and theirs together, for each of the two that is installed."""
    rows = {f"cell-eval, {m}" for m in ("pearson_delta", "mse", "discrimination_score_l2")}
    expected = set() if "cell-eval" in numbers["missing"] else rows
    expected |= set() if "pertpy" in numbers["missing"] else {"pertpy, edistance"}
    assert set(numbers["agreement"]) == expected
    for row in numbers["agreement"].values():
        assert row["largest difference"] < 1e-4 and row["ours"] > 0.01


def test_without_the_optional_packages_the_page_says_so_and_goes_on(
    run_chapter, tmp_path, monkeypatch
):
    for package in ("cell_eval", "pertpy"):
        absent = tmp_path / "hidden" / package / "__init__.py"
        absent.parent.mkdir(parents=True)
        absent.write_text('raise ImportError("hidden by a test")\n')
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path / "hidden"), str(ROOT)]))
    result, notebook = run_chapter(NAME, **OTHER)
    numbers = result["numbers"]
    assert set(numbers["missing"]) == {"cell-eval", "pertpy"}
    for name, message in numbers["missing"].items():
        assert message.startswith("hidden by a test; run `make interop`")
        assert f"{name} is left out of this page: {message}\n" in printed(notebook)
    assert numbers["agreement"] == {} and numbers["gaps"]["trip"] == 0
