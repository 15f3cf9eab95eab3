"""Chapter 10 keeps its claims on other cells, and its own functions do what they say."""

import os
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from recon_tutorial.predictors import RidgeShift

NAME = "10_real_interferon"
TYPES = ["CD14 monocytes", "CD8 T", "B"]
SHORT = {"max_cells": 150, "n_genes": 800, "embed_dim": 30, "held_out": TYPES, "seed": 4}
TINY = SHORT | {
    "max_cells": 60,
    "n_genes": 400,
    "embed_dim": 20,
    "held_out": TYPES[:2],
    "decoder_epochs": 2,
    "epochs": 2,
    "effort": 0.01,
}
ANTIVIRAL = ["ISG15", "IFI6", "IFIT1", "MX1", "ISG20"]


@pytest.fixture
def derived(definition):
    """Return a function that gives the chapter's own definition of a name."""
    return partial(definition, NAME, np=np, pd=pd)


@pytest.fixture
def means():
    """Return mean expression of 30 genes in the columns of the chapter's table."""
    columns = ["measured", "control", "decoded truth", "decoded control", "flow"]
    return pd.DataFrame(np.random.default_rng(3).normal(size=(30, 5)), columns=columns)


def test_the_error_of_the_means_is_floor_and_shift_and_their_product(derived, means):
    parts = derived("split_of_means")(means, "flow")
    total = ((means["flow"] - means["measured"]) ** 2).mean()
    assert parts["total"] == pytest.approx(total)
    assert parts["floor"] + parts["shift"] + parts["cross"] == pytest.approx(total)
    assert parts["floor"] == pytest.approx(
        ((means["decoded truth"] - means["measured"]) ** 2).mean()
    )
    perfect = derived("split_of_means")(means, "decoded truth")
    assert perfect["shift"] == 0 and perfect["total"] == perfect["floor"]


def test_changes_are_taken_from_the_control_of_the_same_kind(derived, means):
    changes = derived("changes")(means)
    assert set(changes) == {"decoded truth", "flow", "measured"}
    np.testing.assert_allclose(changes["measured"], means["measured"] - means["control"])
    np.testing.assert_allclose(changes["flow"], means["flow"] - means["decoded control"])


def test_what_is_missed_is_0_for_the_truth_and_1_for_no_change(derived, means):
    table = derived("changes")(means).assign(**{"no change": 0.0})
    genes = [3, 7, 8]
    known = {"moves": {"B": table}, "measured_moves": pd.DataFrame({"B": table["measured"]})}
    missed = derived("missed", **known)
    assert missed(genes, "no change") == pytest.approx(1)
    assert missed(genes, "measured") == 0
    off = (table["flow"] - table["measured"]).abs()[genes].sum()
    assert missed(genes, "flow") == pytest.approx(off / table["measured"].abs()[genes].sum())


def test_a_blind_predictor_sees_the_treatment_only(derived):
    rng = np.random.default_rng(0)
    ctrl, pert, types = (rng.normal(size=(40, k)).astype(np.float32) for k in (4, 4, 3))
    cov = np.hstack([np.repeat([[1.0], [2.0]], 20, axis=0), types]).astype(np.float32)
    other = np.hstack([cov[:, :1], types[::-1]])
    blind, seeing = derived("Blind")(RidgeShift()), RidgeShift()
    blind.train(ctrl, pert, cov)
    seeing.train(ctrl, pert, cov)
    np.testing.assert_array_equal(blind.predict(ctrl, cov), blind.predict(ctrl, other))
    assert not np.allclose(seeing.predict(ctrl, cov), seeing.predict(ctrl, other))
    assert not np.allclose(blind.predict(ctrl, cov), blind.predict(ctrl, 2 * cov))


@pytest.mark.index
def test_other_cells_tell_the_same_story(run_chapter, needs):
    needs("cellflow")
    needs("state")
    numbers = run_chapter(NAME, **SHORT)[0]["numbers"]
    assert numbers["missing"] == {}
    check_seen_types(numbers)
    check_unseen_types(numbers)
    check_genes(numbers)


def check_seen_types(numbers):
    """Regressions collapse; models of sets and shifts per type do not."""
    spread = numbers["variance_ratio"]
    energy = {n: row["energy_distance, embedding"] for n, row in numbers["scaled"].items()}
    for name in ("ridge regression", "MLP", "MLP on the shift"):
        assert spread[name] < 0.5 < energy["mean shift per type"]
        assert energy[name] < energy["mean shift per type"] - 0.15
    for name in ("flow", "set, energy", "CellFlow", "STATE"):
        assert 0.6 < spread[name] < 1.5 and energy[name] > 0.4


def check_unseen_types(numbers):
    """Every type has a floor and a ceiling; reading the control beats one shift for all."""
    board, table = numbers["unseen_board"], numbers["unseen"]
    assert set(table) == set(TYPES)
    for row in table.values():
        assert row["floor"] == min(row["no change"], row["mean shift"]) > 1
        assert abs(row["ceiling"]) < 0.3
    for name in ("flow", "CellFlow", "set, energy", "ridge on the shift"):
        assert 0.2 < board[name]["scaled"] < 1
    for name in ("MLP on the shift", "ridge regression", "no change"):
        assert board[name]["scaled"] < 0
    assert board["flow"]["scaled"] > board["flow + descriptor"]["scaled"] + 0.1
    assert all(v["verdict"].startswith("fewer than 8") for v in numbers["verdicts"].values())
    assert numbers["leader"] in {"flow", "CellFlow", "set, energy"}
    for space in ("decoded_truth", "measured_truth"):
        assert numbers[space]["flow"]["scaled"] > 0.1
    lost = {
        name: row["value"] - numbers["measured_truth"][name]["value"]
        for name, row in numbers["decoded_truth"].items()
    }
    assert min(lost, key=lost.get) == "replicate"
    for row in numbers["errors"].values():
        parts = row["floor"] + row["shift"] + row["cross"]
        assert row["total"] == pytest.approx(parts) and row["floor"] > 0
    floors = numbers["floors"].values()
    assert sum(row["type unseen"] for row in floors) > sum(row["type seen"] for row in floors)


def check_genes(numbers):
    """A mean shift gets the antiviral genes right, and not those of one lineage."""
    recovery, missed = numbers["recovery"], numbers["missed"]
    assert recovery["mean shift"]["right sign"] == 1
    assert 0.6 < recovery["mean shift"]["median share"] < 1.4
    assert recovery["mean shift"]["recall"] < recovery["replicate"]["recall"] - 0.1
    everywhere, lineage = "rise everywhere", "differ between types"
    assert missed["mean shift"][lineage] > missed["mean shift"][everywhere] + 0.2
    for name in ("flow", "CellFlow"):
        assert missed[name][lineage] < missed["mean shift"][lineage] - 0.05
    assert len(numbers["lineage"]) == 10 and not set(ANTIVIRAL) & set(numbers["lineage"][:3])
    responses = numbers["responses"]
    assert all(responses[kind][gene] > 1 for kind in TYPES for gene in ANTIVIRAL)
    assert all(numbers["directions"][name] > 0.7 for name in numbers["directions"])


@pytest.mark.index
def test_without_the_optional_models_the_page_says_so_and_goes_on(
    run_chapter, tmp_path, monkeypatch
):
    for package in ("cellflow", "state"):
        absent = tmp_path / "absent" / package
        absent.mkdir(parents=True)
        (absent / "__init__.py").write_text('raise ImportError("hidden by a test")\n')
    root = Path(__file__).parents[2]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path / "absent"), str(root)]))
    result, notebook = run_chapter(NAME, **TINY)
    numbers = result["numbers"]
    assert set(numbers["missing"]) == {"CellFlow", "STATE"}
    printed = "".join(o.get("text", "") for c in notebook.cells for o in c.get("outputs", []))
    for name, message in numbers["missing"].items():
        assert "hidden by a test" in message and f"make {name.lower()}" in message
        assert f"{name} is left out of this page: {message}\n" in printed
        assert name not in numbers["scaled"] and name not in numbers["unseen_board"]
    assert {"flow", "nearest type"} <= set(numbers["unseen_board"])
    assert numbers["n_cells"] == 13_999
