"""Screens put together at random: what is let in can be paired, all else gets one sentence."""

import warnings

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from recon_tutorial.pairing import make_pairs
from recon_tutorial.screen import validate_screen
from recon_tutorial.splits import split_cells

odd = st.sampled_from([np.nan, np.inf, -np.inf, 1e300, -1e300, 60.0, -1.0, 0.0])
numbers = st.floats(-5, 5, width=32) | odd
dtypes = st.sampled_from(["float64", "float32", "float16", "int64", "bool", "complex128", "object"])
labels = st.sampled_from(["control", "control", "p0", "p1", "a+b", "", "Control", None, np.nan, 1])
tables = st.sampled_from(["good"] * 3 + ["none", "array", "short", "twice", "text", "empty"])


@st.composite
def screens(draw, sound=False):
    """An AnnData of a few cells, each part of it good or odd."""
    n, genes, width = draw(st.integers(0, 6)), draw(st.integers(0, 3)), draw(st.integers(0, 3))
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of anndata, about names that repeat: they are meant
        obs = pd.DataFrame(index=draw(st.sampled_from([range(n), [0] * n])))
        obs.index = obs.index.astype(str)
        given_labels = [draw(labels) for _ in range(n)]
        if draw(st.integers(0, 9)):
            obs["perturbation"] = pd.Series(given_labels, obs.index, dtype=object)
            if draw(st.booleans()):
                obs["perturbation"] = pd.Categorical(obs["perturbation"].astype(str))
        adata = AnnData(_matrix(draw, n, genes), obs=obs)
        if draw(st.integers(0, 9)):
            adata.obsm["X_emb"] = _matrix(draw, n, width)
        table = _table(draw(tables), sorted({str(x) for x in given_labels} - {"control"}))
    if table is not None:
        adata.uns["descriptors"] = table
    return adata


def _matrix(draw, n, width):
    values = np.array([[draw(numbers) for _ in range(width)] for _ in range(n)], dtype=float)
    matrix = values.reshape(n, width).astype(draw(st.just("float32") | dtypes))
    if draw(st.integers(0, 4)) == 0 and matrix.dtype.kind in "fiu" and matrix.dtype != "float16":
        return sparse.csr_matrix(matrix)
    return matrix


def _table(kind, names):
    good = pd.DataFrame(np.ones((len(names), 2)), names)
    made = {
        "good": good,
        "none": None,
        "array": good.to_numpy(),
        "short": good.iloc[1:],
        "twice": pd.concat([good, good]),
        "text": good.astype(str),
        "empty": good.iloc[:, :0],
    }
    return made[kind]


@settings(max_examples=100)
@given(screens())
def test_what_is_let_in_can_be_paired_and_all_else_gets_one_sentence(adata):
    try:
        validate_screen(adata)
    except ValueError as error:
        assert "\n" not in str(error) and 20 < len(str(error)) < 250
        with pytest.raises(ValueError):
            make_pairs(adata, how="mean")
        return
    pairs = make_pairs(adata, how="mean")
    assert len(pairs.pert) == (adata.obs["perturbation"].astype(str) != "control").sum()
    for part in pairs[:3]:
        assert part.dtype == np.float32 and np.isfinite(part).all() and part.shape[1]
    try:
        split = split_cells(adata)
    except ValueError as error:  # too few cells of a perturbation
        assert "\n" not in str(error)
    else:
        split.audit(adata)


@settings(max_examples=40)
@given(st.none() | st.integers() | st.text(max_size=5) | st.lists(st.integers(), max_size=3))
def test_what_is_no_anndata_is_refused(thing):
    with pytest.raises(TypeError, match="a screen is an AnnData, not a"):
        validate_screen(thing)
