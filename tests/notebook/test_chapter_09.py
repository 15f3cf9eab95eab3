"""Chapter 9 keeps its claims in other worlds, and what it derives is what it imports."""

import os
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from recon_tutorial import metrics
from recon_tutorial.predictors import energy_loss
from recon_tutorial.predictors.sets import _SetNetwork

NAME = "09_sets_of_cells"
SHORT = {
    "seeds": [5],
    "paired_seeds": [5],
    "bimodal_seed": 5,
    "set_sizes": [2, 32],
    "skip_linear": ["set, energy + attention"],
    "skip_bimodal": ["ridge regression", "MLP", "set, MSE", "CellFlow"],
    "effort": 0.7,
    "seed": 11,
}
TINY = SHORT | {
    "cells_per_perturbation": 80,
    "decoder_epochs": 2,
    "effort": 0.02,
    "free_steps": 20,
    "skip_paired": ["MLP", "set, energy + attention"],
    "skip_bimodal": [],
}
CELLS, UNSEEN = "unseen cells", "unseen perturbations"
SIMPLE = ("perturbation mean shift", "ridge on the shift")


@pytest.fixture
def derived(definition):
    """Return a function that gives the chapter's own definition of a name."""
    return partial(definition, NAME, np=np, torch=torch, nn=nn)


@pytest.fixture
def sets():
    """Return predicted and true sets, three of 14 cells in 5 dimensions."""
    rng = np.random.default_rng(4)
    return [torch.from_numpy(rng.normal(m, s, (3, 14, 5))) for m, s in ((0.0, 1.0), (0.7, 2.0))]


def test_the_loss_is_that_of_the_package_and_the_score_of_one_set(derived, sets):
    by_hand = derived("energy_loss_by_hand")
    assert by_hand(*sets).item() == pytest.approx(energy_loss(*sets).item(), rel=1e-9)
    predicted, true = sets[0][:1], sets[1][:1, :9]  # sets of unequal size
    score = metrics.energy_distance(true[0].numpy(), predicted[0].numpy())
    assert by_hand(predicted, true).item() == pytest.approx(score, rel=1e-9)


def test_without_the_push_a_repeated_cell_is_cheaper(derived, sets):
    by_hand, true = derived("energy_loss_by_hand"), sets[1]
    point = true.mean(dim=1, keepdim=True).expand_as(true)
    assert by_hand(point, true, 0.0) < by_hand(true, true, 0.0)
    assert by_hand(point, true) > 0.5 > by_hand(true, true)


def test_pull_and_push_are_the_gradient(derived, sets):
    predicted, true = sets[0][:1].clone().requires_grad_(), sets[1][:1]
    energy_loss(predicted, true).backward()
    pull, push = derived("pull_and_push_by_hand")(predicted[0].detach(), true[0])
    torch.testing.assert_close(pull + push, predicted.grad[0])
    assert push.norm() > 0.01
    torch.testing.assert_close(push.sum(dim=0), torch.zeros(5, dtype=torch.float64))


def test_the_pull_does_not_fade_with_distance(derived):
    cells = torch.zeros(2, 3, dtype=torch.float64)
    for far in (1.0, 1000.0):
        true = torch.tensor([[far, 0.0, 0.0]], dtype=torch.float64)
        pull, push = derived("pull_and_push_by_hand")(cells, true)
        torch.testing.assert_close(pull, torch.tensor([[-1.0, 0, 0]] * 2, dtype=torch.float64))
        assert not push.any()  # two cells in one place do not know where to flee


def test_attention_is_that_of_torch(derived):
    rng = np.random.default_rng(7)
    q, k, v = (torch.from_numpy(rng.normal(size=s)) * 3 for s in ((6, 4), (8, 4), (8, 3)))
    library = nn.functional.scaled_dot_product_attention(q[None], k[None], v[None])[0]
    torch.testing.assert_close(derived("attention_by_hand")(q, k, v), library)


def test_the_network_is_that_of_the_package(derived):
    torch.manual_seed(2)
    tested = _SetNetwork(6, 3, 20, attention=False)
    mine = derived("ShiftNetworkByHand")(6, 3, 20)
    for ours, theirs in zip(mine.parameters(), tested.parameters(), strict=True):
        ours.data.copy_(theirs)
    ctrl, cov = torch.randn(4, 9, 6), torch.randn(4, 1, 3)
    torch.testing.assert_close(mine(ctrl, cov), tested(ctrl, cov))


@pytest.fixture
def outside(needs):
    """Go on if both packages import; else fail where they were promised, and skip elsewhere."""
    needs("cellflow")
    needs("state")


def test_sets_of_cells_in_other_worlds(run_chapter, outside):
    numbers = run_chapter(NAME, **SHORT)[0]["numbers"]
    assert numbers["missing"] == {}
    assert all(numbers["equal"].values()) and len(numbers["equal"]) == 7
    check_toys(numbers)
    check_decoder(numbers["gene_scores"])
    assert numbers["decoder_unchanged"] is True
    assert numbers["set_size"] == 32
    assert numbers["tried"]["sets of 2"] > 1.2 * numbers["tried"]["sets of 32"]
    check_linear(numbers)
    check_bimodal(numbers)


def check_toys(numbers):
    """Free points, the small world, attention and company."""
    free = numbers["free_points"]
    assert free["energy distance"]["with the push"] < 0
    assert free["energy distance"]["without the push"] > 0.5
    assert free["variance ratio"]["with the push"] == pytest.approx(1, abs=0.15)
    assert free["variance ratio"]["without the push"] < 1e-4
    assert free["mean to median"]["without the push"] < 0.01

    distance, spread = numbers["small"]["value"], numbers["small"]["variance_ratio"]
    for name in ("by hand", "set, energy", "set, energy + attention"):
        assert distance[name] < 0.16 and 0.8 < spread[name] < 1.2
    assert distance["set, MSE"] > distance["no change"] and spread["set, MSE"] < 0.2
    assert abs(numbers["attention_gain"]["gain"]) < 0.1

    company, groups = numbers["company"], numbers["regrouped"]
    assert company["set, energy"]["company"] < 1e-6
    for name in ("set, energy + attention", "STATE"):
        assert company[name]["order"] < 1e-4 and company[name]["company"] > 0.005
        assert groups["across sets"][name] > groups["in its sets"][name] + 0.005
    plain = groups["across sets"]["set, energy"] - groups["in its sets"]["set, energy"]
    assert abs(plain) < 0.02
    weights = numbers["weights"]
    assert weights["set, energy"] < weights["set, energy + attention"] < weights["STATE"]


def check_decoder(scores):
    """Genes gain much from their own loss, the embedding does not, and cells become too wide."""
    first, last, truth = "STATE, weight 0", "STATE, weight 10", "decoded true cells"
    genes, latent = scores["energy_distance | measured"], scores["energy_distance | embedding"]
    assert genes[last] < 0.8 * genes[first] and latent[last] > 0.75 * latent[first]
    assert genes[truth] > 0.1
    wide, of_genes = scores["variance_ratio | embedding"], scores["variance_ratio | measured"]
    assert wide[last] > wide[first] + 0.1
    assert of_genes[first] < of_genes[truth] < of_genes[last]


def check_linear(numbers):
    """The spread is kept, the mean-shift baselines are not beaten, partners mend the error."""
    assert numbers["failed"] == [] and all(numbers["checks"]["5"].values())
    scores, paired = numbers["per_world"]["linear 5"], numbers["per_world"]["paired 5"]
    for name in ("set, energy", "flow", "CellFlow", "STATE"):
        assert scores[f"{CELLS} | energy_distance"][name] < 0.5
        assert scores[f"{UNSEEN} | energy_distance"][name] > 1
    assert scores[f"{UNSEEN} | energy_distance"]["ridge on the shift"] < 0.8
    assert "set, energy + attention" not in scores[f"{CELLS} | energy_distance"]
    for claim in (CELLS, UNSEEN):
        assert not numbers["linear_outcomes"][claim].get("better")
        assert paired[f"{claim} | energy_distance"]["ridge regression"] < 0.05
    assert paired[f"{CELLS} | variance_ratio"]["set, MSE"] > 0.9
    average = "perturbation mean shift"
    better, worse = (w[f"{CELLS} | energy_distance"][average] for w in (paired, scores))
    assert better < worse - 0.03


def check_bimodal(numbers):
    """The shape wins on held-out cells, the place on held-out perturbations."""
    scores, gains = numbers["per_world"]["bimodal 5"], numbers["bimodal_gains"]
    for name in SIMPLE:
        assert scores[f"{CELLS} | variance_ratio"][name] < 0.85
    for name in ("STATE", "set, energy + attention"):
        assert gains[CELLS]["low"][name] > 0
        assert 0.8 < scores[f"{CELLS} | variance_ratio"][name] < 1.2
    assert gains[CELLS]["intervals apart"]["STATE"]
    for name in ("set, energy", "set, energy + attention", "flow"):
        assert gains[UNSEEN]["high"][name] < 0
    assert gains[UNSEEN]["low"]["STATE"] < 0.05
    groups = numbers["bimodal_apart"]
    one_by_one = {n: groups["across sets"][n] - v for n, v in groups["in its sets"].items()}
    assert abs(one_by_one["perturbation mean shift"]) < 0.01 > abs(one_by_one["set, energy"])
    assert one_by_one["STATE"] > 0.04 and one_by_one["set, energy + attention"] > 0.01


def test_without_the_optional_packages_the_page_says_so_and_goes_on(
    run_chapter, tmp_path, monkeypatch
):
    for package in ("cellflow", "state"):
        absent = tmp_path / "hidden" / package / "__init__.py"
        absent.parent.mkdir(parents=True)
        absent.write_text('raise ImportError("hidden by a test")\n')
    root = Path(__file__).parents[2]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path / "hidden"), str(root)]))
    result, notebook = run_chapter(NAME, **TINY)
    numbers = result["numbers"]
    assert set(numbers["missing"]) == {"CellFlow", "STATE"}
    printed = "".join(o.get("text", "") for c in notebook.cells for o in c.get("outputs", []))
    for name, message in numbers["missing"].items():
        assert "hidden by a test" in message and f"make {name.lower()}" in message
        assert f"{name} is left out of this page: {message}\n" in printed
    assert len(numbers["per_world"]) == 3
    for scores in numbers["per_world"].values():
        rows = scores[f"{CELLS} | energy_distance"]
        assert "flow" in rows and not {"CellFlow", "STATE"} & set(rows)
    assert set(numbers["weights"]) == {"set, energy", "set, energy + attention"}
    assert "decoded true cells" in numbers["gene_scores"]["energy_distance | measured"]
