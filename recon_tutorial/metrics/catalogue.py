"""The cards of all metrics, in the order in which the book presents them."""

from __future__ import annotations

from types import MappingProxyType

from recon_tutorial.metrics.cards import MetricCard
from recon_tutorial.metrics.change import pearson_centroid, pearson_delta, r2_delta
from recon_tutorial.metrics.distribution import energy_distance, variance_ratio
from recon_tutorial.metrics.expression import mse, mse_mean, r2
from recon_tutorial.metrics.genes import de_overlap, direction_accuracy
from recon_tutorial.metrics.kernel import mmd_rbf
from recon_tutorial.metrics.neighbours import knn_purity
from recon_tutorial.metrics.ranking import discrimination

_INF = float("inf")
_CARDS = (
    MetricCard(
        name="r2",
        function=r2,
        needs=("true", "pred"),
        formula="1 - Σ (s - ŝ)² / Σ (s - mean s)² over genes, s the sum (or mean) over cells",
        range=(-_INF, 1.0),
        best=1.0,
        higher_is_better=True,
        caveat="Its denominator is the spread between genes, not the effect: where genes differ "
        "more than the effect, as in real data, doing nothing scores close to real cells.",
        edge_cases='Unequal numbers of cells are refused on sums (pass `on="mean"`, the same value '
        "at equal numbers), and so is a single gene.",
        citation="ReconEval; scikit-learn `r2_score`",
        means_only=True,
        genes_only=True,
    ),
    MetricCard(
        name="r2_delta",
        function=r2_delta,
        needs=("true", "pred", "ctrl"),
        formula="1 - |d - d̂|² / |d|², d and d̂ the true and predicted mean minus the control mean",
        range=(-_INF, 1.0),
        best=1.0,
        higher_is_better=True,
        caveat="It sees means only, so a cloud collapsed on the right mean is perfect; on a weak "
        "effect the sampling error of |d|² pulls even real cells below 0.",
        edge_cases="No change scores exactly 0; true cells that did not change are refused.",
        citation="Coefficient of determination with control as the reference",
        means_only=True,
    ),
    MetricCard(
        name="mse",
        function=mse,
        needs=("true", "pred"),
        formula="mean over cells and features of (X - X̂)²",
        range=(0.0, _INF),
        best=0.0,
        higher_is_better=False,
        caveat="Without true pairs it prefers a repeated mean to real cells.",
        edge_cases="Unequal numbers of cells are refused; one cell is enough.",
        citation="ReconEval",
        matched=True,
    ),
    MetricCard(
        name="mse_mean",
        function=mse_mean,
        needs=("true", "pred"),
        formula="|m - m̂|² / d, m and m̂ the true and predicted mean of d features",
        range=(0.0, _INF),
        best=0.0,
        higher_is_better=False,
        caveat="It sees means only, and most features of most perturbations do not change, so "
        "doing nothing looks good.",
        edge_cases="One cell a sample is enough.",
        citation="cell-eval `mse`; Mejia et al. 2025 on its control bias",
        means_only=True,
    ),
    MetricCard(
        name="energy_distance",
        function=energy_distance,
        needs=("true", "pred"),
        formula="2 E|X - X̂| - E|X - X'| - E|X̂ - X̂'|",
        range=(-_INF, _INF),
        best=0.0,
        higher_is_better=False,
        caveat="Biased, it falls with the number of cells; squared, it sees means only. Four "
        "conventions share the name, so say which one you print.",
        edge_cases="Unbiased it is not clipped and falls below 0 where two samples are nearer than "
        "chance, as an oracle is, made of the very same cells. It needs two cells a sample; biased "
        "it needs one.",
        citation="Székely & Rizzo 2013; ReconEval",
    ),
    MetricCard(
        name="mmd_rbf",
        function=mmd_rbf,
        needs=("true", "pred"),
        formula="E k(X, X') + E k(X̂, X̂') - 2 E k(X, X̂), k(x, y) = exp(-γ |x - y|²)",
        range=(0.0, 2.0),
        best=0.0,
        higher_is_better=False,
        caveat="Everything hangs on γ: far beyond 1 / |x - y|² every cell is alone and all "
        "predictions look alike. The median heuristic lets the prediction widen its own kernel.",
        edge_cases="A cell and itself are counted, so a replicate stays above 0; samples that "
        "hold one same cell score 0.",
        citation="Gretton et al. 2012; ReconEval",
    ),
    MetricCard(
        name="knn_purity",
        function=knn_purity,
        needs=("true", "pred", "ctrl"),
        formula="share of true perturbed cells among the k nearest of each predicted cell, in the "
        "pool of true perturbed and control cells",
        range=(0.0, 1.0),
        best=1.0,
        higher_is_better=True,
        caveat="It rewards collapse and overshoot, while the oracle stays below 1 where the "
        "clouds overlap; chance is `n_true / (n_true + n_ctrl)`.",
        edge_cases="`k` beyond the pool is refused; of cells equally near, any may count.",
        citation="ReconEval",
        pools_controls=True,
    ),
    MetricCard(
        name="pearson_delta",
        function=pearson_delta,
        needs=("true", "pred", "ctrl"),
        formula="corr(d, d̂) over features, d and d̂ the true and predicted mean minus the control "
        "mean",
        range=(-1.0, 1.0),
        best=1.0,
        higher_is_better=True,
        caveat="A shift that all perturbations share raises it for any predictor, and so does "
        "the sampling error of the controls, which d and d̂ have in common; it is blind to size.",
        edge_cases="A change that is zero or the same in every feature scores 0 (`has_no_change` "
        "tells); a single feature is refused.",
        citation="Ahlmann-Eltze et al. 2025; cell-eval",
        means_only=True,
    ),
    MetricCard(
        name="pearson_centroid",
        function=pearson_centroid,
        needs=("true", "pred", "centroid"),
        formula="corr(m - q, m̂ - q) over features, q the mean of the training perturbations",
        range=(-1.0, 1.0),
        best=1.0,
        higher_is_better=True,
        caveat="Blind to size. If q leaves out the perturbation that is scored, the mean shift "
        "and even no change correlate with every truth.",
        edge_cases="A change that is zero or the same in every feature scores 0 (`has_no_change` "
        "tells); a single feature is refused.",
        citation="Viñas Torné et al. 2025",
        means_only=True,
    ),
    MetricCard(
        name="discrimination",
        function=discrimination,
        needs=("true_means", "pred_means"),
        formula="1 - k / (n - 1), k the number of the n perturbations whose truth is nearer to "
        "the prediction than its own",
        range=(0.0, 1.0),
        best=1.0,
        higher_is_better=True,
        caveat="It sees ranks of means only, so a prediction may be far off as long as the others "
        "are further; and it depends on the perturbations it is computed over.",
        edge_cases="Ties count half, so one prediction for all averages exactly 0.5; a single "
        "perturbation is refused.",
        citation="Wu et al. 2024; cell-eval",
        needs_several=True,
    ),
    MetricCard(
        name="direction_accuracy",
        function=direction_accuracy,
        needs=("true", "pred", "ctrl"),
        formula="share of the k true genes of largest |t| where sign d = sign d̂",
        range=(0.0, 1.0),
        best=1.0,
        higher_is_better=True,
        caveat="Blind to size and to all other genes; chance is 0.5, and a shift that all "
        "perturbations share beats it.",
        edge_cases="A change of 0 is wrong and never chosen; fewer than 4 true cells or `k` beyond "
        "the genes are refused.",
        citation="cell-eval direction match, with genes chosen on one half of the true cells and "
        "judged on the other",
        genes_only=True,
    ),
    MetricCard(
        name="de_overlap",
        function=de_overlap,
        needs=("true", "pred", "ctrl"),
        formula="|top-k(d) ∩ top-k(d̂)| / k, genes ranked by |t| with the variance of true cells",
        range=(0.0, 1.0),
        best=1.0,
        higher_is_better=True,
        caveat="Blind to sign and size; genes that respond to everything raise it, and chance is "
        "`k / n_genes`.",
        edge_cases="Genes without change are in no list; the earlier gene goes first in a tie; "
        "fewer than 4 true cells or `k` beyond the genes are refused.",
        citation="cell-eval overlap at N, with the true variance and a half of the cells each for "
        "weighing and judging",
        genes_only=True,
    ),
    MetricCard(
        name="variance_ratio",
        function=variance_ratio,
        needs=("true", "pred"),
        formula="tr Cov(X̂) / tr Cov(X)",
        range=(0.0, _INF),
        best=1.0,
        higher_is_better=None,
        caveat="The collapse detector; it says nothing about where the cells are, so doing "
        "nothing scores 1.",
        edge_cases="Needs two cells a sample; true cells that are all equal are refused.",
        citation="Mejia et al. 2025 on mode collapse",
    ),
)

METRICS = MappingProxyType({card.name: card for card in _CARDS})
HIGHER_IS_BETTER = MappingProxyType({c.name: c.higher_is_better for c in _CARDS})
