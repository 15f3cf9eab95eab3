"""Both claims from one fit: unseen cells and unseen perturbations with the same training cells."""

from __future__ import annotations

from anndata import AnnData

from recon_tutorial.splits._draw import checked
from recon_tutorial.splits.cells import split_cells
from recon_tutorial.splits.perturbations import hold_out_perturbations
from recon_tutorial.splits.split import Split


def split_both(
    adata: AnnData,
    n: int | None = None,
    *,
    n_validation: int = 0,
    fraction: float = 0.2,
    seed: int = 0,
) -> tuple[Split, Split]:
    """Hold out perturbations, and cells of the others: two claims about one fit.

    Parameters
    ----------
    adata : AnnData
        A screen; the embedding need not exist yet.
    n : int, optional
        How many perturbations to hold out, by default a fifth of them.
    n_validation : int
        How many more, to choose settings on; with 1 or more, cells of the training perturbations
        are set aside for validation too, half as many as for the test.
    fraction : float
        Share of the cells of each training perturbation, and of the controls, to test on.
    seed : int
        Same seed, same splits; the test perturbations do not depend on `n_validation`.

    Returns
    -------
    cells, perturbations : Split
        With the claims "unseen cells" and "unseen perturbations", and equal ``train``.

    Raises
    ------
    ValueError
        As `split_cells` and `hold_out_perturbations` do.

    Derived in chapter 7.
    """
    of_cells = split_cells(
        adata, fraction, seed, validation_fraction=fraction / 2 if n_validation else 0.0
    )
    of_perts = hold_out_perturbations(
        adata, n, n_validation=n_validation, control_fraction=fraction, seed=seed
    )
    train = of_cells.train & of_perts.train
    kept = None if of_cells.validation is None else of_cells.validation & of_perts.train
    cells = Split("unseen cells", train, of_cells.test & of_perts.train, validation=kept)
    perturbations = Split(
        "unseen perturbations", train, of_perts.test, validation=of_perts.validation
    )
    return checked(cells, adata), checked(perturbations, adata)
