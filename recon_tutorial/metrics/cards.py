"""A card for each metric: what a reader must know before reading its value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class MetricCard:
    """What a metric measures and how to read it.

    ``card.function(*[arrays[name] for name in card.needs])`` computes any metric.

    Attributes
    ----------
    name : str
        Name of the array function.
    function : callable
        Called with the arrays of `needs`, in that order; returns a float, or an array of one
        float per perturbation where `needs_several` holds.
    needs : tuple of str
        Cells of one perturbation, "true", "pred" and "ctrl" of shape (n, d); "centroid" of shape
        (d,), the mean of the training perturbations; or means of several perturbations,
        "true_means" and "pred_means" of shape (n_perturbations, d).
    formula : str
        The definition, in words or symbols.
    range : tuple of float
        Smallest and largest possible value.
    best : float
        Value of a perfect prediction.
    higher_is_better : bool or None
        None where the best value lies inside the range.
    caveat : str
        What fools it.
    edge_cases : str
        Its rule for ties and for input that is constant or small. NaN, infinite values,
        values beyond 1e15 (their squares overflow in float32) and no cells at all are refused by
        every metric.
    citation : str
        Where the definition comes from.
    matched : bool
        Whether row i of "pred" must predict row i of "true", so that true pairs are needed.
    needs_several : bool
        Whether it is computed over several perturbations at once and scores each of them.
    means_only : bool
        Whether it sees cells through their mean alone, so that one mean row may stand for them.
    genes_only : bool
        Whether it means something for genes only, not for embedding coordinates.
    pools_controls : bool
        Whether controls are candidates in a pool, so that their number matters.

    Described on the page reference/metrics.
    """

    name: str
    function: Callable[..., Any]
    needs: tuple[str, ...]
    formula: str
    range: tuple[float, float]
    best: float
    higher_is_better: bool | None
    caveat: str
    edge_cases: str
    citation: str
    matched: bool = False
    needs_several: bool = False
    means_only: bool = False
    genes_only: bool = False
    pools_controls: bool = False
