"""What `check_predictor` says of each kind of fault, word for word."""

import re

import pytest

from recon_tutorial.protocol import RULES, ContractError, check_predictor

from .broken_predictors import BROKEN
from .sound_predictors import Good, Sized

OTHER_ORDER = "asked in another order, rows moved by"
SAME_ANSWER = "two descriptors gave the same prediction for the same controls"
SQUARED_ERROR = "on the mean of held-out cells its squared error is"

FINDINGS = {
    "same object": "two calls of the factory returned the same object",
    "cannot start": "the factory raised OSError (no weights here)",
    "predict is text": "PredictIsText has no method predict",
    "train fails": "train raised OSError (a)",
    "predict fails": "predict raised KeyError ('a')",
    "train writes x": "train changed ctrl_emb",
    "train writes z": "train changed pert_emb",
    "train writes d": "train changed pert_cov",
    "writes x": "predict changed ctrl_emb",
    "grows a list": "predict changed pert_cov",
    "integers": "predict returned int32, not float32",
    "list": "predict returned a list, not a numpy array",
    "narrow": "predict returned shape (360, 7) where (360, 8) was due",
    "one NaN": "predict returned numbers that are NaN or infinite",
    "drifts": "two calls of predict in a row differ by up to 0.1",
    "squeezes": "predict returned shape (8,) where (1, 8) was due",
    "many rows only": "predict raised IndexError (n)",
    "predict, no lists": "predict raised AttributeError (a)",
    "predict, no double": "predict raised TypeError (a)",
    "lists differ": "predictions from float32 arrays and nested lists differ by up to 1",
    "double differs": "predictions from float32 arrays and float64 arrays differ by up to 1",
    "learns other": "predictors trained on float32 arrays and on float64 and lists differ by up to "
    "2.8",
    "sorts": f"{OTHER_ORDER} 2.2 (cells treated alike are 2 apart)",
    "scrambles means": f"{OTHER_ORDER} 1.6 (cells treated alike are 1.4 apart)",
    "first descriptor": f"{OTHER_ORDER} 0.96 (cells treated alike are 1.4 apart)",
    "no change": f"{SAME_ANSWER} (largest difference 0)",
    "unknown fails": "predict raised KeyError ('a')",
    "unknown is dropped": "predict returned shape (30, 8) where (60, 8) was due",
    "an epsilon": f"{SQUARED_ERROR} 1 times that of predicting no change",
    "opposite": f"{SQUARED_ERROR} 4 times that of predicting no change",
    "few perturbed": "given pert_emb one row short, train took it",
    "few descriptors": "given pert_cov one row short, train took it",
    "thin perturbed": "given pert_emb one column short, train took it",
    "cuts wide cells": "given ctrl_emb one column too wide, predict took it",
    "stretches one column": "given ctrl_emb of one column, predict took it",
    "cuts wide descriptors": "given pert_cov one column too wide, predict took it",
    "as many as descriptors": "given pert_cov one row short, predict took it",
    "repeats a descriptor": "given one row of pert_cov for many cells, predict took it",
    "refuses otherwise": "given ctrl_emb one column too wide, predict raised RuntimeError "
    "(mat1 and mat2 shapes cannot be multiplied)",
    "untrained": "predict answered before train was called",
}


@pytest.mark.parametrize("name", FINDINGS)
def test_a_finding_in_full(name):
    rule, _, factory = BROKEN[name]
    with pytest.raises(ContractError) as caught:
        check_predictor(factory)
    assert str(caught.value) == f"[{rule}] {FINDINGS[name]}: {RULES[rule]}"


def test_a_finding_about_weights_that_nobody_can_foresee():
    rule, _, factory = BROKEN["new weights"]
    with pytest.raises(ContractError) as caught:
        check_predictor(factory)
    seen = r"predictors trained twice on the same cells differ by up to \d\.?\d*"
    assert re.fullmatch(rf"\[{rule}\] {seen}: {RULES[rule]}", str(caught.value))


def test_every_rule_has_a_finding():
    named = [*FINDINGS, "new weights"]
    assert {BROKEN[name][0] for name in named} == set(RULES)


@pytest.mark.parametrize(
    ("embed_dim", "cov_dim"), [(1, 1), (2, 0), (1, 0), (8.0, 4), (8, 4.0), (2.5, 1.5)]
)
def test_a_world_too_small(embed_dim, cov_dim):
    with pytest.raises(ValueError) as caught:
        check_predictor(Good, embed_dim=embed_dim, cov_dim=cov_dim)
    sizes = f"embed_dim={embed_dim} and cov_dim={cov_dim}"
    assert str(caught.value) == f"{sizes} make no world: ask for at least 2 and 1"


def test_a_seed_that_is_none():
    with pytest.raises(ValueError, match=r"^seed=-1 must be at least 0$"):
        check_predictor(Good, seed=-1)


@pytest.mark.parametrize("factory", [Sized(8, 4), 3])
def test_no_factory(factory):
    with pytest.raises(TypeError) as caught:
        check_predictor(factory)
    kind = type(factory).__name__
    assert str(caught.value) == f"factory is a {kind} object: {RULES['factory']}"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("see FIX.", "see FIX"),
        ("one. two", "one"),
        ("a\n  b", "a b"),
        (".env is missing", ".env is missing"),
    ],
)
def test_what_a_predictor_says_is_cut_to_one_sentence_on_one_line(said, shown):
    def fails():
        raise OSError(said)

    with pytest.raises(ContractError) as caught:
        check_predictor(fails)
    assert str(caught.value).startswith(f"[factory] the factory raised OSError ({shown}): ")
