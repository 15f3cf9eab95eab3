"""The four ReconEval metrics under their own names: AnnData in, number out.

They pool all cells they are given, as ReconEval does: give them one perturbation at a time.
"""

from __future__ import annotations

from anndata import AnnData

from recon_tutorial.metrics.distribution import energy_distance
from recon_tutorial.metrics.expression import mse, r2
from recon_tutorial.metrics.neighbours import knn_purity


def metric_r2(adata_true: AnnData, adata_pred: AnnData) -> float:
    """R2 between summed expression per gene; see `r2`.

    Parameters
    ----------
    adata_true, adata_pred : AnnData
        Cells x genes, expression in ``X``, dense or sparse; the same number of cells.

    Returns
    -------
    float
        1 at best.

    Raises
    ------
    ValueError
        If one is no AnnData, or genes or numbers of cells differ.

    Derived in chapter 1.
    """
    return r2(*_expression(adata_true=adata_true, adata_pred=adata_pred))


def metric_mse(adata_true: AnnData, adata_pred: AnnData) -> float:
    """Cell-wise mean squared error of expression; see `mse`.

    Parameters
    ----------
    adata_true, adata_pred : AnnData
        Cells x genes, expression in ``X``; row i predicts row i.

    Returns
    -------
    float
        0 at best.

    Raises
    ------
    ValueError
        If one is no AnnData, or genes or numbers of cells differ.

    Derived in chapter 1.
    """
    return mse(*_expression(adata_true=adata_true, adata_pred=adata_pred))


def metric_energy_distance(adata_true: AnnData, adata_pred: AnnData) -> float:
    """Energy distance of expression, V-statistic; see `energy_distance`.

    Parameters
    ----------
    adata_true, adata_pred : AnnData
        Cells x genes, expression in ``X``.

    Returns
    -------
    float
        0 at best.

    Raises
    ------
    ValueError
        If one is no AnnData, or genes differ.

    Derived in chapter 1.
    """
    return energy_distance(*_expression(adata_true=adata_true, adata_pred=adata_pred), biased=True)


def metric_knn_purity(
    adata_pred: AnnData,
    adata_pert_true: AnnData,
    adata_ctrl: AnnData,
    *,
    k: int = 20,
    use_rep: str | None = None,
) -> float:
    """Nearest-neighbour purity of predicted cells; see `knn_purity`.

    Parameters
    ----------
    adata_pred, adata_pert_true, adata_ctrl : AnnData
        Predicted, true perturbed and control cells.
    k : int
        Number of neighbours.
    use_rep : str, optional
        Key in ``obsm`` of the space to search; ``X`` by default.

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    ValueError
        If one is no AnnData, genes differ, `use_rep` is missing, or `k` exceeds the pool.

    Derived in chapter 1.
    """
    named = {
        "adata_pred": adata_pred,
        "adata_pert_true": adata_pert_true,
        "adata_ctrl": adata_ctrl,
    }
    if use_rep is None:
        pred, true, ctrl = _expression(**named)
    else:
        pred, true, ctrl = [_embedding(a, name, use_rep) for name, a in named.items()]
    return knn_purity(true, pred, ctrl, k=k)


def _expression(**named):
    """``X`` of each AnnData, its genes in the order of the first."""
    for name, adata in named.items():
        if not isinstance(adata, AnnData):
            raise ValueError(f"{name} is a {type(adata).__name__}: pass an AnnData")
    (first, reference), *others = named.items()
    for name, adata in others:
        missing = reference.var_names.difference(adata.var_names)
        extra = adata.var_names.difference(reference.var_names)
        if len(missing) or len(extra):
            raise ValueError(
                f"{name} and {first} measure different genes "
                f"(for example {[*missing, *extra][0]!r}): subset both to their common genes"
            )
    genes = reference.var_names
    return [a.X if a.var_names.equals(genes) else a[:, genes].X for a in named.values()]


def _embedding(adata, name, use_rep):
    if use_rep not in adata.obsm:
        found = ", ".join(adata.obsm) or "none"
        raise ValueError(f"{name}.obsm has no {use_rep!r} (found: {found}): compute it first")
    return adata.obsm[use_rep]
