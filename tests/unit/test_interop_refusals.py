"""What is no screen is refused in one sentence that names what is wrong."""

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from scipy import sparse

from recon_tutorial.descriptors import one_hot
from recon_tutorial.interop import _matrices, screen_from_anndata

from .test_interop_screens import ASK, LABELS, NAMES, TABLE, cells


def obs(name, values):
    """Return the cells with one column of obs replaced."""

    def change(adata):
        adata.obs[name] = values
        return adata

    return change


def matrix(change):
    """Return the cells with another X."""

    def changed(adata):
        return AnnData(change(adata.X), obs=adata.obs, var=adata.var, obsm=adata.obsm)

    return changed


def stored(slot, key, value):
    """Return the cells with something in obsm."""

    def change(adata):
        getattr(adata, slot)[key] = value
        return adata

    return change


def planted(value):
    """Return an X with one value at the first place."""

    def change(x):
        x = x.copy()
        x[0, 0] = value
        return x

    return change


def twice(axis):
    def change(adata):
        setattr(adata, f"{axis}_names", ["same", *getattr(adata, f"{axis}_names")[1:-1], "same"])
        return adata

    return change


def two_guides(adata):
    adata.obs = pd.concat([adata.obs, adata.obs[["guide"]]], axis=1)
    return adata


WITHOUT = np.where(np.array(LABELS) == "A", None, LABELS)
CASES = {
    # labels
    "no column": (None, {"perturbation_key": "gene"}, "'gene' is no column of obs .found: cell_t"),
    "no context": (None, {"context_key": "donor"}, "context_key='donor' is no column of obs"),
    "a list": (
        None,
        {"context_key": ["cell_type", "guide"]},
        "context_key is a list, and one column is needed: join the columns to one in obs",
    ),
    "two columns": (two_guides, {}, "obs has 2 columns named 'guide'"),
    "None": (obs("guide", WITHOUT), {}, r"obs\['guide'\] is empty for 5 cells: label or drop"),
    "NaN category": (obs("guide", pd.Categorical(WITHOUT)), {}, "is empty for 5 cells"),
    "NA string": (obs("guide", pd.array(WITHOUT, dtype="string")), {}, "is empty for 5 cells"),
    "nan as text": (obs("guide", [str(x or np.nan) for x in WITHOUT]), {}, "empty for 5 cells"),
    "blank": (obs("guide", [x or " " for x in WITHOUT]), {}, "is empty for 5 cells"),
    "NaN dose": (obs("guide", [np.nan, 0.0, 1.0] * 10), {"control": 0.0}, "empty for 10 cells"),
    "NaN context": (obs("cell_type", WITHOUT), {"context_key": "cell_type"}, "empty for 5 cells"),
    # controls
    "no control": (None, {"control": "nontargeting"}, r"'nontargeting' .* \(found non-targeting\)"),
    "far name": (None, {"control": "DMSO"}, r"no cell is labelled 'DMSO' .* \(found A, A\+B, A_B"),
    "two names": (
        obs("guide", ["control", *LABELS[1:]]),
        {},
        "holds 'control' beside control='non",
    ),
    "only controls": (
        obs("guide", "non-targeting"),
        {"descriptors": None},
        "every cell is a control",
    ),
    "joined": (obs("guide", [x.replace("A_B", "A+non-targeting") for x in LABELS]), {}, "joins a"),
    "spaced": (obs("guide", [x.replace("A_B", "C + non-targeting") for x in LABELS]), {}, "joins"),
    # names that a screen gives a meaning
    "label taken": (obs("perturbation", "x"), {}, r"pass perturbation_key='perturbation' if it is"),
    "context taken": (obs("context", "x"), {}, r"obs\['context'\] is taken"),
    "embedding taken": (
        stored("obsm", "X_emb", np.ones((30, 2))),
        {"use_rep": "X_pca"},
        "use_rep='X_emb' if",
    ),
    # expression
    "counts": (matrix(lambda x: np.round(x * 9)), {}, "X holds whole numbers only, .* take log1p"),
    "integers": (matrix(lambda x: np.round(x * 9).astype(int)), {}, "whole numbers only"),
    "sparse counts": (matrix(lambda x: sparse.csr_matrix(np.round(x * 9))), {}, "whole numbers"),
    "sparse integers": (matrix(lambda x: sparse.csc_matrix(x.astype(int))), {}, "whole numbers"),
    "nothing": (matrix(lambda x: x * 0), {}, "whole numbers only"),
    "truth values": (matrix(lambda x: x > 0), {}, "whole numbers only"),
    "scaled": (matrix(lambda x: x - x.mean(axis=0)), {}, "X goes down to -.* scaled .*raw.to_ad"),
    "sparse scaled": (matrix(lambda x: sparse.csr_matrix(-x)), {}, "X goes down to -"),
    "not logarithmic": (matrix(lambda x: 100 * x), {}, "too large for log-normalised expression"),
    "NaN": (matrix(planted(np.nan)), {}, "X holds NaN or infinite"),
    "infinite": (matrix(planted(np.inf)), {}, "X holds NaN or infinite"),
    "beyond float32": (matrix(planted(1e300)), {}, "X holds NaN or infinite"),
    "complex": (matrix(lambda x: x * 1j), {}, "X holds complex128 values"),
    "no X": (lambda a: AnnData(obs=a.obs, var=a.var), {}, "X is missing"),
    "no cell": (lambda a: a[:0].copy(), {"descriptors": None}, "the screen is empty .0 cells"),
    "no gene": (lambda a: a[:, :0].copy(), {}, "the screen is empty .30 cells x 0 genes"),
    # names
    "cells twice": (twice("obs"), {}, r"obs_names repeat \('same'\): call"),
    "genes twice": (twice("var"), {}, r"var_names repeat \('same'\): call"),
    # embedding
    "no key": (None, {"use_rep": "X_umap"}, "use_rep='X_umap' is no key of obsm .found: X_pca"),
    "NaN embedding": (
        stored("obsm", "X_pca", np.full((30, 2), np.nan)),
        {"use_rep": "X_pca"},
        r"obsm\['X_emb'\] holds NaN",
    ),
    "text embedding": (
        stored("obsm", "X_pca", np.full((30, 2), "x", dtype=object)),
        {"use_rep": "X_pca"},
        r"obsm\['X_pca'\] has shape .30, 2. and object values",
    ),
    "deep embedding": (
        stored("obsm", "X_pca", np.ones((30, 2, 2))),
        {"use_rep": "X_pca"},
        "an embedding is a matrix of numbers",
    ),
    # descriptors
    "missing rows": (
        None,
        {"descriptors": TABLE.drop(index=["A", "B"])},
        r"no row for 2 of 4 perturbations \(A, B; their rows are A\+B, A_B\)",
    ),
    "other names": (None, {"descriptors": one_hot(["a", "b"])}, "no row for 4 of 4 perturb"),
    "row twice": (None, {"descriptors": pd.concat([TABLE, TABLE])}, "have two rows for 'A'"),
    "text": (None, {"descriptors": TABLE.assign(kind="kinase")}, "column 'kind' is not numeric"),
    "NaN number": (None, {"descriptors": TABLE.replace(1, np.nan)}, "'A' is NaN or inf.* for 'A'"),
    "NA number": (
        None,
        {"descriptors": TABLE.astype("Float64").replace(1, pd.NA)},
        "'A' is NaN or infinite for 'A'",
    ),
    "no column at all": (None, {"descriptors": TABLE[[]]}, "descriptors have no column"),
    "ragged": (
        None,
        {"descriptors": {"A": [1.0, 2.0], "B": [1.0]}},
        r"descriptor of 'B' has shape \(1,\) and the first one \(2,\)",
    ),
    "deep": (None, {"descriptors": {"A": np.ones((2, 2))}}, r"'A' has shape \(2, 2\)"),
    "print alike": (None, {"descriptors": {"1": [1.0], 1: [2.0]}}, "carry names that print alike"),
    "array": (None, {"descriptors": np.eye(4)}, "descriptors is a ndarray: pass a DataFrame"),
    "empty mapping": (None, {"descriptors": {}}, "no row for 4 of 4 .*their rows are none"),
    "text of a mapping": (None, {"descriptors": dict.fromkeys(NAMES, "x")}, "is not numeric"),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("ignore:Observation names are not unique")
@pytest.mark.filterwarnings("ignore:Variable names are not unique")
def test_refused_in_one_sentence(name):
    change, arguments, words = CASES[name]
    adata = cells() if change is None else change(cells())
    with pytest.raises(ValueError, match=words) as caught:
        screen_from_anndata(adata, **({**ASK, "descriptors": TABLE} | arguments))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix])
@pytest.mark.parametrize("n_whole", [0, 3, 8, 29])
def test_one_fraction_anywhere_makes_it_no_counts(form, n_whole, monkeypatch):
    monkeypatch.setattr(_matrices, "CHUNK", 4)
    whole = np.ones((30, 1))
    fraction = whole.copy()
    fraction[n_whole] = 1.5
    table = {"var": pd.DataFrame(index=["g0"]), "obs": cells().obs}
    arguments = {**ASK, "descriptors": TABLE}
    screen_from_anndata(AnnData(form(fraction), **table), **arguments)
    with pytest.raises(ValueError, match="whole numbers only"):
        screen_from_anndata(AnnData(form(whole), **table), **arguments)


@pytest.mark.parametrize("wrong", [pd.DataFrame(), "cells.h5ad", None])
def test_other_containers_are_refused(wrong):
    with pytest.raises(TypeError, match="an AnnData is needed, not a "):
        screen_from_anndata(wrong, **ASK)
