"""Every metric on every half of every group, in every space."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from recon_tutorial.metrics import METRICS

DEFAULT_OPTIONS = {"knn_purity": {"k": 10}}
NOT_PAIRED = 'needs matched rows: pass pairing="true" on a screen with partners'
NO_ROWS = "needs matched rows, and no row of this model answers a certain control"
NO_CENTROID = "needs another training perturbation"
NO_CHANGE = "a change of zero was predicted: its correlation counts as 0"


def chosen_metrics(metrics) -> list[tuple]:
    """Cards with the options that each is called with."""
    if metrics is None:
        metrics = list(METRICS)
    if not isinstance(metrics, Mapping) and (isinstance(metrics, str) or not np.iterable(metrics)):
        raise ValueError(f"metrics={metrics!r} is no list: pass names of metrics in one")
    named = dict(metrics) if isinstance(metrics, Mapping) else dict.fromkeys(metrics)
    unknown = [name for name in named if name not in METRICS]
    if unknown or not named:
        raise ValueError(
            f"metric {unknown[0]!r} is unknown: choose among {', '.join(METRICS)}"
            if unknown
            else f"no metric was named: choose among {', '.join(METRICS)}"
        )
    return [
        (METRICS[name], DEFAULT_OPTIONS.get(name, {}) if options is None else dict(options))
        for name, options in named.items()
    ]


def score_model(name, predictions, arena, cards, decoder) -> list[dict]:
    """Rows of one model: its predictions for a half against the true cells of that half."""
    rows = []
    for space in arena.spaces:
        as_is = decoder is None or space.name == "embedding"
        seen = [p if as_is else _decode(decoder, p) for p in predictions]
        free, matched = seen[0], (seen[1] if len(seen) > 1 else None)
        rows += _rows(name, space, arena, cards, lambda one, other, f=free: f[one], matched)
    return rows


def score_replicate(arena, cards) -> list[dict]:
    """Rows of the ceiling: the other half of the real cells in the place of a prediction."""
    rows = []
    for space in arena.spaces:
        rows += _rows(
            "replicate", space, arena, cards, lambda one, other, t=space.true: t[other], None
        )
    return rows


def _decode(decoder, embedding):
    return decoder.decode(embedding).astype(np.float64)


def _rows(model, space, arena, cards, predicted, matched):
    rows = []
    for card, options in cards:
        if card.genes_only and space.name == "embedding":
            continue
        if card.needs_several:
            scores = _score_together(card, options, space, arena, predicted)
        else:
            scores = {
                key: _score_group(card, options, space, arena, key, predicted, matched, model)
                for key in arena.groups
            }
        for (perturbation, context), (value, note) in scores.items():
            row = {"model": model, "space": space.name, "perturbation": perturbation}
            row |= {"context": context, "metric": card.name, "value": value, "note": note}
            rows.append(row)
    return rows


def _score_group(card, options, space, arena, key, predicted, matched, model):
    """Mean over halves of one metric for one perturbation in one context, and a note."""
    if card.matched and model != "replicate" and matched is None:
        return np.nan, NOT_PAIRED if arena.partner is None else NO_ROWS
    perturbation, context = key
    given = {}
    if "centroid" in card.needs:
        given["centroid"] = space.centroid(perturbation, context)
        if given["centroid"] is None:
            return np.nan, NO_CENTROID
    values, note = [], ""
    for i, (one, other) in enumerate(arena.halves[key]):
        true = space.true[one]
        pred = matched[one] if card.matched and matched is not None else predicted(one, other)
        arrays = {"true": true, "pred": pred, **given}
        if card.means_only:
            arrays = {"true": true.mean(axis=0)[None], "pred": pred.mean(axis=0)[None], **given}
            arrays["ctrl"] = space.reference_mean[context][None]
        elif "ctrl" in card.needs:
            arrays["ctrl"] = _reference(card, space.reference[context], len(one), i)
        try:
            values.append(card.function(*[arrays[n] for n in card.needs], **options))
        except ValueError as error:  # too few cells for this metric, or nothing that varies
            return np.nan, str(error)
        if card.name.startswith("pearson") and values[-1] == 0:
            note = NO_CHANGE
    return float(np.mean(values)), note


def _reference(card, controls, n, i):
    """All reference controls; for a pool of neighbours as many as there are true cells."""
    if not card.pools_controls:
        return controls
    return controls[np.random.default_rng(i).permutation(len(controls))[:n]]


def _score_together(card, options, space, arena, predicted):
    """Scores that rank the perturbations of one context against each other."""
    scores = {}
    for context in sorted({c for _, c in arena.groups}):
        keys = [key for key in arena.groups if key[1] == context]
        ref = space.reference_mean[context]
        values = []
        try:
            for i in range(len(arena.halves[keys[0]])):
                halves = [arena.halves[key][i] for key in keys]
                true = np.array([space.true[one].mean(axis=0) - ref for one, _ in halves])
                pred = np.array([predicted(*half).mean(axis=0) - ref for half in halves])
                values.append(card.function(true, pred, **options))
            means = np.mean(values, axis=0)
            scores |= {key: (float(v), "") for key, v in zip(keys, means, strict=True)}
        except ValueError as error:
            scores |= {key: (np.nan, str(error)) for key in keys}
    return scores
