"""Both claims from one fit: unseen cells and unseen perturbations with the same training cells."""

from __future__ import annotations

import numpy as np
from anndata import AnnData

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
        Share of the controls that go to test with the held-out perturbations; then share of the
        cells of each training perturbation, and of the controls left, to test on.
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
    of_perts = hold_out_perturbations(
        adata, n, n_validation=n_validation, control_fraction=fraction, seed=seed
    )
    # Cut what that leaves to train on, not the whole screen: two draws from all controls would
    # overlap, and a small context might be left without any in some part.
    rows = np.flatnonzero(of_perts.train)
    of_cells = split_cells(
        adata[rows], fraction, seed, validation_fraction=fraction / 2 if n_validation else 0.0
    )
    parts = {name: np.zeros(adata.n_obs, dtype=bool) for name in of_cells.parts()}
    for name, mask in of_cells.parts().items():
        parts[name][rows[mask]] = True
    cells = Split("unseen cells", **parts)
    return cells, Split(
        "unseen perturbations", cells.train, of_perts.test, validation=of_perts.validation
    )
