"""Real data as screens: fetched where pip would, checked, cached, and never redistributed."""

from recon_tutorial.datasets.catalogue import DATASETS, Dataset
from recon_tutorial.datasets.crispr import (
    adamson_screen,
    load_adamson_2016,
    load_norman_2019,
    norman_screen,
)
from recon_tutorial.datasets.cytosig import load_cytosig
from recon_tutorial.datasets.kang import load_kang
from recon_tutorial.datasets.pbmc import load_cellflow_pbmc, pbmc_screen
from recon_tutorial.fetching import SOURCES, fetch

__all__ = [
    "DATASETS",
    "SOURCES",
    "Dataset",
    "adamson_screen",
    "fetch",
    "load_adamson_2016",
    "load_cellflow_pbmc",
    "load_cytosig",
    "load_kang",
    "load_norman_2019",
    "norman_screen",
    "pbmc_screen",
]
