"""Scores of predicted cells, as pure functions of arrays, each with a card.

Array functions take the true cells first, then the predicted ones, then what else they need.
Score one perturbation at a time and average over perturbations: chapter 1 shows what pooling hides.
"""

from recon_tutorial.metrics.cards import MetricCard
from recon_tutorial.metrics.catalogue import HIGHER_IS_BETTER, METRICS
from recon_tutorial.metrics.change import (
    has_no_change,
    pearson_centroid,
    pearson_delta,
    r2_delta,
)
from recon_tutorial.metrics.distribution import energy_distance, variance_ratio
from recon_tutorial.metrics.expression import mse, mse_mean, r2
from recon_tutorial.metrics.genes import de_overlap, direction_accuracy
from recon_tutorial.metrics.kernel import mmd_rbf
from recon_tutorial.metrics.neighbours import knn_purity
from recon_tutorial.metrics.on_anndata import (
    metric_energy_distance,
    metric_knn_purity,
    metric_mse,
    metric_r2,
)
from recon_tutorial.metrics.ranking import discrimination

__all__ = [
    "HIGHER_IS_BETTER",
    "METRICS",
    "MetricCard",
    "de_overlap",
    "direction_accuracy",
    "discrimination",
    "energy_distance",
    "has_no_change",
    "knn_purity",
    "metric_energy_distance",
    "metric_knn_purity",
    "metric_mse",
    "metric_r2",
    "mmd_rbf",
    "mse",
    "mse_mean",
    "pearson_centroid",
    "pearson_delta",
    "r2",
    "r2_delta",
    "variance_ratio",
]
