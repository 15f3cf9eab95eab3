"""Sentences that chapter 12 prints, where the first wording left a reader guessing."""

import warnings

import numpy as np
import pytest

from recon_tutorial.interop import screen_from_anndata

from .test_interop_screens import ASK, LABELS, NAMES, TABLE, cells


def refused(adata, **changed):
    """Return the sentence, and hold that nothing else is said."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError) as caught:
            screen_from_anndata(adata, **({**ASK, "descriptors": TABLE} | changed))
    return str(caught.value)


@pytest.mark.parametrize("axis", ["obs", "var"])
def test_repeated_names_are_refused_before_anndata_warns_of_them(axis):
    adata = cells()
    getattr(adata, axis).index = ["same", *getattr(adata, axis).index[1:-1], "same"]
    assert refused(adata).startswith(f"{axis}_names repeat ('same'): call adata.{axis}_names_make")


def test_a_broken_embedding_is_called_as_the_reader_calls_it():
    adata = cells()
    adata.obsm["X_pca"][[3, 8], 1] = np.nan, np.inf
    said = refused(adata, use_rep="X_pca")
    assert said.startswith("obsm['X_pca'] as obsm['X_emb'] holds NaN or infinite values in 2 cells")
    adata.obsm["X_emb"] = adata.obsm.pop("X_pca")
    assert refused(adata).startswith("obsm['X_emb'] holds NaN or infinite values in 2 cells")


def test_words_in_a_vector_are_shown():
    said = refused(cells(), descriptors={name: ["a word"] for name in NAMES})
    assert said == f"descriptor column 'd0' is not numeric ('a word' for {NAMES[0]!r}): " + (
        "encode it as numbers"
    )


@pytest.mark.parametrize(
    ("renamed", "alone", "others"),
    [
        ({"A_B": "C+non-targeting"}, "'C'", ""),
        ({"A_B": "non-targeting + C", "B": "D+E+non-targeting"}, "'D+E'", ", and so on for 1 more"),
    ],
)
def test_a_label_joined_to_the_control_gets_a_better_name(renamed, alone, others):
    adata = cells(guide=[renamed.get(label, label) for label in LABELS])
    assert refused(adata).endswith(f": name it after the perturbation alone, {alone}{others}")
