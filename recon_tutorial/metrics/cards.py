"""A card for each metric: what a reader must know before reading its value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

from recon_tutorial.metrics.distribution import energy_distance, knn_purity, variance_ratio
from recon_tutorial.metrics.expression import mse, r2


@dataclass(frozen=True)
class MetricCard:
    """What a metric measures and how to read it.

    Attributes
    ----------
    name : str
        Name of the array function.
    function : callable
        Called with the arrays of `needs`, in that order.
    needs : tuple of str
        Among "true", "pred", "ctrl".
    formula : str
        The definition, in words or symbols.
    range : tuple of float
        Smallest and largest possible value.
    best : float
        Value of a perfect prediction.
    higher_is_better : bool or None
        None where the best value lies inside the range.
    caveat : str
        What fools it, and its rule for odd input.
    citation : str
        Where the definition comes from.

    Derived in chapter 1.
    """

    name: str
    function: Callable[..., float]
    needs: tuple[str, ...]
    formula: str
    range: tuple[float, float]
    best: float
    higher_is_better: bool | None
    caveat: str
    citation: str


_INF = float("inf")
_CARDS = (
    MetricCard(
        name="r2",
        function=r2,
        needs=("true", "pred"),
        formula="1 - sum_g (s_g - ŝ_g)² / sum_g (s_g - mean s)², s the sum (or mean) over cells",
        range=(-_INF, 1.0),
        best=1.0,
        higher_is_better=True,
        caveat="saturates: its denominator is the spread between genes, not the effect; "
        "unequal numbers of cells are refused on sums",
        citation="ReconEval; scikit-learn r2_score",
    ),
    MetricCard(
        name="mse",
        function=mse,
        needs=("true", "pred"),
        formula="mean over cells and features of (X - X̂)²",
        range=(0.0, _INF),
        best=0.0,
        higher_is_better=False,
        caveat="needs true pairs; without them a repeated mean beats real cells",
        citation="ReconEval",
    ),
    MetricCard(
        name="energy_distance",
        function=energy_distance,
        needs=("true", "pred"),
        formula="2 E|X-X̂| - E|X-X'| - E|X̂-X̂'|",
        range=(-_INF, _INF),
        best=0.0,
        higher_is_better=False,
        caveat="unbiased by default and never clipped, so it may fall below 0; "
        "biased=True is ReconEval's V-statistic",
        citation="Székely & Rizzo 2013; ReconEval",
    ),
    MetricCard(
        name="knn_purity",
        function=knn_purity,
        needs=("true", "pred", "ctrl"),
        formula="share of true perturbed cells among the k nearest of each predicted cell",
        range=(0.0, 1.0),
        best=1.0,
        higher_is_better=True,
        caveat="rewards collapse and overshoot; chance is n_true / (n_true + n_ctrl) and the "
        "oracle stays below 1",
        citation="ReconEval",
    ),
    MetricCard(
        name="variance_ratio",
        function=variance_ratio,
        needs=("true", "pred"),
        formula="tr Cov(X̂) / tr Cov(X)",
        range=(0.0, _INF),
        best=1.0,
        higher_is_better=None,
        caveat="the collapse detector; says nothing about where the cells are",
        citation="Mejia et al. 2025 on mode collapse",
    ),
)

METRICS = MappingProxyType({card.name: card for card in _CARDS})
HIGHER_IS_BETTER = MappingProxyType({c.name: c.higher_is_better for c in _CARDS})
