"""A reader's AnnData as a screen."""

from __future__ import annotations

from difflib import get_close_matches

import numpy as np
import pandas as pd
from anndata import AnnData

from recon_tutorial.interop._labels import labels, listed
from recon_tutorial.interop._matrices import embedding, expression
from recon_tutorial.interop._tables import descriptor_table
from recon_tutorial.validation import CONTROL, validate_screen


def screen_from_anndata(
    adata: AnnData,
    *,
    perturbation_key: str,
    control,
    context_key: str | None = None,
    use_rep: str | None = None,
    descriptors=None,
) -> AnnData:
    """Make a screen of an AnnData that names its perturbations and controls in its own way.

    Parameters
    ----------
    adata : AnnData
        Cells x genes, log-normalised expression in ``X``: dense or sparse, a view, or backed by
        a file, of which its rows are then read into memory. It is not changed.
    perturbation_key : str
        Column of ``obs`` that names each cell's perturbation: text, categories, numbers or truth
        values, taken by how they print.
    control : str, int, float or bool
        The label of the controls there, such as "non-targeting", "ctrl" or "DMSO_TF".
    context_key : str, optional
        Column of ``obs`` that names each cell's type, donor or line.
    use_rep : str, optional
        Key in ``obsm`` of an embedding, such as "X_pca", copied to ``obsm["X_emb"]``; by default
        what is there stays, or there is none yet.
    descriptors : DataFrame, or mapping of str to vector, optional
        One row of numbers per perturbation. Rows that no cell asks for are kept, since somebody
        may want to predict them. By default ``uns["descriptors"]``, or else one-hot columns,
        with a warning of what those cannot do.

    Returns
    -------
    AnnData
        A new one that passes `validate_screen`: controls are called "control", ``X`` and
        ``obsm["X_emb"]`` are float32, a sparse ``X`` is CSR, unused categories are gone.
        Everything else (other columns, layers, ``raw``, ``var``, ``uns``) is copied as it is.

    Raises
    ------
    TypeError
        If `adata` is no AnnData.
    ValueError
        If a column, the controls, the embedding or a descriptor is missing, a label is, ``X``
        holds counts or negative values, names repeat, or a screen's own name is already taken.

    Warns
    -----
    UserWarning
        If there are no descriptors.

    Notes
    -----
    Names of perturbations stay as they are. "A+B" is read as the combination of A and B
    everywhere in this package; "A_B" is one more single perturbation, so rename it to "A+B" if it
    is a combination. "A+ctrl" is refused: as a combination it would share its part "ctrl" with
    all others, and none of them could be held out.
    Nobody can see from an embedding which cells it was fitted on. If yours saw all of them, so
    did every split that follows: fit one with `fit_embedding` on training cells, or write the
    names of the cells it saw to ``uns["fitted_on"]["embedding"]``, which `Split.audit` reads.

    Derived in chapter 12.
    """
    if not isinstance(adata, AnnData):
        raise TypeError(
            f"an AnnData is needed, not a {type(adata).__name__}: read a file with "
            "anndata.read_h5ad, and take one modality of a MuData"
        )
    for slot, name, argument, key in (
        ("obs", "perturbation", "perturbation_key", perturbation_key),
        ("obs", "context", "context_key", context_key),
        ("obsm", "X_emb", "use_rep", use_rep or "X_emb"),
    ):
        if name in getattr(adata, slot) and key != name:
            raise ValueError(
                f"{slot}[{name!r}] is taken, where a screen would keep what {argument}={key!r} "
                f"names: pass {argument}={name!r} if it is this, or rename it first"
            )
    perturbation = _perturbations(adata.obs, perturbation_key, str(control))
    context = None if context_key is None else labels(adata.obs, context_key, "context_key")
    if use_rep is not None and (not isinstance(use_rep, str) or use_rep not in adata.obsm):
        found = listed(adata.obsm) or "none"
        raise ValueError(
            f"use_rep={use_rep!r} is no key of obsm (found: {found}): name your embedding"
        )

    if not (adata.obs_names.is_unique and adata.var_names.is_unique):
        validate_screen(adata)  # says so; a copy would make anndata warn of it in other words
    screen = adata.to_memory(copy=True)  # whatever it is: a view, or a file on disk
    screen.X = expression(screen.X)
    screen.obs["perturbation"] = pd.Categorical(perturbation)
    if context is not None:
        screen.obs["context"] = pd.Categorical(context)
    if use_rep is not None or "X_emb" in screen.obsm:
        screen.obsm["X_emb"] = embedding(screen.obsm[use_rep or "X_emb"], use_rep or "X_emb")
    if descriptors is None:
        descriptors = screen.uns.get("descriptors")
    names = sorted(set(perturbation) - {CONTROL})
    if names:  # otherwise validate_screen says what is missing
        screen.uns["descriptors"] = descriptor_table(descriptors, names)
    validate_screen(screen, use_rep="X_emb" if "X_emb" in screen.obsm else None)
    return screen


def _perturbations(obs, key, control):
    """Label of each cell, (n_cells,), its controls renamed."""
    label = labels(obs, key, "perturbation_key")
    present = sorted(set(label))
    if len(label) and control not in present:
        near = get_close_matches(control, present, n=3, cutoff=0.5) or present
        raise ValueError(
            f"no cell is labelled {control!r} in obs[{key!r}] (found {listed(near)}): "
            "pass the label of your controls as control="
        )
    if CONTROL in present and control != CONTROL:
        raise ValueError(
            f"obs[{key!r}] holds {CONTROL!r} beside control={control!r}, and a screen has one "
            "name for controls: give both the same label, or drop one of them"
        )
    parts = {name: [part.strip() for part in name.split("+")] for name in present}
    joined = [name for name in present if name != control and control in parts[name]]
    if joined:
        alone = "+".join(part for part in parts[joined[0]] if part != control)
        others = f", and so on for {len(joined) - 1} more" if joined[1:] else ""
        raise ValueError(
            f"{joined[0]!r} joins a perturbation to the control {control!r}: "
            f"name it after the perturbation alone, {alone!r}{others}"
        )
    return np.where(label == control, CONTROL, label)
