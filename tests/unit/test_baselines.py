import numpy as np
import pytest

from recon_tutorial.predictors import MeanShift, NoChange, PerturbationMeanShift, RidgeShift

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


def test_perturbation_mean_shift_knows_minus_zero_as_zero():
    cov = np.array([[0.0], [1.0]], dtype=np.float32)
    model = fitted(PerturbationMeanShift(), (CTRL[:2], CTRL[:2] + [[1.0], [2.0]], cov))
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


MODELS = [NoChange, MeanShift, PerturbationMeanShift, RidgeShift]


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


def test_a_negative_penalty_is_refused():
    with pytest.raises(ValueError, match="alpha=-1 must be 0 or more"):
        RidgeShift(alpha=-1)
