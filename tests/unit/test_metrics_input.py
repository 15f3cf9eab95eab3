"""What every metric says of input that it cannot score: one sentence each."""

import numpy as np
import pytest

from recon_tutorial.metrics import (
    METRICS,
    discrimination,
    energy_distance,
    has_no_change,
    knn_purity,
    mmd_rbf,
    mse,
    pearson_centroid,
    pearson_delta,
    r2,
    r2_delta,
    variance_ratio,
)

from .metric_samples import arrays, score

GOOD = np.arange(12.0).reshape(4, 3)


def columns(table, n):
    return table[..., :n]


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_refuses_what_is_missing_or_does_not_fit(name):
    needs = METRICS[name].needs
    last = needs[-1]
    named = arrays(0)
    shape = f"{needs[0]} has 60 columns but {last} has 7"
    for broken, words in (
        (named[last] * np.nan, f"{last} holds NaN or infinite values"),
        (named[last] + np.inf, f"{last} holds NaN or infinite values"),
        (columns(named[last], 7), shape),
        (named[last].astype(str), f"{last} holds <U.* values: pass numbers"),
        (np.ones((2, 2, 2)), f"{last} has 3 dimension"),
    ):
        with pytest.raises(ValueError, match=words) as caught:
            score(name, named | {last: broken})
        assert "\n" not in str(caught.value)
    for need in set(needs) - {"centroid"}:
        with pytest.raises(ValueError, match=f"{need} has 0 cell.s. x 60 feature"):
            score(name, named | {need: named[need][:0]})


@pytest.mark.parametrize("name", METRICS)
def test_one_cell_is_scored_or_refused_with_its_reason(name):
    needs = METRICS[name].needs
    for need in set(needs) - {"centroid"}:
        named = arrays(0, n=(1, 1, 25)) if name == "mse" else arrays(0, n=(13, 13, 25))
        named |= {need: named[need][:1]}
        try:
            assert np.isfinite(score(name, named)).all()
        except ValueError as error:
            reasons = ("are needed", "when the numbers of cells differ", "compare dist", "lower k")
            assert any(words in str(error) for words in reasons), error


@pytest.mark.parametrize("name", METRICS)
def test_constant_clouds_are_scored_or_refused_with_their_reason(name):
    named = {key: np.ones_like(value) for key, value in arrays(0).items()}
    try:
        value = score(name, named)
    except ValueError as error:
        assert "equal" in str(error) or "same mean" in str(error), error
    else:
        lowest, highest = METRICS[name].range
        assert lowest <= np.min(value) and np.max(value) <= highest


@pytest.mark.parametrize(
    ("function", "arguments", "words"),
    [
        (mse, (GOOD, GOOD[:2]), "got 4 true and 2 predicted"),
        (mse, (GOOD[0], GOOD), r"true has 1 dimension.s."),
        (mse, (GOOD[:, :0], GOOD[:, :0]), r"4 cell.s. x 0 feature"),
        (r2, (GOOD[:, :1], GOOD[:, :1]), "got 1 gene"),
        (r2_delta, (GOOD, GOOD + 1, GOOD[::-1]), "no change to explain: leave this pert"),
        (energy_distance, (GOOD[:1], GOOD), "at least 2 x 1 are needed"),
        (knn_purity, (GOOD, GOOD, GOOD[:2]), "k=20 neighbours cannot be drawn from 6"),
        (pearson_delta, (GOOD[:, :1], GOOD[:, :1], GOOD[:, :1]), "spread over features but got 1"),
        (pearson_centroid, (GOOD, GOOD, GOOD), "centroid has 2 dimension.*cells.mean"),
        (has_no_change, (GOOD, GOOD[0, :2]), "cells has 3 columns but reference has 2"),
        (discrimination, (GOOD, GOOD[:2]), "4 perturbations but pred_means has 2"),
        (variance_ratio, (np.ones((4, 3)), GOOD), "all true cells are equal"),
        (variance_ratio, (GOOD, GOOD[:1]), "at least 2 x 1 are needed"),
    ],
)
def test_bad_input_gets_one_sentence(function, arguments, words):
    with pytest.raises(ValueError, match=words) as caught:
        function(*arguments)
    assert "\n" not in str(caught.value)


def test_options_out_of_range():
    with pytest.raises(ValueError, match="on='median' is unknown"):
        r2(GOOD, GOOD, on="median")
    with pytest.raises(ValueError, match="k=0"):
        knn_purity(GOOD, GOOD, GOOD, k=0)
    for gamma in (0, -1.0, float("nan")):
        with pytest.raises(ValueError, match="must be positive: leave it out"):
            mmd_rbf(GOOD, GOOD, gamma=gamma)
