"""Predictors behind one contract: baselines first, then networks."""

from recon_tutorial.predictors.baselines import (
    MeanShift,
    NoChange,
    PerturbationMeanShift,
    RidgeShift,
)
from recon_tutorial.predictors.mlp import MLPPerturbationPredictor

__all__ = [
    "MLPPerturbationPredictor",
    "MeanShift",
    "NoChange",
    "PerturbationMeanShift",
    "RidgeShift",
]
