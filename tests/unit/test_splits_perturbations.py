"""Splits that hold out whole perturbations: what must be true of them in any simulated screen."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recon_tutorial.pairing import make_pairs
from recon_tutorial.screen import simulate_screen
from recon_tutorial.splits import hold_out_combinations, hold_out_perturbations

SIZES = {"cells_per_perturbation": 20, "embed_dim": 4, "cov_dim": 2, "n_genes": 5}
WORLDS = st.fixed_dictionaries(
    {
        "n_perturbations": st.integers(5, 9),
        "n_contexts": st.integers(1, 2),
        "combinations": st.integers(0, 6),
        "paired": st.booleans(),
        "effect": st.sampled_from(["linear", "nonlinear", "state_dependent", "bimodal"]),
        "systematic": st.sampled_from([0.0, 1.0]),
        "seed": st.integers(0, 1000),
    }
)


def names(screen, mask):
    return set(screen.obs["perturbation"].astype(str)[mask]) - {"control"}


def check_parts(screen, split):
    """Sound, disjoint, partners together; return the cells that are in no part."""
    split.audit(screen)
    count = np.sum(list(split.parts().values()), axis=0)
    assert count.max() == 1
    if split.validation is not None:
        split.for_validation().audit(screen)
    if "partner" in screen.obs:
        for mask in split.parts().values():
            assert len(make_pairs(screen[mask], how="true").ctrl) == mask.sum() / 2
    return count == 0


@settings(max_examples=40)
@given(world=WORLDS, n=st.integers(1, 2), n_validation=st.integers(0, 2), seed=st.integers(0, 99))
def test_held_out_perturbations_are_unseen(world, n, n_validation, seed):
    screen = simulate_screen(**world, **SIZES)
    split = hold_out_perturbations(screen, n, n_validation=n_validation, seed=seed)
    assert split.claim == "unseen perturbations"
    left_out = check_parts(screen, split)
    test = names(screen, split.test)
    validation = set() if split.validation is None else names(screen, split.validation)
    assert (len(test), len(validation)) == (n, n_validation)
    held = test | validation
    assert not any("+" in name for name in held)
    every = names(screen, slice(None))
    touched = {name for name in every - held if held & set(name.split("+"))}
    assert names(screen, left_out) == touched
    assert names(screen, split.train) == every - held - touched
    if not world["paired"]:
        assert not (left_out & (screen.obs["perturbation"] == "control").to_numpy()).any()


@settings(max_examples=40)
@given(world=WORLDS, n=st.integers(1, 2), n_validation=st.integers(0, 1), seed=st.integers(0, 99))
def test_held_out_combinations_are_unseen_and_their_parts_are_seen(world, n, n_validation, seed):
    screen = simulate_screen(**(world | {"combinations": world["combinations"] + 3}), **SIZES)
    split = hold_out_combinations(screen, n, n_validation=n_validation, seed=seed)
    assert split.claim == "unseen combinations"
    assert not check_parts(screen, split).any()  # doubles contain no other combination
    test = names(screen, split.test)
    validation = set() if split.validation is None else names(screen, split.validation)
    assert (len(test), len(validation)) == (n, n_validation)
    assert all("+" in name for name in test | validation)
    assert names(screen, split.train) == names(screen, slice(None)) - test - validation


@pytest.mark.parametrize("hold_out", [hold_out_perturbations, hold_out_combinations])
@pytest.mark.parametrize("paired", [False, True])
def test_the_seed_decides_and_validation_leaves_the_test_part_alone(hold_out, paired):
    screen = simulate_screen(n_perturbations=8, combinations=8, paired=paired, **SIZES)
    one, again, other = (hold_out(screen, seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(one.train, again.train)
    np.testing.assert_array_equal(one.test, again.test)
    assert names(screen, one.test) != names(screen, other.test)
    np.testing.assert_array_equal(one.test, hold_out(screen, n_validation=1, seed=1).test)


def test_the_order_of_the_cells_does_not_choose_the_perturbations():
    screen = simulate_screen(n_perturbations=12, **SIZES)
    turned = screen[::-1].copy()
    chosen = (names(s, hold_out_perturbations(s, seed=4).test) for s in (screen, turned))
    assert next(chosen) == next(chosen)


@pytest.mark.parametrize(("n_perturbations", "due"), [(2, 1), (9, 1), (10, 2), (24, 4)])
def test_a_fifth_is_held_out_unless_told_otherwise(n_perturbations, due):
    screen = simulate_screen(n_perturbations=n_perturbations, **SIZES)
    assert len(names(screen, hold_out_perturbations(screen).test)) == due


@pytest.mark.parametrize(("fraction", "n_validation"), [(0.2, 0), (0.2, 1), (0.4, 1), (0.01, 1)])
def test_controls_are_divided_within_each_context(fraction, n_validation):
    screen = simulate_screen(n_perturbations=5, n_contexts=2, **SIZES)
    split = hold_out_perturbations(screen, n_validation=n_validation, control_fraction=fraction)
    control = screen.obs["perturbation"] == "control"
    for context in ("context0", "context1"):
        here = (control & (screen.obs["context"] == context)).to_numpy()
        due = max(1, round(fraction * here.sum()))
        held = [mask[here].sum() for name, mask in split.parts().items() if name != "train"]
        assert held == [due] * (1 + n_validation)
        assert split.train[here].sum() == here.sum() - sum(held)


def test_the_seed_draws_the_controls():
    screen = simulate_screen(n_perturbations=5, **SIZES)
    control = (screen.obs["perturbation"] == "control").to_numpy()
    one, other = (hold_out_perturbations(screen, names=["p1"], seed=s).test for s in (1, 2))
    assert not np.array_equal(one[control], other[control])


def test_named_perturbations_are_held_out():
    screen = simulate_screen(n_perturbations=6, combinations=5, **SIZES)
    split = hold_out_perturbations(screen, names=["p1", "p4"], n_validation=2)
    split.audit(screen)
    assert names(screen, split.test) == {"p1", "p4"}
    assert len(names(screen, split.validation)) == 2
    assert names(screen, hold_out_perturbations(screen, names="p1").test) == {"p1"}


def test_a_named_combination_takes_its_parts_out_of_training():
    screen = simulate_screen(n_perturbations=6, combinations=5, **SIZES)
    double = next(name for name in sorted(names(screen, slice(None))) if "+" in name)
    split = hold_out_perturbations(screen, names=[double], n_validation=1)
    split.audit(screen)
    seen = {part for name in names(screen, split.train) for part in name.split("+")}
    assert names(screen, split.test) == {double}
    assert not seen & set(double.split("+"))
    assert not names(screen, split.validation) & set(double.split("+"))


def renamed(screen, **new):
    screen.obs["perturbation"] = screen.obs["perturbation"].astype(str).replace(new)
    screen.uns["descriptors"] = screen.uns["descriptors"].rename(index=new)
    return screen


def test_larger_and_turned_combinations_leave_training():
    screen = simulate_screen(n_perturbations=8, **SIZES)
    screen = renamed(screen, p4="p0+p1", p5="p1 + p0", p6="p0+p1+p2", p7="p0+p2")
    for seed in range(5):
        split = hold_out_combinations(screen, names=["p0+p1"], n_validation=1, seed=seed)
        split.audit(screen)
        assert names(screen, split.validation) == {"p0+p2"}  # the others would give p0+p1 away
        assert names(screen, split.train) == {"p0", "p1", "p2", "p3"}


def test_a_plus_sign_alone_makes_no_combination():
    screen = renamed(simulate_screen(n_perturbations=3, **SIZES), p0="NAD+", p1="NAD")
    split = hold_out_perturbations(screen, names=["NAD+"])
    split.audit(screen)
    assert names(screen, split.train) == {"NAD", "p2"}


def test_a_screen_of_combinations_only_can_be_split():
    screen = renamed(simulate_screen(n_perturbations=3, **SIZES), p0="a+b", p1="a+c", p2="d+e")
    split = hold_out_perturbations(screen, names=["a+b"])
    split.audit(screen)
    assert names(screen, split.train) == {"d+e"}
    assert names(screen, hold_out_perturbations(screen, seed=1).test) < {"a+b", "a+c", "d+e"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"n": 1, "names": ["p0"]}, "n and names are both given"),
        ({"names": ["p7", "p0", "q"]}, "names has p7, q, but the perturbations .* p0, p1, p2"),
        ({"names": ["control"]}, "names has control, but"),
        ({"names": []}, "names has no name"),
        ({"n": 0}, "n=0 must be a whole number of 1 or more"),
        ({"n": 0.5}, "n=0.5 must be a whole number"),
        ({"n_validation": -1}, "n_validation=-1 must be a whole number of 0 or more"),
        ({"n": 5}, "5 to test and 0 to validate on are more than the 4"),
        ({"n_validation": 4}, "1 to test and 4 to validate on are more than the 4"),
        ({"n": 4}, "train holds no perturbed cell: hold out more or fewer"),
        ({"control_fraction": 0}, "control_fraction=0 for each of 1 held-out part"),
        ({"control_fraction": 0.5, "n_validation": 1}, "fraction=0.5 for each of 2 held-out"),
    ],
)
def test_bad_requests_are_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        hold_out_perturbations(simulate_screen(n_perturbations=4, **SIZES), **arguments)


def test_too_few_controls_to_divide():
    screen = simulate_screen(n_perturbations=4, n_controls=2, **SIZES)
    hold_out_perturbations(screen).audit(screen)
    with pytest.raises(ValueError, match="2 control.s. cannot be divided into 3 parts"):
        hold_out_perturbations(screen, n_validation=1)


def test_combinations_that_cannot_be_held_out_are_refused():
    screen = simulate_screen(n_perturbations=4, **SIZES)
    with pytest.raises(ValueError, match='no combination "a.b" of perturbations that it also'):
        hold_out_combinations(screen)
    screen = renamed(screen, p2="p0+p1", p3="p0+q")
    assert names(screen, hold_out_combinations(screen).test) == {"p0+p1"}
    for wrong in ("p0", "p0+q"):
        with pytest.raises(ValueError, match="the combinations of measured parts are p0.p1: name"):
            hold_out_combinations(screen, names=[wrong])
