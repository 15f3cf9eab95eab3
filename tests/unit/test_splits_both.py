"""Two claims about one fit: the splits of `split_both` in any simulated screen."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recon_tutorial.pairing import make_pairs
from recon_tutorial.screen import simulate_screen
from recon_tutorial.splits import hold_out_perturbations, split_both, split_cells

SIZES = {"cells_per_perturbation": 20, "embed_dim": 4, "cov_dim": 2, "n_genes": 5}
WORLDS = st.fixed_dictionaries(
    {
        "n_perturbations": st.integers(5, 9),
        "n_contexts": st.integers(1, 2),
        "combinations": st.integers(0, 3),
        "paired": st.booleans(),
        "seed": st.integers(0, 1000),
    }
)


def names(screen, mask):
    return set(screen.obs["perturbation"].astype(str)[mask]) - {"control"}


@settings(max_examples=40)
@given(world=WORLDS, n=st.integers(1, 2), n_validation=st.integers(0, 2), seed=st.integers(0, 99))
def test_two_claims_share_their_training_cells(world, n, n_validation, seed):
    screen = simulate_screen(**world, **SIZES)
    cells, perts = both = split_both(screen, n, n_validation=n_validation, seed=seed)
    assert [split.claim for split in both] == ["unseen cells", "unseen perturbations"]
    np.testing.assert_array_equal(cells.train, perts.train)
    for split in both:
        split.audit(screen)
        assert np.sum(list(split.parts().values()), axis=0).max() == 1
        assert (split.validation is None) == (n_validation == 0)
        if n_validation:
            split.for_validation().audit(screen)
        for mask in split.parts().values():
            check_controls(screen, mask)
    held = [perts.test] + [perts.validation] * (n_validation > 0)
    assert [len(names(screen, mask)) for mask in held] == [n, n_validation][: len(held)]
    seen = names(screen, perts.train)
    assert seen and not seen & set().union(*(names(screen, mask) for mask in held))
    for mask in cells.parts().values():
        assert names(screen, mask) == seen
    # Test and validation cells of one claim are in no part of the other.
    away = [m for name, m in cells.parts().items() if name != "train"]
    assert not (np.any(away, axis=0) & np.any(held, axis=0)).any()


def check_controls(screen, mask):
    """A part can be scored: partners are together, and each context has controls."""
    if "partner" in screen.obs:
        assert len(make_pairs(screen[mask], how="true").ctrl) == mask.sum() / 2
    context_key = "context" if "context" in screen.obs else None
    if context_key is None or "partner" not in screen.obs:
        make_pairs(screen[mask], how="random", context_key=context_key)


@settings(max_examples=30)
@given(
    seed=st.integers(0, 99),
    n_controls=st.integers(8, 30),
    n_validation=st.integers(0, 1),
    n_contexts=st.integers(1, 3),
)
def test_few_controls_are_divided_or_refused_but_never_lost(
    seed, n_controls, n_validation, n_contexts
):
    screen = simulate_screen(
        n_perturbations=4, n_controls=n_controls, n_contexts=n_contexts, seed=seed, **SIZES
    )
    try:
        both = split_both(screen, n_validation=n_validation, seed=seed)
    except ValueError as error:
        assert "measure more" in str(error)
        return
    for split in both:
        for mask in split.parts().values():
            check_controls(screen, mask)


@settings(max_examples=15)
@given(
    seed=st.integers(0, 99), paired=st.booleans(), fraction=st.sampled_from([0.1, 0.2, 0.3, 0.45])
)
def test_the_test_perturbations_do_not_depend_on_validation(seed, paired, fraction):
    screen = simulate_screen(n_perturbations=9, paired=paired, **SIZES)
    alone = hold_out_perturbations(screen, 2, control_fraction=fraction, seed=seed)
    for n_validation in (0, 1, 3):
        knobs = {"n_validation": n_validation, "fraction": fraction, "seed": seed}
        _, perts = split_both(screen, 2, **knobs)
        np.testing.assert_array_equal(perts.test, alone.test)
        due = hold_out_perturbations(
            screen, 2, n_validation=n_validation, control_fraction=fraction, seed=seed
        )
        np.testing.assert_array_equal(perts.test, due.test)
        np.testing.assert_array_equal(perts.validation, due.validation)
        assert not (perts.train & ~due.train).any()


@pytest.mark.parametrize("paired", [False, True])
@pytest.mark.parametrize(("n_validation", "fraction"), [(0, 0.2), (1, 0.2), (0, 0.5), (2, 0.4)])
def test_each_training_perturbation_gives_its_share(paired, n_validation, fraction):
    screen = simulate_screen(n_perturbations=8, paired=paired, **SIZES)
    cells, perts = split_both(screen, 1, n_validation=n_validation, fraction=fraction)
    label = screen.obs["perturbation"].astype(str).to_numpy()
    for name in names(screen, cells.train):
        mine = label == name
        assert cells.test[mine].sum() == 20 * fraction
        if n_validation:
            assert cells.validation[mine].sum() == 20 * fraction / 2
        assert np.any(list(cells.parts().values()), axis=0)[mine].all()
    if not paired:  # 100 controls: a share for the perturbations, then shares of what is left
        control = label == "control"
        held = [mask[control].sum() for mask in list(perts.parts().values())[1:]]
        assert held == [100 * fraction] * (1 + (n_validation > 0))
        left = 100 - sum(held)
        assert cells.test[control].sum() == round(left * fraction)
        if n_validation:
            assert cells.validation[control].sum() == round(left * fraction / 2)


@pytest.mark.parametrize("paired", [False, True])
def test_the_seed_decides(paired):
    screen = simulate_screen(n_perturbations=10, paired=paired, **SIZES)
    one, again, other = (split_both(screen, n_validation=1, seed=s) for s in (1, 1, 2))
    for first, second in zip(one, again):
        for a, b in zip(first.parts().values(), second.parts().values()):
            np.testing.assert_array_equal(a, b)
    assert not np.array_equal(one[0].test, other[0].test)
    assert names(screen, one[1].test) != names(screen, other[1].test)
    default, zero = split_both(screen), split_both(screen, 2, fraction=0.2, seed=0)
    for first, second in zip(default, zero):
        np.testing.assert_array_equal(first.test, second.test)


def test_the_seed_draws_the_cells_as_a_split_by_cells_would():
    screen = simulate_screen(n_perturbations=8, **SIZES)
    for seed in (0, 3):
        cells, _ = split_both(screen, 2, n_validation=1, seed=seed)
        rows = np.any(list(cells.parts().values()), axis=0)
        alone = split_cells(screen[rows], 0.2, seed, validation_fraction=0.1)
        for mask, due in zip(cells.parts().values(), alone.parts().values(), strict=True):
            np.testing.assert_array_equal(mask[rows], due)


def single_cell(screen, name):
    label = screen.obs["perturbation"]
    return screen[((label != name) | ((label == name).cumsum() == 1)).to_numpy()]


def test_the_errors_of_both_splitters_pass():
    screen = simulate_screen(n_perturbations=4, **SIZES)
    for arguments, words in (
        ({"n": 0}, "n=0 must be a whole number of 1 or more"),
        ({"n": 4}, "train holds no perturbed cell"),
        ({"n": 3, "n_validation": 2}, "3 to test and 2 to validate on are more than the 4"),
        ({"fraction": 0.0}, "fraction=0.0 .*must be above 0"),
        ({"fraction": 0.5, "n_validation": 1}, "fraction=0.5 for each of 2 held-out part"),
    ):
        with pytest.raises(ValueError, match=words):
            split_both(screen, **arguments)
    paired = simulate_screen(n_perturbations=4, paired=True, **SIZES)
    with pytest.raises(ValueError, match="test_fraction=1.0 must lie between 0 and 1"):
        split_both(paired, fraction=1.0)
    with pytest.raises(ValueError, match="validation_fraction=0.35 must be at least 0 and leave"):
        split_both(paired, fraction=0.7, n_validation=1)


def test_a_single_cell_must_be_held_out_with_its_perturbation_or_not_at_all():
    screen = simulate_screen(n_perturbations=4, **SIZES)
    (held,) = names(screen, split_both(screen)[1].test)
    few = single_cell(screen, held)
    _, perts = split_both(few)
    perts.audit(few)
    assert names(few, perts.test) == {held}
    kept = min(names(screen, slice(None)) - {held})
    with pytest.raises(ValueError, match=f"{kept} has a single cell"):
        split_both(single_cell(screen, kept))
