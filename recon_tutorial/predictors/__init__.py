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
from recon_tutorial.predictors.cellflow import CellFlowPredictor
from recon_tutorial.predictors.fit_once import FitOnce
from recon_tutorial.predictors.flow import FlowMatchingPredictor
from recon_tutorial.predictors.mlp import MLPPerturbationPredictor
from recon_tutorial.predictors.sets import SetPredictor, energy_loss
from recon_tutorial.predictors.state import StatePredictor

__all__ = [
    "Additive",
    "CellFlowPredictor",
    "FitOnce",
    "FlowMatchingPredictor",
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
    "SetPredictor",
    "StatePredictor",
    "energy_loss",
]
