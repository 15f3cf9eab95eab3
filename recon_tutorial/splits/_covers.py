"""What rooms ask of a split that they are given, in one sentence."""

from __future__ import annotations

from anndata import AnnData


def covers(split, adata) -> None:
    """Refuse what is no split, or not one of this screen."""
    from recon_tutorial.splits.split import Split  # here, for a split asks it of itself, too

    if not isinstance(split, Split):
        raise ValueError(
            f"split is a {type(split).__name__}: pass a Split, as split_cells makes it"
        )
    if not isinstance(adata, AnnData):
        raise ValueError(f"a screen is an AnnData, not a {type(adata).__name__}: pass that")
    if len(split.train) != adata.n_obs:
        raise ValueError(
            f"this split covers {len(split.train)} cells but the screen has {adata.n_obs}: "
            "audit it on the screen that was split"
        )
