"""Predictions that cannot be scored are refused in one sentence that names what is wrong."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from recon_tutorial.interop import Recorded
from recon_tutorial.pairing import make_pairs
from recon_tutorial.screen import simulate_screen

from .test_predictions_from_elsewhere import NAMES, SMALL, numbered, stacked


@pytest.fixture
def screen():
    return simulate_screen(**SMALL, n_genes=6, seed=2)


def but(value):
    """Return the predictions with another one for p2."""
    return lambda: numbered() | {"p2": value}


def changed(change):
    """Return the predictions as an AnnData that something was done to."""

    def build():
        adata = stacked(numbered())
        return change(adata) or adata

    return build


def lose_labels(adata):
    adata.obs["perturbation"] = adata.obs["perturbation"].where(np.arange(120) > 8)


def rename_genes(adata):
    adata.var_names = ["gene0", "gene1", "gene2", "gene3", "TP53", "gene6"]


def twin_genes(adata):
    adata.var_names = ["gene0", "gene1", "gene2", "gene3", "gene4", "gene4"]


def no_expression(adata):
    adata.X = None


def nan_expression(adata):
    adata.X[50] = np.nan


def counts(adata):
    adata.X = np.round(adata.X * 9)


def frame(*genes):
    return pd.DataFrame(np.full((3, len(genes)), 0.5), columns=genes)


GENES = [f"gene{j}" for j in range(6)]
IN_GENES = {"use_rep": "X"}
IN_BOTH = {"embed": lambda genes: genes[:, :3]}
CASES = {
    # kinds
    "array": (lambda: np.ones((3, 3)), {}, TypeError, "predictions are a ndarray: pass a mapping"),
    "nothing": (lambda: None, {}, TypeError, "predictions are a NoneType"),
    "no file": (lambda: "none.h5ad", {}, FileNotFoundError, "there is no file none.h5ad"),
    "other file": (lambda: __file__, {}, ValueError, "cannot be read as .h5ad .*: read it yours"),
    # names
    "empty": (
        dict,
        {},
        ValueError,
        "no perturbation of the screen .theirs: none; the screen's: p0",
    ),
    "other names": (
        lambda: {"P0": np.ones((2, 3))},
        {},
        ValueError,
        r"\(theirs: P0; the screen's: p0, p1, p2, \.\.\.\): rename theirs",
    ),
    "mixed keys": (
        lambda: {"p0": np.ones((2, 3)), ("p0", "B"): np.ones((2, 3))},
        {},
        ValueError,
        "keys of predictions must all be",
    ),
    "long keys": (lambda: {("p0", "B", 1): 1}, {}, ValueError, "keys of predictions must all be"),
    "no column": (
        changed(lambda a: None),
        {"perturbation_key": "drug"},
        ValueError,
        "perturbation_key='drug' is no column of obs",
    ),
    "no label": (changed(lose_labels), {}, ValueError, r"obs\['perturbation'\] is empty for 9"),
    # cells
    "vector": (but(np.ones(3)), {}, ValueError, r"of p2 has shape \(3,\) .*a mean as mean\[None\]"),
    "no cell": (but(np.ones((0, 3))), {}, ValueError, r"prediction of p2 has shape \(0, 3\)"),
    "deep": (but(np.ones((2, 2, 3))), {}, ValueError, "prediction of p2 has shape"),
    "text": (but(np.full((2, 3), "x")), {}, ValueError, "prediction of p2 has shape .* <U1 values"),
    "ragged": (but([[1.0], [1.0, 2.0]]), {}, ValueError, "of p2 is no matrix of cells: .* lengths"),
    "complex": (but(np.ones((2, 3)) * 1j), {}, ValueError, "of p2 has .* complex128 values"),
    "width": (but(np.ones((2, 5))), {}, ValueError, r"p2 has 5 columns but 3 .* \(obsm\['X_emb'\]"),
    "NaN": (but(np.full((2, 3), np.nan)), {}, ValueError, "of p2 holds NaN or infinite values"),
    "sparse NaN": (
        but(sparse.csr_matrix(np.full((2, 3), np.nan))),
        {},
        ValueError,
        "of p2 holds NaN or infinite values",
    ),
    "infinite": (but(np.full((2, 3), np.inf)), {}, ValueError, "of p2 holds NaN or infinite"),
    "no embedding": (
        changed(lambda a: a.obsm.clear()),
        {},
        ValueError,
        r"obsm\['X_emb'\] is missing from the predictions \(found: none\): .* pass embed= or use",
    ),
    # genes
    "both spaces": (numbered, IN_BOTH | IN_GENES, ValueError, "give one of the two"),
    "unknown genes": (
        changed(rename_genes),
        IN_GENES,
        ValueError,
        r"lack 2 genes of the screen \(gene4, gene5\) and have 2 others \(TP53, gene6\)",
    ),
    "missing gene": (
        changed(lambda a: a[:, :5].copy()),
        IN_BOTH,
        ValueError,
        r"lack 1 genes of the screen \(gene5\) and have 0 others \(none\)",
    ),
    "other columns": (
        lambda: {"p0": frame("gene0", "x")},
        IN_GENES,
        ValueError,
        "have 1 others .x",
    ),
    "genes twice": (changed(twin_genes), IN_GENES, ValueError, "hold gene 'gene4' twice"),
    "columns twice": (
        lambda: {"p0": frame(*GENES, GENES[0])},
        IN_GENES,
        ValueError,
        "'gene0' twic",
    ),
    "gene width": (numbered, IN_GENES, ValueError, r"has 3 columns but 6 are expected \(genes\)"),
    "NaN gene": (changed(nan_expression), IN_GENES, ValueError, "prediction of p1 holds NaN"),
    "counts": (changed(counts), IN_GENES, ValueError, "predictions hold whole numbers only"),
    "embedded counts": (
        changed(counts),
        IN_BOTH,
        ValueError,
        "predictions hold whole numbers only",
    ),
    "no genes": (changed(no_expression), IN_GENES, ValueError, "X is missing from the predictions"),
    # embed
    "embed width": (
        changed(lambda a: None),
        {"embed": lambda genes: genes},
        ValueError,
        r"has 6 columns but 3 are expected \(the answer of embed\)",
    ),
    "embed cells": (
        changed(lambda a: None),
        {"embed": lambda genes: genes[:1, :3]},
        ValueError,
        "embed returned 1 rows for 30 cells of p0",
    ),
    "embed NaN": (
        changed(lambda a: None),
        {"embed": lambda genes: genes[:, :3] * np.nan},
        ValueError,
        "prediction of p0 holds NaN",
    ),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("ignore:Variable names are not unique")
def test_refused_in_one_sentence(screen, name):
    build, arguments, error, words = CASES[name]
    with pytest.raises(error, match=words) as caught:
        Recorded(build(), screen, **arguments)
    assert "\n" not in str(caught.value)


def test_a_screen_that_is_none_is_refused(screen):
    del screen.uns["descriptors"]
    with pytest.raises(ValueError, match=r'uns\["descriptors"\] is missing'):
        Recorded(numbered(), screen)


def test_descriptors_that_cannot_tell_two_apart_are_refused(screen):
    screen.uns["descriptors"].loc["p3"] = screen.uns["descriptors"].loc["p1"]
    with pytest.raises(ValueError, match="'p1' and 'p3' have the same descriptor"):
        Recorded(numbered(), screen)


def test_rows_of_another_screen_are_refused(screen):
    model = Recorded(numbered(), screen)
    pairs = make_pairs(screen, how="random")
    with pytest.raises(ValueError, match="row 0 has a descriptor that is not in the screen"):
        model.predict(pairs.ctrl, pairs.cov + 1)
    screen.obs["context"] = "B"
    model = Recorded({(name, "B"): part for name, part in numbered().items()}, screen)
    moved = pairs.ctrl.copy()
    moved[3] += 1
    with pytest.raises(ValueError, match="row 3 has a control that is not in the screen"):
        model.predict(moved, pairs.cov)


def test_minus_zero_is_zero(screen):
    screen.uns["descriptors"].loc["p0"] = -0.0
    answer = Recorded(numbered(), screen).predict(np.zeros((1, 3)), np.zeros((1, 5)))
    assert answer[0, 0] < 600
    assert NAMES[0] in set(screen.obs["perturbation"])
