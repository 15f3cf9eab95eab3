"""Two Perturb-seq screens, downloaded by pertpy and mapped to the keys of a screen."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import pandas as pd
from anndata import AnnData

from recon_tutorial.datasets._building import build_screen, gene_descriptors, need_cells, outside
from recon_tutorial.validation import CONTROL

# Guides without a target in the file of Adamson et al.: those that name no human gene.
ADAMSON_CONTROLS = ("62(mod)_pBA581", "63(mod)_pBA580", "Gal4-4(mod)_pBA582")


def load_norman_2019() -> AnnData:
    """Load the screen of activated genes, alone and in pairs (Norman et al., 2019), by pertpy.

    Returns
    -------
    AnnData
        What `norman_screen` makes of ``pertpy.data.norman_2019()``: 111,255 cells.

    Raises
    ------
    ImportError
        If pertpy is not installed.
    RuntimeError
        If pertpy cannot download the file; it keeps it in scanpy's folder for data sets.
    ValueError
        If the file is not as this loader expects.

    Notes
    -----
    Written from pertpy's documentation and source, and not run where this book was built: see
    the page on data sets.

    Described on the page reference/datasets.
    """
    return norman_screen(_by_pertpy("norman_2019"))


def norman_screen(adata: AnnData) -> AnnData:
    """Map ``pertpy.data.norman_2019()`` to the keys of a screen.

    Parameters
    ----------
    adata : AnnData
        ``obs["perturbation_name"]``: "control", "KLF1" or "KLF1+MAP2K6"; ``layers["counts"]``:
        raw counts.

    Returns
    -------
    AnnData
        ``X``: log1p of counts per 10,000; ``layers["counts"]``; ``obs["perturbation"]``: the genes
        in alphabetical order, so that a pair has one name; ``obs["lane"]``, where the file has
        "gemgroup"; ``uns["descriptors"]``: 1 for each gene that is activated. No embedding.

    Raises
    ------
    ValueError
        If a key is missing, or the counts are no whole numbers.

    Described on the page reference/datasets.
    """
    need_cells(adata, "norman_2019", "perturbation_name")
    if "counts" not in adata.layers:
        found = [name for name in adata.layers if name]  # newer anndata lists X there, as None
        raise ValueError(
            f"'norman_2019' should have layers[\"counts\"] but has {found or 'none'}: "
            "its file has changed since this loader was written, so read it yourself"
        )
    given = adata.obs["perturbation_name"].astype(str)
    names = {name: "+".join(sorted(name.split("+"))) for name in given.unique()}
    obs = pd.DataFrame({"perturbation": given.map(names)}, index=adata.obs_names)
    if "gemgroup" in adata.obs:
        obs["lane"] = adata.obs["gemgroup"].astype(str)
    descriptors = gene_descriptors(names.values())
    counts = adata.layers["counts"]
    return build_screen("norman_2019", counts, obs, adata.var_names, descriptors=descriptors)


def load_adamson_2016(*, controls: Sequence[str] = ADAMSON_CONTROLS) -> AnnData:
    """Load the screen of the unfolded protein response (Adamson et al., 2016), by pertpy.

    Parameters
    ----------
    controls : sequence of str
        Labels of the guides that count as control; see `adamson_screen`.

    Returns
    -------
    AnnData
        What `adamson_screen` makes of ``pertpy.data.adamson_2016_upr_perturb_seq()``: the labelled
        ones of 65,337 cells.

    Raises
    ------
    ImportError
        If pertpy is not installed.
    RuntimeError
        If pertpy cannot download the file; it keeps it in scanpy's folder for data sets.
    ValueError
        If the file is not as this loader expects.

    Notes
    -----
    Written from the source of pertpy and scPerturb, and not run where this book was built: see the
    page on data sets.

    Described on the page reference/datasets.
    """
    return adamson_screen(_by_pertpy("adamson_2016_upr_perturb_seq"), controls=controls)


def adamson_screen(adata: AnnData, *, controls: Sequence[str] = ADAMSON_CONTROLS) -> AnnData:
    """Map ``pertpy.data.adamson_2016_upr_perturb_seq()`` to the keys of a screen.

    Parameters
    ----------
    adata : AnnData
        ``obs["perturbation"]``: the guide, such as "SEC61A1_pDS033"; ``X``: raw counts.
    controls : sequence of str
        Labels of the guides that count as control. The file calls none so, and the paper does not
        say which label is which of its two negative controls: the default are the three labels
        that name no human gene.

    Returns
    -------
    AnnData
        ``X``: log1p of counts per 10,000; ``layers["counts"]``; ``obs["perturbation"]``: the gene
        that is repressed, whatever the guide, or "control"; ``obs["guide"]``: the label;
        ``uns["descriptors"]``: one-hot. Cells without a guide, or with "*", are left out.
        No embedding.

    Raises
    ------
    ValueError
        If `controls` is no sequence of labels, the column is missing, no cell is a control, or
        the counts are no whole numbers.

    Notes
    -----
    scPerturb, from where pertpy has the file, joined guides to cells by the bare barcode. Where
    two lanes share a barcode, a cell may bear the label of another.

    Described on the page reference/datasets.
    """
    need_cells(adata, "adamson_2016", "perturbation")
    if isinstance(controls, str) or not isinstance(controls, Iterable):
        raise ValueError(f"controls={controls!r} is no list: pass labels of guides in one")
    guides = adata.obs["perturbation"]
    known = (guides.notna() & ~guides.isin(["nan", "None", "<NA>", "*", ""])).to_numpy()
    adata, guides = adata[known], guides[known].astype(str)
    names = {guide: re.sub(r"_p[A-Z]+\d+$", "", guide) for guide in guides.unique()}
    names |= dict.fromkeys(controls, CONTROL)
    obs = pd.DataFrame({"perturbation": guides.map(names), "guide": guides}, index=adata.obs_names)
    if not (obs["perturbation"] == CONTROL).any():
        some = ", ".join(sorted(guides.unique())[:3])
        raise ValueError(
            f"no cell has one of the control guides {list(controls)} (found {some}, ...): "
            "pass the labels of the guides without a target as controls="
        )
    descriptors = gene_descriptors(obs["perturbation"].unique())
    return build_screen("adamson_2016", adata.X, obs, adata.var_names, descriptors=descriptors)


def _by_pertpy(name):
    """Have pertpy download (once) and read one of its data sets."""
    data = outside("pertpy.data", "pertpy")
    try:
        return getattr(data, name)()
    except OSError as error:
        raise RuntimeError(
            f"pertpy could not download {name} ({error}): connect to the network and try again"
        ) from error
