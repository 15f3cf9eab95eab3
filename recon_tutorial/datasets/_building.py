"""What the loaders share: a screen from raw counts, and packages that may not be installed."""

from __future__ import annotations

import importlib

import numpy as np
import pandas as pd
from anndata import AnnData
from anndata.utils import make_index_unique
from scipy import sparse
from sklearn.preprocessing import normalize

from recon_tutorial.datasets.catalogue import DATASETS
from recon_tutorial.validation import CONTROL


def build_screen(
    name: str, counts, obs: pd.DataFrame, genes, *, descriptors: pd.DataFrame, totals=None
) -> AnnData:
    """Make a screen of raw counts: log1p of counts per 10,000, on genes seen in 3 cells or more.

    Parameters
    ----------
    name : str
        Key of ``DATASETS``, whose card becomes ``uns["source"]``.
    counts : array or sparse matrix of shape (n_cells, n_genes)
        Whole numbers.
    obs : DataFrame
        One row per cell; column "perturbation", where controls are "control".
    genes : sequence of str
        Names of the genes.
    descriptors : DataFrame
        One row per perturbation.
    totals : array of shape (n_cells,), optional
        Counts of a cell over all genes, where `counts` holds some of them only.
    """
    if counts is None:
        raise ValueError(f"{name!r} has no X: its counts should be there")
    counts = sparse.csr_matrix(counts, dtype=np.float32)
    if (counts.data < 0).any() or (counts.data % 1).any():
        raise ValueError(
            f"{name!r} should hold raw counts but {_first_odd(counts.data):g} is none: "
            "its file has changed since this loader was written, so read it yourself"
        )
    names = make_index_unique(pd.Index(genes, dtype=str))
    screen = AnnData(X=counts, obs=obs, var=pd.DataFrame(index=names))
    screen = screen[:, counts.getnnz(axis=0) >= 3].copy()
    if screen.n_vars == 0:
        raise ValueError(f"{name!r} has no gene that 3 cells or more express: pass more cells")
    screen.layers["counts"] = screen.X.copy()
    if totals is None:
        screen.X = normalize(screen.X, norm="l1", copy=False)
    else:
        screen.X.data /= np.repeat(np.asarray(totals, dtype=np.float32), np.diff(screen.X.indptr))
    screen.X.data = np.log1p(10_000 * screen.X.data)
    return describe(screen, name, descriptors)


def describe(screen: AnnData, name: str, descriptors: pd.DataFrame) -> AnnData:
    """Add the descriptors, and where the data come from."""
    screen.obs["perturbation"] = pd.Categorical(screen.obs["perturbation"])
    card = DATASETS[name]
    screen.uns["descriptors"] = descriptors.astype(np.float32)
    screen.uns["source"] = {"citation": card.citation, "doi": card.doi, "licence": card.licence}
    return screen


def gene_descriptors(names) -> pd.DataFrame:
    """Describe perturbations "a" and "a+b" by the genes they name: 1 for each, 0 elsewhere."""
    parts = {name: name.split("+") for name in sorted(set(names) - {CONTROL})}
    genes = sorted({gene for both in parts.values() for gene in both})
    return pd.DataFrame(
        [[float(gene in both) for gene in genes] for both in parts.values()],
        index=list(parts),
        columns=genes,
    )


def need_cells(adata, name: str, *columns: str) -> None:
    """Refuse what is no AnnData of cells with names of their own and these columns."""
    if not isinstance(adata, AnnData):
        raise ValueError(f"{name!r} is a {type(adata).__name__}: pass the AnnData of its file")
    need_columns(adata.obs, name, *columns)
    if 0 in adata.shape:
        raise ValueError(f"{name!r} has {adata.n_obs} cells x {adata.n_vars} genes: pass its cells")
    if not adata.obs_names.is_unique:
        raise ValueError(f"{name!r} names cells twice: call adata.obs_names_make_unique()")


def need_columns(found, name: str, *columns: str) -> None:
    """Refuse an obs whose columns, `found`, lack one that the mapping reads."""
    lacking = [column for column in columns if column not in found]
    if lacking:
        raise ValueError(
            f"{name!r} should have obs[{lacking[0]!r}] but has {', '.join(found) or 'none'}: "
            "its file has changed since this loader was written, so read it yourself"
        )


def outside(module: str, package: str):
    """Import an optional package, or say how to install it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(
            f"this data set is downloaded by {package}, which cannot be imported ({error}): "
            f"run `pip install {package}`, then load it again"
        ) from error


def _first_odd(values):
    return values[(values < 0) | (values % 1 != 0)][0]
