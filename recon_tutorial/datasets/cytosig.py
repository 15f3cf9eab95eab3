"""Measured responses to cytokines, one signature each (CytoSig; Jiang et al., 2021)."""

from __future__ import annotations

import pandas as pd

from recon_tutorial.datasets.catalogue import DATASETS
from recon_tutorial.fetching import fetch


def load_cytosig(*, progress: bool = True) -> pd.DataFrame:
    """Load the transcriptomic signatures of 51 cytokines and other signals (Jiang et al., 2021).

    Each column sums up many published experiments in which human cells were given one cytokine.
    It is a change of expression, not expression: there are no cells and no controls in it.

    Parameters
    ----------
    progress : bool
        Show a progress bar while the file is downloaded, which happens once.

    Returns
    -------
    DataFrame
        Mean log2 fold changes, 6,466 genes x 51 cytokines, float64, none missing; the index is
        named "gene", the columns "cytokine". ``attrs["source"]``: citation and licence.

    Raises
    ------
    ValueError, RuntimeError, OSError
        As `fetch` does, if the file is neither cached nor downloadable.

    Notes
    -----
    This is the expanded set, chosen by a filter less strict than that of the 43 cytokines for
    which CytoSig claims high confidence.
    Genes are those that the authors kept: some that a reader will look for, ISG15 and MX1 among
    them, are not there.

    Derived in chapter 11.
    """
    path = fetch("cytosig", progress=progress)["signature.centroid.expand"]
    # The header has one field less than the rows, so the first column is the index. A gene may be
    # called "NA" one day: only numbers may be missing.
    table = pd.read_csv(path, sep="\t", index_col=0, keep_default_na=False, na_values=[""])
    table = table.rename_axis(index="gene", columns="cytokine").astype(float)
    card = DATASETS["cytosig"]
    table.attrs["source"] = {"citation": card.citation, "doi": card.doi, "licence": card.licence}
    return table
