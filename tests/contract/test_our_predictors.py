"""Every predictor of ours keeps the contract; unconditional ones and ceilings fail it for cause."""

import functools

import numpy as np
import pytest

from recon_tutorial.predictors import (
    Additive,
    FitOnce,
    FlowMatchingPredictor,
    KNNShift,
    MeanShift,
    MLPPerturbationPredictor,
    NearestPerturbation,
    NoChange,
    Oracle,
    PerturbationMeanShift,
    Replicate,
    RidgeRegression,
    RidgeShift,
    SetPredictor,
)
from recon_tutorial.protocol import ContractError, PerturbationPredictor, check_predictor


def fitted_once(embed_dim, cov_dim):
    return FitOnce(SetPredictor(embed_dim, cov_dim, n_hidden=32))


CONDITIONAL = {
    "PerturbationMeanShift": PerturbationMeanShift,
    "NearestPerturbation": NearestPerturbation,
    "KNNShift": KNNShift,
    "RidgeShift": RidgeShift,
    "RidgeRegression": RidgeRegression,
    "Additive": Additive,
    "MLP": MLPPerturbationPredictor,
    "MLP on the shift": functools.partial(MLPPerturbationPredictor, predict="shift"),
    "flow": FlowMatchingPredictor,
    "flow of given pairs": functools.partial(FlowMatchingPredictor, coupling="given", n_hidden=32),
    "sets": SetPredictor,
    "sets with attention": functools.partial(SetPredictor, attention=True, n_hidden=32),
    "sets on squared errors": functools.partial(SetPredictor, loss="mse", n_hidden=32),
    "sets, fitted once": fitted_once,
}


@pytest.mark.parametrize("name", CONDITIONAL)
@pytest.mark.parametrize("seed", [0, 1])
def test_keeps_the_contract(name, seed):
    check_predictor(CONDITIONAL[name], seed=seed)


@pytest.mark.parametrize("baseline", [NoChange, MeanShift])
def test_unconditional_baselines_fail_for_the_right_reason(baseline):
    assert isinstance(baseline(), PerturbationPredictor)
    with pytest.raises(ContractError, match=r"\[uses the descriptor\]"):
        check_predictor(baseline)


@pytest.mark.parametrize("ceiling", [Oracle, Replicate])
def test_ceilings_have_the_methods_but_must_be_given_the_truth(ceiling):
    with pytest.raises(ContractError, match=r"\[factory\] .*pert_emb"):
        check_predictor(ceiling)
    rng = np.random.default_rng(0)
    cells, descriptors = rng.normal(size=(20, 8)), rng.normal(size=(20, 4))
    assert isinstance(ceiling(cells, descriptors), PerturbationPredictor)
    # Other true cells than those of the checker's world: it looks descriptors up, and finds none.
    with pytest.raises(ContractError, match=r"\[predict\] .*descriptor without a true cell"):
        check_predictor(functools.partial(ceiling, cells, descriptors))
