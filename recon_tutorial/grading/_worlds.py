"""The hidden worlds: easy for a ridge, hard for it, and impossible to guess."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from anndata import AnnData

from recon_tutorial._given import is_whole
from recon_tutorial.screen import simulate_screen
from recon_tutorial.splits import Split, hold_out_perturbations

SIZES = {"n_perturbations": 48, "cells_per_perturbation": 100, "n_genes": 1}
DIMS = {"embed_dim": 32, "cov_dim": 16}
N_UNSEEN = 12
MIN_BITS = 64


class World(NamedTuple):
    """One hidden world: what is measured, what is held out, and the seed of its scoring."""

    name: str
    screen: AnnData
    split: Split
    seed: int


def hidden_world(effect: str, seed: int) -> World:
    """Simulate the hidden world of an effect.

    Each generator has a seed of 128 bits of its own, hashed from `seed`: what is seen of one world
    tells nothing of another, nor of the rows of its split.

    Parameters
    ----------
    effect : str
        One of `EFFECTS`, see `simulate_screen`.
    seed : int
        The secret of this grading, at least 64 bits.
    """
    draw = derived_seed
    screen = simulate_screen(effect=effect, seed=draw(seed, effect, "screen"), **SIZES, **DIMS)
    split = hold_out_perturbations(screen, n=N_UNSEEN, seed=draw(seed, effect, "split"))
    return World(effect, screen, split, draw(seed, effect, "scores"))


def derived_seed(seed: int, *purpose: str) -> int:
    """Hash 128 bits for one purpose from the secret of this grading."""
    if not is_whole(seed):
        raise ValueError(f"seed={seed!r} must be a whole number of {MIN_BITS} bits or more")
    if int(seed).bit_length() < MIN_BITS:
        raise ValueError(
            f"the seed has {seed.bit_length()} bits, so few that a submission could try them all: "
            "give a random number of 20 digits or more"
        )
    words = "/".join([str(seed), *purpose])
    return int.from_bytes(hashlib.sha256(words.encode()).digest()[:16], "big")
