"""Every predictor of ours keeps the contract; the unconditional baselines fail for that reason."""

import functools

import pytest

from recon_tutorial.predictors import (
    MeanShift,
    MLPPerturbationPredictor,
    NoChange,
    PerturbationMeanShift,
    RidgeShift,
)
from recon_tutorial.protocol import ContractError, PerturbationPredictor, check_predictor

CONDITIONAL = {
    "PerturbationMeanShift": PerturbationMeanShift,
    "RidgeShift": RidgeShift,
    "MLP": MLPPerturbationPredictor,
    "MLP on the shift": functools.partial(MLPPerturbationPredictor, predict="shift"),
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
