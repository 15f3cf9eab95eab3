"""Baselines that a predictor must beat and ceilings above it, each a few lines, one contract."""

from recon_tutorial.predictors.additive import Additive
from recon_tutorial.predictors.linear import RidgeRegression, RidgeShift
from recon_tutorial.predictors.neighbours import KNNShift, NearestPerturbation
from recon_tutorial.predictors.shifts import MeanShift, NoChange, PerturbationMeanShift
from recon_tutorial.predictors.truth import Oracle, Replicate

__all__ = [
    "Additive",
    "KNNShift",
    "MeanShift",
    "NearestPerturbation",
    "NoChange",
    "Oracle",
    "PerturbationMeanShift",
    "Replicate",
    "RidgeRegression",
    "RidgeShift",
]
