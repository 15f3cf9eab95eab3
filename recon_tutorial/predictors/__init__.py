"""Predictors behind one contract: baselines first, then networks."""

from recon_tutorial.predictors.baselines import (
    Additive,
    KNNShift,
    MeanShift,
    NearestPerturbation,
    NoChange,
    Oracle,
    PerturbationMeanShift,
    Replicate,
    RidgeRegression,
    RidgeShift,
)
from recon_tutorial.predictors.mlp import MLPPerturbationPredictor

__all__ = [
    "Additive",
    "KNNShift",
    "MLPPerturbationPredictor",
    "MeanShift",
    "NearestPerturbation",
    "NoChange",
    "Oracle",
    "PerturbationMeanShift",
    "Replicate",
    "RidgeRegression",
    "RidgeShift",
]
