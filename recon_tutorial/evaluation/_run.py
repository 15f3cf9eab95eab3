"""Fit every model on the same rows, score it on the same halves, and say why one failed."""

from __future__ import annotations

from collections.abc import Mapping
from time import perf_counter

import numpy as np
import pandas as pd
from anndata import AnnData
from tqdm import tqdm

from recon_tutorial._given import at_least
from recon_tutorial.evaluation._arena import build_arena, with_genes
from recon_tutorial.evaluation._provenance import provenance
from recon_tutorial.evaluation._scoring import chosen_metrics, score_model, score_replicate
from recon_tutorial.evaluation.calibration import calibrate
from recon_tutorial.pairing import make_pairs
from recon_tutorial.predictors.baselines import MeanShift, NoChange
from recon_tutorial.splits._covers import covers
from recon_tutorial.validation import GENES, validate_screen

FLOORS = {"no change": NoChange, "mean shift": MeanShift}
COLUMNS = ["model", "split", "claim", "space", "perturbation", "context", "metric", "value"]


def evaluate(
    models: Mapping,
    adata: AnnData,
    split,
    *,
    decoder=None,
    metrics=None,
    pairing: str = "random",
    train_options: Mapping[str, dict] | None = None,
    use_rep: str = "X_emb",
    n_boot: int = 1000,
    seed: int = 0,
    progress: bool | None = None,
) -> pd.DataFrame:
    """Fit models on the training part of a split and score them on its test part.

    Each perturbation (in each context) is scored by itself, on five seeded halves of its test
    cells: predictions for a half against the true cells of that half.
    The ceiling is a replicate, the other half of the real cells; the floor is *no change* or the
    *mean shift*, whichever is better on average.
    Predictions start from random test controls; scores are measured against other controls.

    Parameters
    ----------
    models : mapping of str to predictor
        Untrained predictors by name; "no change", "mean shift" and "replicate" are added.
        One whose attribute ``answers_rows`` is False is not scored on matched rows.
    adata : AnnData
        A screen.
    split : Split
        It is audited first.
    decoder : FrozenDecoder, optional
        Adds two spaces of genes: decoded predictions against decoded truth ("decoded", the error
        of the shift alone) and against measured expression ("measured").
    metrics : sequence of str, or mapping of str to dict, optional
        Names of cards, or names with options such as ``{"knn_purity": {"k": 20}}``; all by
        default, with k = 10 for purity. Those that compare genes need a decoder.
    pairing : {"random", "true", "mean", "ot"}
        How training rows are paired; see `make_pairs`.
    train_options : mapping of str to dict, optional
        Keyword arguments for the ``train`` of single models.
    use_rep : str
        Key in ``obsm`` of the embedding; "X" trains and scores on measured genes themselves, in
        the space "measured", with floors and ceiling in genes and no decoder.
    n_boot : int
        Bootstrap draws that `leaderboard` and `compare` will use.
    seed : int
        Seed of pairs, halves and bootstrap.
    progress : bool, optional
        Show a bar over models; by default only in a terminal.

    Returns
    -------
    DataFrame
        One row per model, space, perturbation, context and metric, with columns ``model, split,
        claim, space, perturbation, context, metric, value, floor, ceiling, scaled, note``.
        A model that fails has one row whose note says why.
        ``attrs`` holds fit seconds, versions, seeds and a hash of the data.

    Raises
    ------
    ValueError
        If the screen, the split, a metric name or the decoder's genes do not fit.

    Examples
    --------
    >>> from recon_tutorial.predictors import RidgeShift
    >>> from recon_tutorial.screen import simulate_screen
    >>> from recon_tutorial.splits import hold_out_perturbations
    >>> screen = simulate_screen(n_perturbations=30, cells_per_perturbation=20, cov_dim=4)
    >>> split = hold_out_perturbations(screen, n=5)
    >>> metrics = ["energy_distance", "r2_delta"]
    >>> models = {"ridge": RidgeShift()}
    >>> results = evaluate(models, screen, split, metrics=metrics, progress=False)
    >>> sorted(results["model"].unique())
    ['mean shift', 'no change', 'replicate', 'ridge']
    >>> results[["claim", "perturbation", "metric"]].nunique().to_dict()
    {'claim': 1, 'perturbation': 5, 'metric': 2}

    Derived in chapters 4 and 5.
    """
    in_genes = use_rep == GENES
    validate_screen(adata, use_rep=None if in_genes else use_rep)
    covers(split, adata)
    split.audit(adata)
    at_least(0, seed=seed)
    at_least(1, n_boot=n_boot)
    _check_names(models, train_options or {})
    _check_genes(decoder, adata, in_genes)
    if in_genes:
        adata = with_genes(adata)
    cards = chosen_metrics(metrics)
    if decoder is None and not in_genes and all(card.genes_only for card, _ in cards):
        raise ValueError(f"{cards[0][0].name} compares genes: pass a decoder, or another metric")
    context_key = "context" if "context" in adata.obs else None
    train = make_pairs(
        adata[split.train], how=pairing, context_key=context_key, use_rep=use_rep, seed=seed
    )
    arena = build_arena(adata, split, decoder=decoder, pairing=pairing, use_rep=use_rep, seed=seed)
    entrants = {**models, **{n: f() for n, f in FLOORS.items() if n not in models}}
    rows, seconds = score_replicate(arena, cards), {}
    hidden = None if progress is None else not progress
    for name, model in tqdm(entrants.items(), desc="evaluate", unit="model", disable=hidden):
        start = perf_counter()
        try:
            model.train(*_copies(*train[:3]), **(train_options or {}).get(name, {}))
            seconds[name] = perf_counter() - start
            predictions = _predict(model, arena)
        # Anybody's code runs here: whatever it raises becomes this model's row, and the
        # scores of the others are kept. KeyboardInterrupt is no Exception and passes.
        except Exception as error:
            rows.append({"model": name, "note": f"failed: {type(error).__name__}: {error}"})
            continue
        rows += score_model(name, predictions, arena, cards, decoder)
    frame = pd.DataFrame(rows).assign(split="test", claim=split.claim)
    frame = frame.reindex(columns=[*COLUMNS, "note"])
    frame["note"] = frame["note"].fillna("")
    result = calibrate(frame)
    result.attrs = provenance(adata, use_rep) | {
        "claim": split.claim,
        "pairing": pairing,
        "seed": int(seed),  # not one of numpy, which JSON does not know
        "n_boot": int(n_boot),
        "options": {card.name: options for card, options in cards},
        "fit_seconds": {name: round(s, 4) for name, s in seconds.items()},
    }
    return result


def _predict(model, arena):
    """Predictions from random controls, and from partners where rows have one."""
    answers = [_checked(model.predict(*_copies(arena.ctrl, arena.cov)), arena.ctrl)]
    if arena.partner is not None and getattr(model, "answers_rows", True):
        answers.append(_checked(model.predict(*_copies(arena.partner, arena.cov)), arena.ctrl))
    return answers


def _copies(*arrays):
    """A model may write to what it is given; those after it, floors included, must not see it."""
    return (array.copy() for array in arrays)


def _checked(prediction, ctrl):
    prediction = np.asarray(prediction)
    if prediction.shape != ctrl.shape:
        raise ValueError(f"predict returned shape {prediction.shape}, expected {ctrl.shape}")
    if not np.isfinite(prediction).all():
        raise ValueError("predict returned NaN or infinite values")
    return prediction.astype(np.float64)


def _check_names(models, train_options):
    for name, value in (("models", models), ("train_options", train_options)):
        if not isinstance(value, Mapping):
            raise ValueError(
                f"{name} is a {type(value).__name__}: pass a dict by name of the model"
            )
    if not models:
        raise ValueError('there is no model to evaluate: pass {"name": predictor}')
    for name, model in models.items():
        if isinstance(model, type):
            raise ValueError(
                f"{name!r} is the class {model.__name__}: pass an object of it, {model.__name__}()"
            )
    if "replicate" in models:
        raise ValueError('"replicate" is the name of the ceiling: give your model another name')
    unknown = sorted(set(train_options) - set(models))
    if unknown:
        raise ValueError(f"train_options names {unknown[0]!r}, which is no model here")


def _check_genes(decoder, adata, in_genes):
    if decoder is None:
        return
    if not hasattr(decoder, "gene_names"):
        raise ValueError(f"decoder is a {type(decoder).__name__}: pass a FrozenDecoder")
    if in_genes:
        raise ValueError('use_rep="X" scores genes as they are predicted: leave out the decoder')
    if list(decoder.gene_names) != list(adata.var_names):
        differ = sorted(set(decoder.gene_names) ^ set(adata.var_names))
        what = f"for example {differ[0]!r}" if differ else "in another order"
        raise ValueError(
            f"the decoder's genes are not those of the screen ({what}): "
            "train the decoder on this screen, or subset and order the screen's genes"
        )
