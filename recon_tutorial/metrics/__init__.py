"""Scores of predicted cells, as pure functions of arrays, each with a card.

Array functions take the true cells first, then the predicted ones, then the controls.
Score one perturbation at a time and average over perturbations: chapter 1 shows what pooling hides.
"""

from recon_tutorial.metrics.cards import HIGHER_IS_BETTER, METRICS, MetricCard
from recon_tutorial.metrics.distribution import energy_distance, knn_purity, variance_ratio
from recon_tutorial.metrics.expression import mse, r2
from recon_tutorial.metrics.on_anndata import (
    metric_energy_distance,
    metric_knn_purity,
    metric_mse,
    metric_r2,
)

__all__ = [
    "HIGHER_IS_BETTER",
    "METRICS",
    "MetricCard",
    "energy_distance",
    "knn_purity",
    "metric_energy_distance",
    "metric_knn_purity",
    "metric_mse",
    "metric_r2",
    "mse",
    "r2",
    "variance_ratio",
]
