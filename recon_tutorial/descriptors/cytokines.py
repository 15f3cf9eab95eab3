"""What is known about the 51 cytokines of CytoSig, written from the literature."""

from __future__ import annotations

from importlib.resources import files

import pandas as pd


def cytokine_table() -> pd.DataFrame:
    """Read the annotations of the 51 cytokines whose responses CytoSig measured.

    It stands here and not with the data sets: it holds no measurement and needs no download. Its
    columns are the raw material of descriptors, for `multi_hot`, `text` and `protein`.

    Returns
    -------
    DataFrame
        One row per cytokine, named as in CytoSig; all cells are text, several entries of a cell are
        separated by ``";"``, and an empty cell means that nothing is known or nothing applies.
        ``symbol``: HGNC symbols of the ligand's subunits or members; ``kind``; ``family``;
        ``receptors``: HGNC symbols; ``pathway``; ``description``: one sentence; ``source``: UniProt
        or ChEBI identifiers and DOIs.

    Derived in chapter 11.
    """
    with (files("recon_tutorial") / "data" / "cytokines.csv").open(encoding="utf8") as file:
        return pd.read_csv(file, index_col="name", dtype=str, keep_default_na=False)
