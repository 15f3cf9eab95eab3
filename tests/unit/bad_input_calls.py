"""A good call of a function, and those of all metrics."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from anndata import AnnData

from recon_tutorial import metrics


class Call(NamedTuple):
    """A function, what makes arguments that it takes, and for those that are spoilt: of what kind.

    Nothing is made before it is asked for: a table is listed in no time.
    """

    function: Callable
    good: Callable[[], dict[str, Any]]
    kinds: dict[str, str]


def cells(seed=0, n=9, d=6):
    return np.random.default_rng(seed).normal(seed, 1, (n, d))


OPTIONS = {"k": "choice", "seed": "seed", "gamma": "amount", "on": "word", "distance": "word"}
OPTIONS |= {"out_of": "word", "device": "word", "dtype": "word"}


def metric(name, *arrays, **options):
    good = {array: cells(i) for i, array in enumerate(arrays)}
    kinds = dict.fromkeys(arrays, "cells") | {o: OPTIONS[o] for o in options if o in OPTIONS}
    if "centroid" in good:
        good["centroid"], kinds["centroid"] = good["centroid"][0], "vector"
    return Call(getattr(metrics, name), lambda: good | options, kinds)


def of_anndata(name, *arguments, **options):
    def good():
        genes = pd.DataFrame(index=[f"g{j}" for j in range(6)])
        return {a: AnnData(cells(i), var=genes) for i, a in enumerate(arguments)} | options

    kinds = dict.fromkeys(arguments, "anndata") | {o: OPTIONS[o] for o in options}
    return Call(getattr(metrics, name), good, kinds)


THREE = ("true", "pred", "ctrl")
CALLS = {
    "de_overlap": metric("de_overlap", *THREE, k=3),
    "direction_accuracy": metric("direction_accuracy", *THREE, k=3),
    "discrimination": metric(
        "discrimination", "true_means", "pred_means", distance="cosine", out_of="all"
    ),
    "energy_distance": metric("energy_distance", "true", "pred", device="cpu", dtype="auto"),
    "has_no_change": metric("has_no_change", "cells", "reference"),
    "knn_purity": metric("knn_purity", *THREE, k=3, balanced=True, seed=0),
    "mmd_rbf": metric("mmd_rbf", "true", "pred", gamma=0.1, dtype="float32"),
    "mse": metric("mse", "true", "pred"),
    "mse_mean": metric("mse_mean", "true", "pred"),
    "pearson_centroid": metric("pearson_centroid", "true", "pred", "centroid"),
    "pearson_delta": metric("pearson_delta", *THREE),
    "r2": metric("r2", "true", "pred", on="mean"),
    "r2_delta": metric("r2_delta", *THREE),
    "variance_ratio": metric("variance_ratio", "true", "pred"),
    "metric_r2": of_anndata("metric_r2", "adata_true", "adata_pred"),
    "metric_mse": of_anndata("metric_mse", "adata_true", "adata_pred"),
    "metric_energy_distance": of_anndata("metric_energy_distance", "adata_true", "adata_pred"),
    "metric_knn_purity": of_anndata(
        "metric_knn_purity", "adata_pred", "adata_pert_true", "adata_ctrl", k=3
    ),
}
