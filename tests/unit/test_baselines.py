"""Each baseline equals its closed form, and refuses rows that do not fit."""

import numpy as np
import pytest

from recon_tutorial.predictors import (
    Additive,
    KNNShift,
    MeanShift,
    NearestPerturbation,
    NoChange,
    PerturbationMeanShift,
    RidgeRegression,
    RidgeShift,
)

RNG = np.random.default_rng(0)
D, C = 4, 3
COV = RNG.normal(size=(6, C)).astype(np.float32)
SHIFT = RNG.normal(size=(6, D)).astype(np.float32)
GROUP = np.repeat(np.arange(6), [5, 5, 5, 5, 5, 20])  # one perturbation has four times the cells
CTRL = RNG.normal(size=(45, D)).astype(np.float32)
ROWS = (CTRL, CTRL + SHIFT[GROUP], COV[GROUP])
NEW = RNG.normal(size=(2, C)).astype(np.float32)


def fitted(model, rows=ROWS):
    model.train(*rows)
    return model


def test_no_change_returns_the_controls_and_not_the_same_memory():
    model = fitted(NoChange())
    answer = model.predict(CTRL, COV[GROUP])
    np.testing.assert_array_equal(answer, CTRL)
    assert not np.shares_memory(answer, CTRL)


def test_mean_shift_counts_each_perturbation_once():
    answer = fitted(MeanShift()).predict(CTRL[:2], NEW)
    np.testing.assert_allclose(answer - CTRL[:2], np.tile(SHIFT.mean(0), (2, 1)), atol=1e-5)


def test_perturbation_mean_shift_is_exact_on_seen_and_the_mean_on_unseen():
    model = fitted(PerturbationMeanShift())
    np.testing.assert_allclose(model.predict(CTRL, COV[GROUP]), ROWS[1], atol=1e-5)
    mean = fitted(MeanShift()).predict(CTRL[:2], NEW)
    np.testing.assert_allclose(model.predict(CTRL[:2], NEW), mean, atol=1e-6)


@pytest.mark.parametrize("model", [PerturbationMeanShift, NearestPerturbation, Additive])
def test_minus_zero_is_zero(model):
    cov = np.array([[0.0], [1.0]], dtype=np.float32)
    model = fitted(model(), (CTRL[:2], CTRL[:2] + [[1.0], [2.0]], cov))
    answer = model.predict(CTRL[:1], np.array([[-0.0]], dtype=np.float32))
    np.testing.assert_allclose(answer - CTRL[:1], 1.0, atol=1e-5)


def test_ridge_recovers_a_linear_map_once_it_has_enough_perturbations():
    weights, offset = RNG.normal(size=(C, D)), RNG.normal(size=D)
    pert = CTRL + (COV @ weights + offset)[GROUP]
    model = fitted(RidgeShift(alpha=1e-9), (CTRL, pert, COV[GROUP]))
    expected = CTRL[:2] + NEW @ weights + offset
    np.testing.assert_allclose(model.predict(CTRL[:2], NEW), expected, atol=1e-4)


def test_ridge_has_the_closed_form_of_its_docstring():
    model = fitted(RidgeShift(alpha=0.7))
    d = (COV - COV.mean(0)).astype(float)
    weights = np.linalg.solve(d.T @ d + 0.7 * np.eye(C), d.T @ (SHIFT - SHIFT.mean(0)))
    expected = CTRL[:2] + (NEW - COV.mean(0)) @ weights + SHIFT.mean(0)
    np.testing.assert_allclose(model.predict(CTRL[:2], NEW), expected, atol=1e-4)


def test_one_hot_ridge_is_the_mean_shift_on_an_unseen_perturbation():
    one_hot = np.eye(7, dtype=np.float32)
    rows = (*ROWS[:2], one_hot[GROUP])
    unseen = one_hot[[6]]
    ridge, mean = (fitted(m, rows).predict(CTRL[:1], unseen) for m in (RidgeShift(), MeanShift()))
    np.testing.assert_allclose(ridge, mean, atol=1e-5)


def shift_of(model, *descriptors):
    """The shift that a model gives to each descriptor."""
    answer = model.predict(CTRL[: len(descriptors)], np.array(descriptors, dtype=np.float32))
    return answer - CTRL[: len(descriptors)]


LINE = np.array([[0], [1], [3], [7]], dtype=np.float32)  # descriptors on a line
LINE_ROWS = (CTRL[:4], CTRL[:4] + SHIFT[:4], LINE)


def test_nearest_perturbation_lends_its_shift():
    model = fitted(NearestPerturbation(), LINE_ROWS)
    expected = SHIFT[[0, 1, 2, 3, 3, 0]]
    got = shift_of(model, [0.4], [1.9], [2.1], [5.5], [100], [-5])
    np.testing.assert_allclose(got, expected, atol=1e-5)


def test_nearest_perturbation_averages_ties():
    model = fitted(NearestPerturbation(), LINE_ROWS)
    expected = [(SHIFT[0] + SHIFT[1]) / 2, (SHIFT[2] + SHIFT[3]) / 2]
    np.testing.assert_allclose(shift_of(model, [0.5], [5]), expected, atol=1e-5)


def test_nearest_perturbation_measures_euclidean_distance():
    cov = np.array([[3, 3], [0, 4.1]], dtype=np.float32)  # the first is nearer by the largest gap
    model = fitted(NearestPerturbation(), (CTRL[:2], CTRL[:2] + SHIFT[:2], cov))
    np.testing.assert_allclose(shift_of(model, [0, 0]), SHIFT[[1]], atol=1e-5)


def test_knn_shift_averages_the_nearest():
    expected = [SHIFT[[1, 2]].mean(0), SHIFT[[2, 3]].mean(0)]
    got = shift_of(fitted(KNNShift(2), LINE_ROWS), [1.9], [8])
    np.testing.assert_allclose(got, expected, atol=1e-5)
    expected = [SHIFT[[0, 1, 2]].mean(0), SHIFT[[1, 2, 3]].mean(0)]
    got = shift_of(fitted(KNNShift(), LINE_ROWS), [0.9], [8])  # k = 3
    np.testing.assert_allclose(got, expected, atol=1e-5)


def test_knn_shift_includes_what_ties_with_the_kth():
    got = shift_of(fitted(KNNShift(2), LINE_ROWS), [2])  # 1 and 3 are near, 0 is next
    np.testing.assert_allclose(got, [SHIFT[[1, 2]].mean(0)], atol=1e-5)
    got = shift_of(fitted(KNNShift(1), LINE_ROWS), [2])
    np.testing.assert_allclose(got, [SHIFT[[1, 2]].mean(0)], atol=1e-5)


def test_one_neighbour_is_the_nearest_perturbation_and_all_are_the_mean_shift():
    rows = [fitted(m).predict(CTRL[:2], NEW) for m in (KNNShift(1), NearestPerturbation())]
    np.testing.assert_array_equal(*rows)
    mean = fitted(MeanShift()).predict(CTRL[:2], NEW)
    for k in (6, 100):
        np.testing.assert_allclose(fitted(KNNShift(k)).predict(CTRL[:2], NEW), mean, atol=1e-5)


@pytest.mark.parametrize("model", [NearestPerturbation(), KNNShift(2), Additive()])
def test_one_hot_says_nothing_about_an_unseen_perturbation(model):
    one_hot = np.eye(7, dtype=np.float32)
    got = shift_of(fitted(model, (*ROWS[:2], one_hot[GROUP])), one_hot[6])
    np.testing.assert_allclose(got, [SHIFT.mean(0)], atol=1e-5)


@pytest.mark.parametrize("model", [NearestPerturbation, PerturbationMeanShift, Additive])
def test_a_seen_perturbation_gets_its_own_mean_shift(model):
    noise = RNG.normal(size=CTRL.shape)
    means = [noise[k == GROUP].mean(axis=0) for k in range(6)]
    model = fitted(model(), (CTRL, ROWS[1] + noise, COV[GROUP]))
    np.testing.assert_allclose(shift_of(model, *COV), SHIFT + means, atol=1e-5)


def test_ridge_regression_has_the_closed_form_of_its_docstring():
    model = fitted(RidgeRegression(alpha=0.7))
    inputs = np.hstack([CTRL, COV[GROUP]]).astype(float)
    centred = inputs - inputs.mean(0)
    pert = ROWS[1].astype(float)
    gram = centred.T @ centred + 0.7 * np.eye(D + C)
    weights = np.linalg.solve(gram, centred.T @ (pert - pert.mean(0)))
    expected = (np.hstack([CTRL[:2], NEW]) - inputs.mean(0)) @ weights + pert.mean(0)
    np.testing.assert_allclose(model.predict(CTRL[:2], NEW), expected, atol=1e-4)


MODELS = [
    NoChange,
    MeanShift,
    PerturbationMeanShift,
    NearestPerturbation,
    KNNShift,
    RidgeShift,
    RidgeRegression,
    Additive,
]


@pytest.mark.parametrize("model", MODELS)
def test_row_i_answers_row_i_in_float32(model):
    model = fitted(model())
    asked = np.vstack([COV[GROUP], NEW, [COV[0] + COV[1]]])
    ctrl = RNG.normal(size=(len(asked), D))
    answer = model.predict(ctrl, asked)
    assert answer.dtype == np.float32
    order = RNG.permutation(len(asked))
    np.testing.assert_allclose(model.predict(ctrl[order], asked[order]), answer[order], atol=1e-5)


@pytest.mark.parametrize("model", MODELS)
def test_no_rows_in_no_rows_out(model):
    answer = fitted(model()).predict(CTRL[:0], COV[:0])
    assert answer.shape == (0, D) and answer.dtype == np.float32


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ((CTRL, CTRL[:, :2], COV[GROUP]), "ctrl_emb has 4 columns but pert_emb has 2"),
        ((CTRL[:3], CTRL, COV[GROUP]), "have 3, 45 and 45 rows"),
        ((CTRL, CTRL, COV[GROUP][:9]), "have 45, 45 and 9 rows"),
        ((CTRL[:0], CTRL[:0], COV[:0]), "there is no row to train on"),
        ((CTRL[0], CTRL, COV[GROUP]), "ctrl_emb has 1 dimension"),
        ((CTRL, CTRL * np.nan, COV[GROUP]), "pert_emb holds NaN or infinite"),
        ((CTRL, CTRL, COV[GROUP] * np.inf), "pert_cov holds NaN or infinite"),
    ],
)
def test_bad_training_rows_are_refused(model, rows, words):
    with np.errstate(invalid="ignore"), pytest.raises(ValueError, match=words):
        model().train(*rows)


@pytest.mark.parametrize("model", MODELS)
def test_bad_prediction_rows_are_refused(model):
    with pytest.raises(RuntimeError, match="predict was called before train"):
        model().predict(CTRL, COV[GROUP])
    trained = fitted(model())
    with pytest.raises(ValueError, match="ctrl_emb has 2 columns .* embed_dim=4"):
        trained.predict(CTRL[:, :2], COV[GROUP])
    with pytest.raises(ValueError, match="pert_cov has 2 columns .* cov_dim=3"):
        trained.predict(CTRL, COV[GROUP][:, :2])
    with pytest.raises(ValueError, match="ctrl_emb has 45 rows but pert_cov has 6"):
        trained.predict(CTRL, COV)


def test_options_out_of_range_are_refused():
    with pytest.raises(ValueError, match="alpha=-1 must be 0 or more"):
        RidgeShift(alpha=-1)
    for alpha in (0, -1, float("nan")):
        with pytest.raises(ValueError, match=f"alpha={alpha} must be above 0"):
            RidgeRegression(alpha=alpha)
    for k in (0, -1, 1.5):
        with pytest.raises(ValueError, match=f"k={k} must be a whole number of 1 or more"):
            KNNShift(k)
