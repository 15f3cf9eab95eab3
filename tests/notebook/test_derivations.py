"""What a chapter derives by hand equals what it imports, on data that the chapter never saw."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import cdist

from recon_tutorial import metrics
from recon_tutorial.decoders import error_split, train_decoder
from recon_tutorial.evaluation import calibrate
from recon_tutorial.predictors import RidgeShift

RNG = np.random.default_rng(5)
TRUE, PRED, CTRL = (RNG.normal(m, 1, (n, 6)) for m, n in ((0, 30), (0.3, 30), (-1, 40)))


@pytest.fixture
def derived(definition):
    """Return a function that gives a chapter's own definition of a name."""
    return partial(definition, np=np, cdist=cdist)


def test_chapter_1_r2(derived):
    by_hand = derived("01_latent_shift", "r2_by_hand")
    assert by_hand(TRUE, PRED) == pytest.approx(metrics.r2(TRUE, PRED))


def test_chapter_1_mse(derived):
    assert derived("01_latent_shift", "mse_by_hand")(TRUE, PRED) == pytest.approx(
        metrics.mse(TRUE, PRED)
    )


def test_chapter_1_energy_distance(derived):
    by_hand = derived("01_latent_shift", "energy_distance_by_hand")
    expected = metrics.energy_distance(TRUE, PRED[:20], biased=True)
    assert by_hand(TRUE, PRED[:20]) == pytest.approx(expected)


def test_chapter_1_purity(derived):
    by_hand = derived("01_latent_shift", "knn_purity_by_hand")
    for k in (1, 10):
        expected = metrics.knn_purity(TRUE, PRED, CTRL, k=k)
        assert by_hand(TRUE, PRED, CTRL, k) == pytest.approx(expected)


def test_chapter_2_smallest_predictor(derived):
    mine = derived("02_contract", "SmallestPredictor")()
    cov = np.repeat(RNG.normal(size=(5, 3)), 6, axis=0).astype(np.float32)
    rows = (TRUE.astype(np.float32), PRED.astype(np.float32), cov)
    tested = RidgeShift(alpha=0.1)
    for model in (mine, tested):
        model.train(*rows)
    new = RNG.normal(size=(30, 3)).astype(np.float32)
    np.testing.assert_allclose(mine.predict(TRUE, new), tested.predict(TRUE, new), atol=1e-4)


def test_chapter_3_error_split(derived):
    class Test:
        pert = TRUE.astype(np.float32)

    measured = np.abs(RNG.normal(size=(30, 4))).astype(np.float32)
    decoder = train_decoder(TRUE, measured, epochs=3)

    class Screen:
        X = np.concatenate([np.zeros((500, 4), np.float32), measured])

        def __getitem__(self, _):
            return self

    known = {"decoder": decoder, "test": Test, "screen": Screen(), "in_train": np.ones(1, bool)}
    by_hand = derived("03_decoder", "split_by_hand", **known)
    expected = error_split(decoder, PRED, TRUE, measured)
    assert by_hand(PRED.astype(np.float32)) == pytest.approx(expected, rel=1e-5)


def test_chapter_5_scaled(derived):
    by_hand = derived("05_cell_split", "scaled_by_hand")
    values = {"no change": 4.0, "mean shift": 6.0, "replicate": 1.0, "m": 2.0}
    rows = {"space": "s", "perturbation": "p", "context": "all", "metric": "mse_mean", "note": ""}
    frame = calibrate(pd.DataFrame([{"model": m, "value": v, **rows} for m, v in values.items()]))
    expected = frame.set_index("model").loc["m", "scaled"]
    assert by_hand(2.0, 4.0, 1.0) == pytest.approx(expected)


def test_chapter_5_variance_ratio(derived):
    by_hand = derived("05_cell_split", "variance_ratio_by_hand")
    assert by_hand(TRUE, PRED) == pytest.approx(metrics.variance_ratio(TRUE, PRED))


@pytest.fixture
def chapter_4(derived):
    """Return a function that gives a definition of chapter 4."""
    return lambda name, **known: derived("04_metrics", name, **known)


def test_chapter_4_scores_of_the_mean(chapter_4):
    on_sum, on_mean = chapter_4("r2_by_hand"), metrics.r2(TRUE, PRED[:20], on="mean")
    assert on_sum(TRUE, PRED) == pytest.approx(metrics.r2(TRUE, PRED))
    assert on_sum(TRUE, PRED[:20], total=np.mean) == pytest.approx(on_mean)
    expected = metrics.r2_delta(TRUE, PRED, CTRL)
    assert chapter_4("r2_delta_by_hand")(TRUE, PRED, CTRL) == pytest.approx(expected)
    assert chapter_4("mse_mean_by_hand")(TRUE, PRED[:20]) == pytest.approx(
        metrics.mse_mean(TRUE, PRED[:20])
    )
    assert chapter_4("mse_by_hand")(TRUE, PRED) == pytest.approx(metrics.mse(TRUE, PRED))


@pytest.mark.parametrize("biased", [True, False])
@pytest.mark.parametrize("norm", ["euclidean", "sqeuclidean"])
def test_chapter_4_energy_distances(chapter_4, norm, biased):
    mine = chapter_4("energy_distance_by_hand")(TRUE, PRED[:20], norm, biased)
    options = {"biased": biased, "squared": norm == "sqeuclidean"}
    assert mine == pytest.approx(metrics.energy_distance(TRUE, PRED[:20], **options))


def test_chapter_4_squared_v_is_the_distance_of_means(chapter_4):
    mine = chapter_4("twice_the_squared_difference")(TRUE, PRED[:20], CTRL)
    expected = metrics.energy_distance(TRUE, PRED[:20], biased=True, squared=True)
    assert mine == pytest.approx(expected)


def test_chapter_4_mmd(chapter_4):
    for gamma in (0.01, 1.0):
        mine = chapter_4("mmd_by_hand")(TRUE, PRED[:20], gamma)
        assert mine == pytest.approx(metrics.mmd_rbf(TRUE, PRED[:20], gamma=gamma))


def test_chapter_4_purity(chapter_4):
    for k in (1, 10):
        mine = chapter_4("knn_purity_by_hand")(TRUE, PRED, CTRL, k=k)
        assert mine == pytest.approx(metrics.knn_purity(TRUE, PRED, CTRL, k=k))


def test_chapter_4_variance_ratio(chapter_4):
    mine = chapter_4("variance_ratio_by_hand")(TRUE, PRED)
    assert mine == pytest.approx(metrics.variance_ratio(TRUE, PRED))


def test_chapter_4_correlations(chapter_4):
    pearson, q = chapter_4("pearson_by_hand"), RNG.normal(size=6)
    expected = metrics.pearson_delta(TRUE, PRED, CTRL)
    assert pearson(TRUE, PRED, CTRL.mean(axis=0)) == pytest.approx(expected)
    assert pearson(TRUE, PRED, q) == pytest.approx(metrics.pearson_centroid(TRUE, PRED, q))


@pytest.mark.parametrize(
    ("mine", "tested"),
    [("direction_by_hand", "direction_accuracy"), ("overlap_by_hand", "de_overlap")],
)
def test_chapter_4_top_genes(chapter_4, mine, tested):
    by_hand = chapter_4(mine, top_genes=chapter_4("top_genes"))
    rng = np.random.default_rng(0)
    true, pred, ctrl = (rng.normal(0, 1, (20, 30)) for _ in range(3))
    twice = np.concatenate([true, true])  # so that each half is the whole sample
    expected = getattr(metrics, tested)(twice, pred, ctrl, k=8)
    assert 0 < expected < 1
    assert by_hand(true, true, pred, ctrl, 8) == pytest.approx(expected)


def test_chapter_4_discrimination(chapter_4):
    by_hand = chapter_4("discrimination_by_hand")
    true, pred = RNG.normal(size=(2, 12, 6))
    np.testing.assert_allclose(by_hand(true, pred), metrics.discrimination(true, pred))
    flat = np.ones((12, 6))
    for scores in (by_hand(true, flat), metrics.discrimination(true, flat)):
        assert scores.mean() == pytest.approx(0.5, abs=1e-12)


@pytest.mark.parametrize("metric", ["energy_distance", "pearson_delta", "mse"])
def test_chapter_4_calibration(chapter_4, metric):
    by_hand = chapter_4("scaled_by_hand")
    raw = {"no change": 3.0, "mean shift": 2.0, "replicate": 0.5, "mine": 1.0}
    if metric == "pearson_delta":
        raw = {name: -value for name, value in raw.items()}
    elif metric == "mse":
        raw["replicate"] = 4.0  # real cells below the floor
    rows = [{"model": n, "value": v} for n, v in raw.items()]
    where = {"space": "embedding", "perturbation": "p0", "context": "all", "note": ""}
    table = calibrate(pd.DataFrame(rows).assign(metric=metric, **where))
    mine = by_hand(pd.Series(raw), metrics.HIGHER_IS_BETTER[metric])
    np.testing.assert_allclose(mine, table.set_index("model")["scaled"][mine.index])
    assert mine.isna().all() == (metric == "mse")
