"""Truth and predictions of a split in the shapes that other evaluators read."""

from __future__ import annotations

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from recon_tutorial.interop._labels import as_text, listed, rows_by
from recon_tutorial.interop._predictions import read_predictions
from recon_tutorial.validation import CONTROL, GENES, validate_screen

LARGEST = 15  # cell-eval takes larger values for something else than log1p of counts


def to_cell_eval(
    screen: AnnData,
    split,
    predictions,
    *,
    perturbation_key: str = "perturbation",
    context_key: str | None = "context",
    pert_col: str = "target",
    control_pert: str = "non-targeting",
) -> tuple[AnnData, AnnData]:
    """Write the test cells of a split, and predictions of them, as cell-eval reads them.

    ``MetricsEvaluator(adata_pred=predicted, adata_real=real)`` takes the two as they are.

    Parameters
    ----------
    screen : AnnData
        A screen.
    split : Split
        It is audited first.
    predictions : mapping, AnnData, str or Path
        Predicted genes of every test perturbation, in any form that `Recorded` takes.
    perturbation_key, context_key : str
        Columns of an AnnData of predictions, as for `Recorded`.
    pert_col, control_pert : str
        Names of the column and of the controls in the output; cell-eval's defaults.

    Returns
    -------
    real, predicted : AnnData
        The true and the predicted test cells in log-normalised genes, dense float32, each
        followed by the same controls: those that scores of this split are measured against.
        ``obs["context"]`` is in both if the predictions tell contexts apart: cell-eval then wants
        one context at a time.

    Raises
    ------
    TypeError, FileNotFoundError, ValueError
        As `Recorded` does; if a test perturbation has no prediction; if the name for controls is
        that of a perturbation; or if values leave the range that cell-eval takes, 0 to 15.

    Notes
    -----
    Of cell-eval 0.8.2, ``pearson_delta`` is `pearson_delta`, ``mse`` is `mse_mean`,
    ``discrimination_score_l1``, ``_l2`` and ``_cosine`` are `discrimination` with ``out_of="all"``
    (but for ties, and for the gene of the perturbation's own name, which cell-eval leaves out),
    and ``pearson_edistance`` is the correlation over perturbations between true and predicted
    `energy_distance` to control with ``biased=True``.
    Its numbers of differential expression have no counterpart here.
    `evaluate` averages over halves of the test cells; cell-eval scores all of them at once.

    Derived in chapter 12.
    """
    columns = {"perturbation_key": perturbation_key, "context_key": context_key}
    truth, cells, controls = _parts(
        screen, split, predictions, use_rep=GENES, embed=None, **columns
    )
    if control_pert in {perturbation for perturbation, _ in truth}:
        raise ValueError(
            f"control_pert={str(control_pert)!r} is the name of a perturbation: choose another"
        )
    out = []
    for what, parts in (("true", truth | controls), ("predicted", cells | controls)):
        for (name, _), part in parts.items():
            if part.min() < 0 or part.max() >= LARGEST:
                raise ValueError(
                    f"{what} expression of {name} runs from {part.min():.2g} to {part.max():.2g} "
                    f"but cell-eval takes 0 to {LARGEST}: clip it, and say so beside the scores"
                )
        matrix, obs = _stacked(parts, what)
        label = obs.pop("perturbation")
        obs[pert_col] = pd.Categorical(label.where(label != CONTROL, control_pert))
        out.append(AnnData(matrix, obs=obs, var=pd.DataFrame(index=screen.var_names)))
    return out[0], out[1]


def to_pertpy(
    screen: AnnData,
    split,
    predictions,
    *,
    perturbation_key: str = "perturbation",
    context_key: str | None = "context",
    use_rep: str = "X_emb",
    embed=None,
) -> AnnData:
    """Write the test cells of a split, and predictions of them, as pertpy reads them.

    ``Distance("edistance", obsm_key="X_emb").pairwise(cells, groupby="group", groups=[...])``
    compares any of the groups.

    Parameters
    ----------
    screen, split, predictions
        As for `to_cell_eval`.
    perturbation_key, context_key, use_rep, embed
        As for `Recorded`.

    Returns
    -------
    AnnData
        True cells, predicted cells and controls (those that scores of this split are measured
        against) in ``obsm[use_rep]``, float32, without ``X``. ``obs["kind"]`` is "true",
        "predicted" or "control", and ``obs["group"]`` reads "p0 (true)", "p0 (predicted)" or
        "control", with "in B" after the name where the predictions tell contexts apart.

    Raises
    ------
    TypeError, FileNotFoundError, ValueError
        As `Recorded` does, or if a test perturbation has no prediction.

    Notes
    -----
    pertpy's "edistance" is `energy_distance` with ``biased=True``, squared before its version
    0.11; its "mmd" with ``kernel="rbf"`` is `mmd_rbf` with the same gamma.

    Derived in chapter 12.
    """
    columns = {"perturbation_key": perturbation_key, "context_key": context_key}
    parts = _parts(screen, split, predictions, use_rep=use_rep, embed=embed, **columns)
    matrices, frames = [], []
    for kind, cells in zip(("true", "predicted", "control"), parts):
        matrix, obs = _stacked(cells, kind)
        where = " in " + obs["context"] if "context" in obs else ""
        obs["group"] = obs["perturbation"] + where + ("" if kind == "control" else f" ({kind})")
        matrices.append(matrix)
        frames.append(obs.assign(kind=kind))
    obs = pd.concat(frames).astype("category")
    return AnnData(obs=obs, obsm={use_rep: np.concatenate(matrices)})


def _parts(screen, split, predictions, *, perturbation_key, context_key, use_rep, embed):
    """Cells of each key: true test cells, predictions of them, and reference controls."""
    validate_screen(screen, use_rep=None if use_rep == GENES else use_rep)
    if not hasattr(split, "audit"):
        raise TypeError(f"split is a {type(split).__name__}: pass a Split, as split_cells makes it")
    split.audit(screen)
    cells = read_predictions(
        predictions,
        screen,
        perturbation_key=perturbation_key,
        context_key=context_key,
        use_rep=use_rep,
        embed=embed,
    )
    label = as_text(screen.obs["perturbation"])
    context = np.full(screen.n_obs, None)
    if any(where is not None for _, where in cells):
        context = as_text(screen.obs["context"])
    matrix = screen.X if use_rep == GENES else screen.obsm[use_rep]
    truth = _grouped(matrix, label, context, split.test & (label != CONTROL))
    missing = [p if c is None else f"{p} in {c}" for p, c in truth if (p, c) not in cells]
    if missing:
        raise ValueError(
            f"{len(missing)} of {len(truth)} test perturbations have no prediction "
            f"({listed(missing)}): predict all that are tested"
        )
    controls = _grouped(matrix, label, context, split.reference_controls(screen))
    return truth, {key: cells[key] for key in truth}, controls


def _grouped(matrix, label, context, mask):
    """Cells under a mask by (perturbation, context), dense float32."""
    groups, inside = {}, np.flatnonzero(mask)
    for key, rows in rows_by(zip(label[inside], context[inside])).items():
        part = matrix[inside[rows]]
        part = part.toarray() if sparse.issparse(part) else np.asarray(part)
        groups[key] = part.astype(np.float32)
    return groups


def _stacked(parts, prefix):
    """One matrix of all parts, and what each row is."""
    sizes = [len(part) for part in parts.values()]
    names = [f"{prefix}-{i}" for i in range(sum(sizes))]
    obs = pd.DataFrame(index=names)
    obs["perturbation"] = np.repeat([perturbation for perturbation, _ in parts], sizes)
    if all(context is not None for _, context in parts):
        obs["context"] = np.repeat([context for _, context in parts], sizes)
    return np.concatenate(list(parts.values())), obs
