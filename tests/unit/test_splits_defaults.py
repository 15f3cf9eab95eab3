"""What every split promises: its defaults, no need of an embedding, any names and shares."""

from functools import partial

import numpy as np
import pytest

from recon_tutorial.screen import simulate_screen
from recon_tutorial.splits import (
    hold_out_combinations,
    hold_out_context,
    hold_out_perturbations,
    split_both,
    split_cells,
)

SIZES = {"cells_per_perturbation": 20, "embed_dim": 4, "cov_dim": 2, "n_genes": 5}
SPLITTERS = {
    "cells": split_cells,
    "context": partial(hold_out_context, context="context0"),
    "perturbations": hold_out_perturbations,
    "combinations": hold_out_combinations,
    "both": split_both,
}
DEFAULTS = {
    "cells": {"test_fraction": 0.2, "seed": 0, "validation_fraction": 0.0},
    "context": {"seed": 0},
    "perturbations": {"n": 2, "n_validation": 0, "control_fraction": 0.2, "seed": 0},
    "combinations": {"n": 1, "n_validation": 0, "control_fraction": 0.2, "seed": 0},
    "both": {"n": 2, "n_validation": 0, "fraction": 0.2, "seed": 0},
}


@pytest.fixture(scope="module")
def screen():
    return simulate_screen(n_perturbations=10, n_contexts=2, combinations=7, **SIZES)


def masks(split):
    """Every mask of a split, or of the two that `split_both` returns."""
    both = split if isinstance(split, tuple) else (split,)
    return [mask for one in both for mask in (*one.parts().values(), one.reference)]


def same(one, other):
    pairs = list(zip(masks(one), masks(other), strict=True))
    return all((a is None and b is None) or np.array_equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("name", SPLITTERS)
def test_the_defaults_are_those_that_are_documented(screen, name):
    split = SPLITTERS[name]
    assert same(split(screen), split(screen, **DEFAULTS[name]))
    assert not same(split(screen), split(screen, seed=1))


@pytest.mark.parametrize("name", SPLITTERS)
def test_the_embedding_need_not_exist_yet(screen, name):
    bare = screen.copy()
    del bare.obsm["X_emb"]
    assert same(SPLITTERS[name](bare), SPLITTERS[name](screen))


@pytest.mark.parametrize("name", SPLITTERS)
def test_only_a_screen_is_split(screen, name):
    bare = screen.copy()
    del bare.uns["descriptors"]
    with pytest.raises(ValueError, match=r'uns\["descriptors"\] is missing'):
        SPLITTERS[name](bare)


def test_three_names_are_all_of_three():
    screen = simulate_screen(n_perturbations=3, **SIZES)
    with pytest.raises(ValueError, match=r"screen are p0, p1, p2: name"):
        hold_out_perturbations(screen, names=["q"])


def test_names_of_contexts_are_taken_whole():
    screen = simulate_screen(n_perturbations=3, n_contexts=2, **SIZES)
    names = {"context0": "CD4+ T", "context1": "CD8+ T"}
    screen.obs["context"] = screen.obs["context"].astype(str).replace(names).astype("category")
    hold_out_context(screen, "CD8+ T").audit(screen)  # "T" is no part that both have


def test_controls_are_left_to_train_on_however_large_the_share():
    screen = simulate_screen(n_perturbations=4, n_controls=10, **SIZES)
    split = hold_out_perturbations(screen, n_validation=1, control_fraction=0.49)
    control = (screen.obs["perturbation"] == "control").to_numpy()
    assert [mask[control].sum() for mask in split.parts().values()] == [2, 4, 4]
