"""Blood cells under 90 cytokines, with protein descriptors, from where CellFlow keeps them."""

from __future__ import annotations

from collections.abc import Sequence

import h5py
import numpy as np
import pandas as pd
from anndata import AnnData
from anndata.io import read_elem, sparse_dataset
from scipy import sparse

from recon_tutorial.datasets._building import (
    build_screen,
    describe,
    need_cells,
    need_columns,
    outside,
)
from recon_tutorial.validation import CONTROL

REPOSITORY, FILE = "theislab/cellflow-datasets", "pbmc_parse.h5ad"
COLUMNS = ("donor", "cytokine", "cell_type", "tscp_count")


def load_cellflow_pbmc(
    *, donors: Sequence[str] = ("Donor1",), cells_per_cytokine: int = 200, seed: int = 0
) -> AnnData:
    """Load a part of the cytokine screen that CellFlow was trained on (Parse Biosciences).

    Parameters
    ----------
    donors : sequence of str
        "Donor1" to "Donor12".
    cells_per_cytokine : int
        At most so many cells of each donor and cytokine, and of its controls.
    seed : int
        Same seed, same cells.

    Returns
    -------
    AnnData
        What `pbmc_screen` makes of these cells.

    Raises
    ------
    ImportError
        If huggingface_hub is not installed.
    RuntimeError
        If the file cannot be downloaded: it has about 13 GB, and stays in the cache of the hub.
    ValueError
        If a donor is not in the file, or the file is not as this loader expects.

    Notes
    -----
    Written from the source and the tutorial of CellFlow, and not run where this book was built:
    see the page on data sets.

    Described on the page reference/datasets.
    """
    hub = outside("huggingface_hub", "huggingface_hub")
    try:
        path = hub.hf_hub_download(REPOSITORY, FILE, repo_type="dataset")
    except OSError as error:
        raise RuntimeError(
            f"{FILE} could not be downloaded from {REPOSITORY} on the Hugging Face hub "
            f"({type(error).__name__}: {' '.join(str(error).split())[:200]}): connect to the "
            "network, and run `hf auth login` if the hub asks for it, then load it again"
        ) from error
    return pbmc_screen(_read_part(path, donors, cells_per_cytokine, seed))


def pbmc_screen(adata: AnnData) -> AnnData:
    """Map cells of CellFlow's ``pbmc_parse.h5ad`` to the keys of a screen.

    Parameters
    ----------
    adata : AnnData
        ``obs``: "cytokine" ("PBS" is the control), "cell_type", "donor" and "tscp_count", the
        transcripts of a cell over all genes; ``uns["esm2_embeddings"]``: cytokine -> vector;
        ``X`` or ``layers["counts"]``: counts of 2,000 genes, or ``X``: log-normalised values.

    Returns
    -------
    AnnData
        ``X``: log1p of counts per 10,000 transcripts of the cell, or as it was if it held no
        counts; ``obs``: "perturbation", "context" (the cell type) and "donor";
        ``uns["descriptors"]``: one ESM2 vector per cytokine. No embedding.

    Raises
    ------
    ValueError
        If a key is missing, or a cytokine has no vector.

    Described on the page reference/datasets.
    """
    need_cells(adata, "cellflow_pbmc", *COLUMNS)
    vectors = adata.uns.get("esm2_embeddings", {})
    cytokine = adata.obs["cytokine"].astype(str).replace("PBS", CONTROL)
    names = sorted(set(cytokine) - {CONTROL})
    lacking = [name for name in names if name not in vectors]
    if lacking:
        raise ValueError(
            f'uns["esm2_embeddings"] has no vector for {", ".join(lacking[:3])}: '
            "leave out the cells of these cytokines, then map the others"
        )
    descriptors = pd.DataFrame([np.ravel(vectors[name]) for name in names], index=names)
    descriptors.columns = [f"esm2_{j}" for j in range(descriptors.shape[1])]
    obs = pd.DataFrame(
        {
            "perturbation": cytokine,
            "context": pd.Categorical(adata.obs["cell_type"].astype(str)),
            "donor": pd.Categorical(adata.obs["donor"].astype(str)),
        }
    )
    values = sparse.csr_matrix(adata.layers.get("counts", adata.X), dtype=np.float32)
    if (values.data % 1).any():  # its tutorial says neither that X holds counts nor the contrary
        screen = AnnData(X=values, obs=obs, var=pd.DataFrame(index=adata.var_names))
        return describe(screen, "cellflow_pbmc", descriptors)
    totals = adata.obs["tscp_count"].to_numpy()
    genes = adata.var_names
    return build_screen("cellflow_pbmc", values, obs, genes, descriptors=descriptors, totals=totals)


def _read_part(path, donors, cells_per_cytokine, seed):
    """Read some cells of a file that no laptop can hold whole."""
    rng = np.random.default_rng(seed)
    with h5py.File(path) as file:
        need_columns(file["obs"], "cellflow_pbmc", *COLUMNS)
        obs = pd.DataFrame({column: read_elem(file["obs"][column]) for column in COLUMNS})
        present = sorted(obs["donor"].unique())
        if not set(donors) or set(donors) - set(present):
            raise ValueError(
                f"donors={list(donors)} names none, or one that {FILE} lacks: choose of {present}"
            )
        of_donors = obs[obs["donor"].isin(list(donors))]
        groups = of_donors.groupby(["donor", "cytokine"], observed=True).indices.values()
        chosen = [
            rng.choice(group, min(cells_per_cytokine, len(group)), replace=False)
            for group in groups
        ]
        rows = np.sort(of_donors.index.to_numpy()[np.concatenate(chosen)])
        matrix = file["layers/counts"] if "layers/counts" in file else file["X"]
        names, genes = (
            pd.Index(read_elem(file[part][file[part].attrs["_index"]])) for part in ("obs", "var")
        )
        return AnnData(
            X=sparse_dataset(matrix)[rows],
            obs=obs.iloc[rows].set_index(names[rows]),
            var=pd.DataFrame(index=genes),
            uns={"esm2_embeddings": read_elem(file["uns/esm2_embeddings"])},
        )
