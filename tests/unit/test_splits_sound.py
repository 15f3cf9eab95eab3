"""What an audit must let pass: splits that look as if they leaked and do not."""

from dataclasses import replace

import numpy as np
import pytest

from recon_tutorial.screen import simulate_screen
from recon_tutorial.splits import hold_out_combinations, hold_out_perturbations

SIZES = {"cells_per_perturbation": 10, "embed_dim": 4, "cov_dim": 2, "n_genes": 5}


def renamed(screen, **new):
    screen.obs["perturbation"] = screen.obs["perturbation"].astype(str).replace(new)
    screen.uns["descriptors"] = screen.uns["descriptors"].rename(index=new)
    return screen


def where(screen, name):
    return (screen.obs["perturbation"].astype(str) == name).to_numpy(copy=True)


def half(mask):
    return mask & (np.cumsum(mask) % 2 == 0)


@pytest.fixture
def screen():
    """Two combinations, p0+p1 and p2+p3, and what holds p0+p1 inside."""
    new = {"p4": "p0+p1", "p5": "p2+p3", "p6": "p0+p1+p2"}
    return renamed(simulate_screen(n_perturbations=7, **SIZES), **new)


def test_a_trained_combination_may_lack_its_parts(screen):
    split = hold_out_combinations(screen, names=["p0+p1"])
    replace(split, train=split.train & ~where(screen, "p3")).audit(screen)


def test_the_parts_of_a_combination_may_be_all_that_is_trained_on():
    screen = renamed(simulate_screen(n_perturbations=3, **SIZES), p2="p0+p1")
    hold_out_combinations(screen).audit(screen)


def test_steps_may_see_cells_of_what_is_trained_on(screen):
    for split, name in (
        (hold_out_perturbations(screen, names=["p3"]), "p0"),
        (hold_out_combinations(screen, names=["p0+p1"]), "p0"),
    ):
        screen.uns["fitted_on"] = {"embedding": screen.obs_names[split.train]}
        replace(split, train=split.train & ~half(where(screen, name))).audit(screen)


def test_steps_may_not_see_what_holds_a_held_out_combination(screen):
    split = hold_out_combinations(screen, names=["p0+p1"])
    larger = screen.obs_names[where(screen, "p0+p1+p2")]
    screen.uns["fitted_on"] = {"decoder": larger}
    with pytest.raises(ValueError, match="decoder was fitted on 10 left-out cells"):
        split.audit(screen)
