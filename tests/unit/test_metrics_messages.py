"""Every refusal of a metric, word for word: what was wrong, what was expected, what to do."""

import numpy as np
import pytest
import torch
from anndata import AnnData

from recon_tutorial.metrics import (
    de_overlap,
    direction_accuracy,
    discrimination,
    energy_distance,
    has_no_change,
    knn_purity,
    metric_energy_distance,
    metric_knn_purity,
    metric_mse,
    metric_r2,
    mmd_rbf,
    mse,
    mse_mean,
    pearson_centroid,
    pearson_delta,
    r2,
    r2_delta,
    variance_ratio,
)

GOOD = np.arange(12.0).reshape(4, 3)
ONE = GOOD[:, :1]
WIDE = np.ones((4, 5))
HOLE = np.where(GOOD == 5, np.nan, GOOD)
GENES = ["A", "B", "C"]


def refusal(function, *arguments, **options):
    with pytest.raises(ValueError) as caught:
        function(*arguments, **options)
    return str(caught.value)


def adata(genes, x=GOOD, **obsm):
    made = AnnData(x, obsm=obsm)
    made.var_names = genes
    return made


SPACE = ": compare cells in the same genes or the same embedding"
MATRIX = ": pass a matrix of cells x features"
MISSING = " holds NaN or infinite values: remove those cells or features"
MEAN = "centroid has 2 dimension(s): pass one mean vector, cells.mean(axis=0)"
SHAPES = [
    (mse, (GOOD, WIDE), "true has 3 columns but pred has 5" + SPACE),
    (knn_purity, (GOOD, GOOD, WIDE), "true has 3 columns but ctrl has 5" + SPACE),
    (pearson_centroid, (GOOD, GOOD, WIDE[0]), "true has 3 columns but centroid has 5" + SPACE),
    (discrimination, (GOOD, WIDE), "true_means has 3 columns but pred_means has 5" + SPACE),
    (mse, (GOOD[0], GOOD), "true has 1 dimension(s)" + MATRIX),
    (r2, (GOOD, 5.0), "pred has 0 dimension(s)" + MATRIX),
    (has_no_change, (GOOD, 1.0), "reference has 0 dimension(s)" + MATRIX),
    (has_no_change, (GOOD[0], GOOD), "cells has 1 dimension(s)" + MATRIX),
    (pearson_centroid, (GOOD, GOOD, GOOD), MEAN),
    (mse, (GOOD, GOOD.astype("U4")), "pred holds <U4 values: pass numbers"),
    (mse, (GOOD.astype(complex), GOOD), "true holds complex128 values: pass numbers"),
    (mse, (GOOD, HOLE), "pred" + MISSING),
    (has_no_change, (GOOD, HOLE[1]), "reference" + MISSING),
    (has_no_change, (GOOD, list("abc")), "reference holds <U1 values: pass numbers"),
    (pearson_centroid, (GOOD, GOOD, list("abc")), "centroid holds <U1 values: pass numbers"),
    (pearson_centroid, (GOOD, GOOD, HOLE[1]), "centroid" + MISSING),
]


@pytest.mark.parametrize(("function", "arguments", "sentence"), SHAPES)
def test_what_does_not_fit_is_named_with_its_size(function, arguments, sentence):
    assert refusal(function, *arguments) == sentence


ALONE = [
    (mse, (GOOD[:0], GOOD), "true", 0, 1),
    (mse_mean, (GOOD, GOOD[:0]), "pred", 0, 1),
    (r2, (GOOD[:0], GOOD), "true", 0, 1),
    (r2_delta, (GOOD, GOOD, GOOD[:0]), "ctrl", 0, 1),
    (pearson_delta, (GOOD, GOOD[:0], GOOD), "pred", 0, 1),
    (pearson_centroid, (GOOD[:0], GOOD, GOOD[0]), "true", 0, 1),
    (has_no_change, (GOOD, GOOD[:0]), "reference", 0, 1),
    (knn_purity, (GOOD, GOOD, GOOD[:0]), "ctrl", 0, 1),
    (mmd_rbf, (GOOD, GOOD[:0]), "pred", 0, 1),
    (energy_distance, (GOOD[:1], GOOD), "true", 1, 2),
    (energy_distance, (GOOD, GOOD[:1]), "pred", 1, 2),
    (variance_ratio, (GOOD, GOOD[:1]), "pred", 1, 2),
    (variance_ratio, (GOOD[:1], GOOD), "true", 1, 2),
    (discrimination, (GOOD[:1], GOOD[:1]), "true_means", 1, 2),
    (discrimination, (GOOD, GOOD[:1]), "pred_means", 1, 2),
    (direction_accuracy, (GOOD[:3], GOOD, GOOD), "true", 3, 4),
    (de_overlap, (GOOD, GOOD[:0], GOOD), "pred", 0, 1),
    (de_overlap, (GOOD, GOOD, GOOD[:1]), "ctrl", 1, 2),
]


@pytest.mark.parametrize(("function", "arguments", "name", "given", "least"), ALONE)
def test_too_few_cells_are_counted_beside_what_is_needed(function, arguments, name, given, least):
    assert refusal(function, *arguments) == (
        f"{name} has {given} cell(s) x 3 feature(s) but at least {least} x 1 are needed: "
        "check the selection that made it"
    )


def test_no_features_are_too_few():
    assert refusal(mse_mean, GOOD[:, :0], GOOD[:, :0]) == (
        "true has 4 cell(s) x 0 feature(s) but at least 1 x 1 are needed: "
        "check the selection that made it"
    )


EQUAL = "all true cells are equal, so there is no spread to compare: check true"
VALUES = [
    (
        r2_delta,
        (GOOD, GOOD + 1, GOOD[::-1]),
        "true and ctrl have the same mean, so there is no change to explain: "
        "leave this perturbation out",
    ),
    (
        pearson_delta,
        (ONE, ONE, ONE),
        "a correlation needs a spread over features but got 1: pass two or more",
    ),
    (r2, (ONE, ONE), "R2 needs a spread between genes but got 1 gene: pass two or more"),
    (
        r2,
        (GOOD, GOOD[:3]),
        'sums of 4 and 3 cells cannot be compared: pass on="mean" when the numbers of cells differ',
    ),
    (
        mse,
        (GOOD, GOOD[:3]),
        "cell-wise MSE needs matched rows, got 4 true and 3 predicted cells: "
        "predict one cell per true cell, or compare distributions instead",
    ),
    (variance_ratio, (WIDE, WIDE), EQUAL),
    (variance_ratio, (np.full((7, 2), 0.1), GOOD[:, :2]), EQUAL),  # their mean is not quite 0.1
    (variance_ratio, ([[0.0], [1e-200]], ONE), EQUAL),  # their variance is below all numbers
    (
        discrimination,
        (GOOD, GOOD[:2]),
        "true_means has 4 perturbations but pred_means has 2: "
        "row p of one must predict row p of the other",
    ),
]


@pytest.mark.parametrize(("function", "arguments", "sentence"), VALUES)
def test_what_has_no_score_is_said_with_a_way_out(function, arguments, sentence):
    assert refusal(function, *arguments) == sentence


POSITIVE = " must be positive: leave it out for the median heuristic"
OPTIONS = [
    (r2, 2, {"on": "median"}, 'on=\'median\' is unknown: choose "sum" or "mean"'),
    (
        discrimination,
        2,
        {"distance": "l1"},
        "distance='l1' is unknown: choose one of euclidean, manhattan, cosine",
    ),
    (discrimination, 2, {"out_of": 3}, "out_of=3 is unknown: choose one of others, all"),
    (mmd_rbf, 2, {"gamma": 0.0}, "gamma=0.0" + POSITIVE),
    (mmd_rbf, 2, {"gamma": np.inf}, "gamma=inf" + POSITIVE),
    (mmd_rbf, 2, {"gamma": "wide"}, "gamma=wide" + POSITIVE),
    (knn_purity, 3, {"k": 9}, "k=9 neighbours cannot be drawn from 8 cells: lower k"),
    (knn_purity, 3, {"k": 2.5}, "k=2.5 neighbours cannot be drawn from 8 cells: lower k"),
    (direction_accuracy, 3, {"k": 2.5}, "k=2.5 genes cannot be chosen from 3: lower k"),
    (direction_accuracy, 3, {"k": 4}, "k=4 genes cannot be chosen from 3: lower k"),
    (de_overlap, 3, {"k": 0}, "k=0 genes cannot be chosen from 3: lower k"),
    (
        energy_distance,
        2,
        {"device": "gpu"},
        'device=\'gpu\' is unknown: choose one of "auto", "cpu", "cuda"',
    ),
    (
        mmd_rbf,
        2,
        {"dtype": "half"},
        'dtype=\'half\' is unknown: choose one of "auto", "float32", "float64"',
    ),
]


@pytest.mark.parametrize(("function", "n", "options", "sentence"), OPTIONS)
def test_an_option_out_of_range_is_answered_with_the_range(function, n, options, sentence):
    assert refusal(function, *[GOOD] * n, **options) == sentence


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
@pytest.mark.parametrize("metric", [energy_distance, mmd_rbf])
def test_a_gpu_that_is_not_there_comes_with_two_ways_out(metric):
    assert refusal(metric, GOOD, GOOD, device="cuda") == (
        "device='cuda' needs a GPU but torch finds none here: "
        'pass device="auto" or "cpu", or install torch with CUDA'
    )


@pytest.mark.parametrize("metric", [metric_r2, metric_mse, metric_energy_distance])
def test_the_first_gene_that_only_one_side_measures_is_named(metric):
    words = "adata_pred and adata_true measure different genes (for example {!r}): "
    words += "subset both to their common genes"
    assert refusal(metric, adata(GENES), adata(["A", "x", "C"])) == words.format("B")
    less, more = adata(GENES[1:], GOOD[:, 1:]), adata(GENES)
    assert refusal(metric, less, more) == words.format("A")
    assert refusal(metric, more, less) == words.format("A")


def test_what_is_no_anndata_is_named():
    good = adata(GENES)
    assert refusal(metric_mse, good, GOOD) == "adata_pred is a ndarray: pass an AnnData"
    assert refusal(metric_r2, None, good) == "adata_true is a NoneType: pass an AnnData"


def test_purity_names_the_table_whose_genes_or_embedding_differ():
    good, other = adata(GENES, X_emb=GOOD), adata(["A", "x", "C"])
    assert refusal(metric_knn_purity, good, other, good) == (
        "adata_pert_true and adata_pred measure different genes (for example 'B'): "
        "subset both to their common genes"
    )
    assert refusal(metric_knn_purity, good, good, other) == (
        "adata_ctrl and adata_pred measure different genes (for example 'B'): "
        "subset both to their common genes"
    )
    assert refusal(metric_knn_purity, good, other, good, use_rep="X_emb") == (
        "adata_pert_true.obsm has no 'X_emb' (found: none): compute it first"
    )
    two = adata(GENES, X_emb=GOOD, X_pca=GOOD)
    assert refusal(metric_knn_purity, good, good, two, use_rep="X_umap") == (
        "adata_pred.obsm has no 'X_umap' (found: X_emb): compute it first"
    )
    assert refusal(metric_knn_purity, two, good, good, use_rep="X_umap") == (
        "adata_pred.obsm has no 'X_umap' (found: X_emb, X_pca): compute it first"
    )
    assert refusal(metric_knn_purity, good, good, other, use_rep="X_emb") == (
        "adata_ctrl.obsm has no 'X_emb' (found: none): compute it first"
    )
