"""The numbers of chapters 7 to 9 on the built pages are those the text speaks of."""

import os

import pytest

SHIFTS = ("perturbation mean shift", "ridge on the shift")
EXTRAS = {"cellflow": "CellFlow", "state": "STATE"}


def check_unpaired_worlds(per_seed, models):
    """Squared errors collapse, the models named keep the distribution; every world by itself."""
    distances = per_seed["energy_distance, unseen cells"]
    spreads = per_seed["variance_ratio, unseen cells"]
    assert len(distances) >= 3
    for world, distance in distances.items():
        spread = spreads[world]
        assert max(spread["ridge regression"], spread["set, MSE"]) < 0.2
        assert spread["MLP"] < 0.7
        for model in models:
            assert 0.8 <= spread[model] <= 1.2, (world, model)
            assert distance[model] <= distance["MLP"] / 2, (world, model)
        assert min(distance, key=distance.get) not in ("MLP", "set, MSE", "ridge regression")


def check_nothing_is_missing(page):
    """Where the build was to have both models, a page that left one out is a failure."""
    wanted = os.environ.get("RECON_TUTORIAL_EXTRAS", "cellflow state").split()
    assert set(page["missing"]) & {EXTRAS[name] for name in wanted} == set()


def test_chapter_7_collapse_is_in_the_loss(numbers):
    page = numbers("07_unpaired_cells")
    check_unpaired_worlds(page["per_seed"], ["set, energy"])
    assert set(page["purer"]) == {"ridge regression", "set, MSE", "MLP"}
    assert page["worth"]["loss"] > 3 * abs(page["worth"]["pairing"])
    assert page["two_by_two"]["ot, energy"]["energy_distance"] < 0.2
    for claim in ("unseen cells", "unseen perturbations"):
        for world in (0, 1, 2):  # and the page says that these win
            assert page["verdicts"][f"linear, {world}, {claim}"]["best"] in SHIFTS
    assert max(page["variance_ratio"]["bimodal"][m] for m in SHIFTS) < 0.85
    assert page["verdicts"]["bimodal, 0, unseen cells"]["gain"] > 0


def test_chapter_7_random_pairs_leave_the_conditional_mean(numbers):
    page = numbers("07_unpaired_cells")
    assert all(page["same_plan"].values())
    fits = page["conditional_mean"]
    assert fits["true"]["slope on the control"] == pytest.approx(1, abs=0.01)
    assert abs(fits["random"]["slope on the control"]) < 0.01
    assert fits["random"]["variance ratio"] == pytest.approx(page["accident"], rel=0.1)
    assert 0.05 < fits["ot"]["slope on the control"] < 0.95


def test_chapter_7_memorising_brings_the_variance_back(numbers):
    page = numbers("07_unpaired_cells")
    ages = sorted(page["memory"].items(), key=lambda entry: int(entry[0]))
    for growing in ("error on rows aside", "error against own answer", "variance ratio"):
        values = [row[growing] for _, row in ages]
        assert values == sorted(values), growing
    _, last = ages[-1]
    assert last["variance ratio"] > 0.7 and last["recalled"] > 0.9
    assert page["stopped_early"]["variance ratio"] < 0.15


def test_chapter_7_transport_finds_partners_in_many_dimensions_only(numbers):
    page = numbers("07_unpaired_cells")
    assert page["fading"]["linear, 64 dimensions, 0.1"] > 0.95
    assert page["fading"]["linear, 2 dimensions, 0.1"] < 0.6
    assert page["company"]["4"]["share found"] < 0.4
