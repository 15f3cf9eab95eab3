"""Chapter 8 keeps its claims in other worlds, and what it derives is what it imports."""

import os
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.optimize import linear_sum_assignment

from recon_tutorial.predictors import FlowMatchingPredictor
from recon_tutorial.predictors.flow import _match

NAME = "08_flow_matching"
SHORT = {
    "seeds": [5],
    "paired_seeds": [5],
    "bimodal_seeds": [5],
    "cells_per_perturbation": 120,
    "tried": [100, 300, 900],
    "epochs": 60,
    "set_iterations": 300,
    "cellflow_iterations": 300,
    "default_network": False,
    "seed": 11,
}
TINY = SHORT | {
    "n_perturbations": 20,
    "cells_per_perturbation": 60,
    "toy_iterations": 20,
    "tried": [5, 10],
    "epochs": 1,
    "set_iterations": 10,
    "cellflow_iterations": 10,
}
CELLS, UNSEEN = "held-out cells", "held-out perturbations"


@pytest.fixture
def derived(definition):
    """Return a function that gives the chapter's own definition of a name."""
    scope = {"np": np, "torch": torch, "linear_sum_assignment": linear_sum_assignment}
    return partial(definition, NAME, **scope)


@pytest.fixture
def sets():
    """Return three sets of 12 controls, as many cells far from them, and a descriptor each."""
    draw = torch.Generator().manual_seed(4)
    start, end = (torch.randn(3, 12, 5, generator=draw) for _ in range(2))
    return start, 3 + 2 * end, torch.randn(3, 1, 2, generator=draw)


def matched(match, start, end):
    return torch.stack([match(a, b) for a, b in zip(start, end, strict=True)])


def test_matching_is_that_of_the_predictor(derived, sets):
    start, end, _ = sets
    by_hand = matched(derived("match_by_hand"), start, end)
    assert torch.equal(_match(start, end), by_hand)
    assert not torch.equal(by_hand, end)
    lengths = (by_hand - start).square().sum()
    for shift in range(1, 12):  # no other pairing of each set is shorter, and these are some
        assert lengths < (end.roll(shift, dims=1) - start).square().sum()


@pytest.mark.parametrize("coupling", ["given", "ot"])
def test_path_and_velocity_are_those_of_the_loss(derived, sets, coupling):
    start, end, cov = sets
    seen = {}

    def field(x, t, cov):
        seen.update(x=x, t=t)
        return torch.full_like(x, 0.5)

    loss = FlowMatchingPredictor(5, 2, coupling=coupling)._loss(field, start, end, cov)
    if coupling == "ot":
        end = matched(derived("match_by_hand"), start, end)
    x, velocity = derived("path_by_hand")(start, end, seen["t"])
    torch.testing.assert_close(seen["x"], x)
    assert loss.item() == pytest.approx(((velocity - 0.5) ** 2).mean().item(), rel=1e-5)
    assert 0 <= seen["t"].min() < seen["t"].max() <= 1


@pytest.mark.parametrize("n_steps", [1, 6])
def test_midpoint_is_how_the_predictor_walks(derived, n_steps):
    rng = np.random.default_rng(3)
    ctrl, shift, cov = (rng.normal(size=(80, k)).astype(np.float32) for k in (4, 4, 2))
    model = FlowMatchingPredictor(4, 2, n_steps=n_steps)
    model.train(ctrl, ctrl + shift, cov, iterations=30)
    descriptors = torch.from_numpy(cov)
    states = derived("midpoint_by_hand")(
        lambda x, t: model.field(x, t, descriptors), torch.from_numpy(ctrl), n_steps
    )
    assert len(states) == n_steps + 1
    np.testing.assert_array_equal(states[0], ctrl)
    np.testing.assert_allclose(states[-1], model.predict(ctrl, cov), atol=1e-5)
    assert np.abs(states[-1].numpy() - ctrl).max() > 0.1


def test_midpoint_is_exact_where_the_velocity_grows_evenly(derived):
    states = derived("midpoint_by_hand")(lambda x, t: 2 * t + 0 * x, torch.ones(3, 2), 4)
    ends = [float(s[0, 0]) for s in states]
    assert ends == pytest.approx([1 + (k / 4) ** 2 for k in range(5)])


def test_effective_partners(derived):
    describe = derived("describe_plan")
    lengths = np.array([[0.0, 4.0, 4.0], [4.0, 1.0, 4.0], [4.0, 4.0, 2.0]])
    exact, even = describe(np.eye(3) / 3, lengths), describe(np.full((3, 3), 1 / 9), lengths)
    assert exact == pytest.approx({"partners": 1, "cost": 0})
    assert even == pytest.approx({"partners": 3, "cost": 1})


def test_flows_keep_the_crowd_in_other_worlds(run_chapter, needs):
    needs("cellflow")
    numbers = run_chapter(NAME, **SHORT)[0]["numbers"]
    assert numbers["missing"] == {}
    assert all(numbers["by_hand_equals_imported"].values())

    toy, steps, euler = numbers["toy"], numbers["steps"], numbers["euler"]
    assert toy["regression"]["variance ratio"] < 0.02
    assert toy["regression"]["energy distance"] > 1
    for pairs in ("random pairs", "OT pairs"):
        assert toy[pairs]["variance ratio"] == pytest.approx(1, abs=0.1)
        assert abs(toy[pairs]["energy distance"]) < 0.1
        for few, many in ((1, 2), (2, 5), (5, 20), (20, 100)):
            assert steps[f"{pairs}, {few}"] > 2 * steps[f"{pairs}, {many}"]
        assert steps[f"{pairs}, 20"] < 0.02
    assert toy["random pairs"]["straightness"] > 1.02 > 1.01 > toy["OT pairs"]["straightness"]
    assert steps["random pairs, 1"] > 3 * steps["OT pairs, 1"]
    assert euler["random pairs"] < 0.3 < 0.7 < euler["OT pairs"] < toy["OT pairs"]["variance ratio"]

    assert numbers["shortened"]["plane"] < numbers["shortened"]["screen"] - 0.05 < 0.95
    for score in numbers["coupling"].values():
        assert score["value"] < 0.3 and 0.8 < score["variance_ratio"] < 1.4
    softness = [numbers["epsilon"][e] for e in ("0.01", "0.1", "1.0", "10.0")]
    for harder, softer in pairwise(softness):
        assert harder["partners"] < softer["partners"] and harder["cost"] < softer["cost"]
    assert softness[0]["cost"] < 0.1 < 0.9 < softness[2]["cost"] <= softness[3]["cost"] < 1.001
    assert numbers["cost"]["weights"] > 50_000 and numbers["cost"]["in steps"] < 0.6
    assert "default weights" not in numbers["cost"]

    assert numbers["chosen"] == 300
    longest, chosen = numbers["spread"]["900 steps"], numbers["spread"]["300 steps"]
    assert longest["training controls"] < 1 < 1.4 < longest["new controls"]
    assert chosen["new controls"] < longest["new controls"] - 0.2
    check_leaderboard(numbers)


def check_leaderboard(numbers):
    """Who collapses, who does not, and who wins: the words of the page about its tables."""

    def column(kind, claim, score):
        rows = numbers[kind].items()
        return {name: row[f"{claim}, {score}"] for name, row in rows}

    for kind in ("linear worlds", "linear world 5"):
        spread = column(kind, CELLS, "variance ratio")
        distance = column(kind, CELLS, "energy distance")
        assert spread["ridge regression"] < 0.1 and spread["set, MSE"] < 0.3
        assert spread["MLP"] < 0.7
        for name in ("flow", "CellFlow"):
            assert 0.8 < spread[name] < 1.25
            assert distance[name] < 0.7 * distance["MLP"]
    distance = column("linear worlds", CELLS, "energy distance")
    unseen = column("linear worlds", UNSEEN, "energy distance")
    simple = min(distance["perturbation mean shift"], distance["ridge on the shift"])
    for name in ("flow", "CellFlow", "set, energy"):
        assert simple < distance[name] + 0.05
        assert unseen["ridge on the shift"] < unseen[name] / 2
    paired = column("linear, paired worlds", CELLS, "energy distance")
    assert abs(paired["ridge regression"]) < 0.1 < distance["ridge regression"]
    for name in ("flow", "CellFlow"):
        assert paired[name] < distance[name] + 0.05
    verdicts = numbers["bimodal_verdicts"]
    assert verdicts[f"flow, {CELLS}"]["verdict"] != "worse"
    for name in ("flow", "CellFlow"):
        assert verdicts[f"{name}, {UNSEEN}"]["baseline"] == "ridge on the shift"
        assert verdicts[f"{name}, {UNSEEN}"]["verdict"] == "worse"


def test_without_cellflow_the_page_says_so_and_goes_on(run_chapter, tmp_path, monkeypatch):
    absent = tmp_path / "absent" / "cellflow"
    absent.mkdir(parents=True)
    (absent / "__init__.py").write_text('raise ImportError("hidden by a test")\n')
    root = Path(__file__).parents[2]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(absent.parent), str(root)]))
    result, notebook = run_chapter(NAME, **TINY)
    message = result["numbers"]["missing"]["CellFlow"]
    assert "hidden by a test" in message and "make cellflow" in message
    printed = [o.get("text", "") for c in notebook.cells for o in c.get("outputs", [])]
    assert f"CellFlow is left out of this page: {message}\n" in printed
    for kind in ("linear", "linear, paired", "bimodal"):
        rows = result["numbers"][f"{kind} worlds"]
        assert "flow" in rows and "CellFlow" not in rows
    assert set(result["numbers"]["bimodal_verdicts"]) == {f"flow, {CELLS}", f"flow, {UNSEEN}"}


def test_the_default_network_is_large(run_chapter, needs):
    needs("cellflow")
    cost = run_chapter(NAME, **TINY | {"default_network": True})[0]["numbers"]["cost"]
    assert cost["default weights"] > 500 * cost["weights"]
    assert cost["default step"] > 10 * cost["step"]
    assert cost["default fit"] == pytest.approx(10 * cost["default step"])
