"""Predictors that fool metrics, and the table that shows which metric each of them fools."""

from recon_tutorial.adversaries.flawed import (
    Collapsed,
    Inflated,
    Overshoot,
    RandomCells,
    Swapped,
    adversaries,
)
from recon_tutorial.adversaries.matrix import fooling_matrix

__all__ = [
    "Collapsed",
    "Inflated",
    "Overshoot",
    "RandomCells",
    "Swapped",
    "adversaries",
    "fooling_matrix",
]
