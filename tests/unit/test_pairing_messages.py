"""What pairing says about a screen or a request that does not fit, word for word."""

import pytest

from recon_tutorial.pairing import make_pairs
from recon_tutorial.screen import simulate_screen

from .refusals import says

KNOBS = {"n_perturbations": 3, "cells_per_perturbation": 5, "embed_dim": 4, "n_genes": 5}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"how": "near"}, "how='near' is unknown: choose one of true, random, mean, ot"),
        (
            {"how": "true"},
            'obs["partner"] is missing, as in every real screen: '
            'use how="random", how="mean" or how="ot"',
        ),
        (
            {"how": "mean", "use_rep": None},
            "use_rep=None names no embedding: cells are paired in one",
        ),
        (
            {"how": "mean", "context_key": "donor"},
            "obs['donor'] is missing: name a column of obs, or leave it out",
        ),
    ],
)
def test_a_request_that_the_screen_does_not_fit(arguments, sentence):
    says(sentence, make_pairs, simulate_screen(**KNOBS), **arguments)


def test_partners_left_behind():
    screen = simulate_screen(**KNOBS, paired=True)
    sentence = (
        "2 perturbed cells have a partner outside this screen "
        "(first: 'cell1-control'): keep partners together when you split"
    )
    lost = screen.obs_names.isin(["cell1-control", "cell2-control"])
    says(sentence, make_pairs, screen[~lost], how="true")


def test_a_context_without_controls():
    screen = simulate_screen(**KNOBS, n_contexts=2)
    lost = (screen.obs["perturbation"] == "control") & (screen.obs["context"] == "context1")
    sentence = "context 'context1' has no control: drop it, or pair without context_key"
    says(sentence, make_pairs, screen[~lost.to_numpy()], how="random", context_key="context")
