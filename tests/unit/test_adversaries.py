"""Each adversary is wrong in the way its name says, and the matrix shows which metric minds."""

import numpy as np
import pandas as pd
import pytest

from recon_tutorial import adversaries as room
from recon_tutorial.evaluation import evaluate, leaderboard
from recon_tutorial.metrics import energy_distance, knn_purity
from recon_tutorial.pairing import make_pairs
from recon_tutorial.predictors import PerturbationMeanShift, RidgeShift
from recon_tutorial.screen import simulate_screen
from recon_tutorial.splits import hold_out_perturbations, split_cells

POOLED, APART = "pooled", "per perturbation"
METRICS = ["energy_distance", "knn_purity", "r2_delta", "variance_ratio", "discrimination"]


@pytest.fixture(scope="module")
def screen():
    """Return a paired screen whose perturbed cells overlap the controls a little."""
    return simulate_screen(
        n_perturbations=8,
        cells_per_perturbation=120,
        embed_dim=24,
        cov_dim=10,
        n_genes=30,
        paired=True,
    )


@pytest.fixture(scope="module")
def split(screen):
    return split_cells(screen, test_fraction=0.4)


@pytest.fixture(scope="module")
def rows(screen, split):
    """Return training and test rows."""
    return [make_pairs(screen[part], how="random") for part in (split.train, split.test)]


@pytest.fixture(scope="module")
def matrix(screen, split):
    return room.fooling_matrix(screen, split, metrics=METRICS)


def answer(model, rows):
    train, test = rows
    model.train(*train[:3])
    return model.predict(test.ctrl, test.cov)


def part(matrix, how, metric, column="scaled", space="embedding"):
    chosen = matrix.query("how == @how and metric == @metric and space == @space")
    return chosen.set_index("adversary")[column]


def test_collapsed_repeats_the_mean_of_each_perturbation(rows):
    base, flat = (answer(m, rows) for m in (RidgeShift(), room.Collapsed(RidgeShift())))
    for name in np.unique(rows[1].perturbation):
        mine = rows[1].perturbation == name
        expected = np.tile(base[mine].mean(axis=0), (mine.sum(), 1))
        np.testing.assert_allclose(flat[mine], expected, atol=1e-5)


def test_inflated_keeps_the_mean_and_triples_the_deviation(rows):
    base, wide = (answer(m, rows) for m in (RidgeShift(), room.Inflated(RidgeShift(), 3.0)))
    for name in np.unique(rows[1].perturbation):
        mine = rows[1].perturbation == name
        np.testing.assert_allclose(wide[mine].mean(axis=0), base[mine].mean(axis=0), atol=1e-5)
        np.testing.assert_allclose(wide[mine].std(axis=0), 3 * base[mine].std(axis=0), rtol=1e-4)


@pytest.mark.parametrize("factor", [0.5, 2.0, 5.0])
def test_overshoot_multiplies_the_shift_of_every_cell(rows, factor):
    base, far = (answer(m, rows) for m in (RidgeShift(), room.Overshoot(RidgeShift(), factor)))
    ctrl = rows[1].ctrl
    np.testing.assert_allclose(far - ctrl, factor * (base - ctrl), atol=1e-4)


def test_swapped_answers_for_another_perturbation_one_to_one(rows):
    train, test = rows
    base, wrong = PerturbationMeanShift(), room.Swapped(PerturbationMeanShift())
    answer(base, rows), answer(wrong, rows)
    known = np.unique(train.cov, axis=0)
    start = np.zeros((len(known), test.ctrl.shape[1]), dtype=np.float32)
    right, swapped = base.predict(start, known), wrong.predict(start, known)
    from_whom = np.array([np.flatnonzero((right == row).all(axis=1))[0] for row in swapped])
    assert sorted(from_whom) == list(range(len(known)))
    assert (from_whom != np.arange(len(known))).all()


def test_swapped_sends_an_unseen_descriptor_to_a_wrong_neighbour(rows):
    wrong = room.Swapped(PerturbationMeanShift())
    answer(wrong, rows)
    known = np.unique(rows[0].cov, axis=0)
    start = np.zeros((1, rows[0].ctrl.shape[1]))
    asked, near = (wrong.predict(start, known[:1] + shift) for shift in (0, 1e-3))
    np.testing.assert_array_equal(asked, near)


def test_swapped_needs_something_to_swap_with(rows):
    train = rows[0]
    one = train.perturbation == "p0"
    with pytest.raises(ValueError, match="train on two perturbations or more"):
        room.Swapped(RidgeShift()).train(train.ctrl[one], train.pert[one], train.cov[one])


def test_random_cells_are_training_cells_of_any_perturbation(rows):
    drawn, again = (answer(room.RandomCells(seed=1), rows) for _ in range(2))
    np.testing.assert_array_equal(drawn, again)
    assert (drawn != answer(room.RandomCells(seed=2), rows)).any()
    train, test = rows
    owner = {cell.tobytes(): name for cell, name in zip(train.pert, train.perturbation)}
    owners = pd.Series([owner[cell.tobytes()] for cell in drawn])
    assert owners[test.perturbation == "p0"].nunique() == 8


@pytest.mark.parametrize("flaw", [room.Overshoot, room.Inflated])
def test_a_factor_must_be_positive(flaw):
    with pytest.raises(ValueError, match="factor=0 must be positive"):
        flaw(RidgeShift(), 0)


def test_there_are_eleven_and_all_keep_the_shapes_of_the_contract(screen, split, rows):
    models = room.adversaries(screen, split)
    assert len(models) == 11
    for name, model in models.items():
        prediction = answer(model, rows)
        assert prediction.shape == rows[1].ctrl.shape, name
        assert prediction.dtype == np.float32, name
    np.testing.assert_array_equal(answer(models["oracle"], rows), rows[1].pert)


def test_the_matrix_agrees_with_the_leaderboard(screen, split, matrix):
    models = room.adversaries(screen, split)
    del models["replicate"]
    results = evaluate(models, screen, split, metrics=METRICS)
    for metric in ("energy_distance", "knn_purity", "discrimination"):
        board = leaderboard(results, metric=metric)
        for column in ("scaled", "value"):
            mine = part(matrix, APART, metric, column)
            assert list(mine.index) == list(models)[:1] + ["replicate"] + list(models)[1:]
            np.testing.assert_allclose(
                mine, board[column][mine.index].astype(float), rtol=1e-9, atol=1e-12
            )


def test_pooled_scores_are_those_of_all_cells_thrown_together(screen, split, rows, matrix):
    model = room.Overshoot(PerturbationMeanShift(), 2.0)
    prediction, test = answer(model, rows), rows[1]
    whole = energy_distance(test.pert, prediction)  # halves differ from it by sampling alone
    pooled = part(matrix, POOLED, "energy_distance", "value")["overshoot x2"]
    assert pooled == pytest.approx(whole, abs=0.1)
    assert part(matrix, APART, "energy_distance", "value")["overshoot x2"] > 2 * whole
    assert "discrimination" not in set(matrix.loc[matrix["how"] == POOLED, "metric"])


def test_pooling_hides_a_label_swap_and_random_cells(matrix):
    for metric in ("energy_distance", "knn_purity"):
        pooled = part(matrix, POOLED, metric)
        assert pooled[["label-swapped", "random cells"]].min() > 0.8
    apart = part(matrix, APART, "energy_distance")
    assert apart["label-swapped"] < 0 and apart["random cells"] < 0.5


def test_purity_prefers_collapse_and_overshoot_to_the_truth(matrix):
    purity = part(matrix, APART, "knn_purity", "value")
    assert purity["oracle"] < 0.95
    assert (purity[["collapsed mean", "overshoot x2", "overshoot x5"]] > purity["oracle"]).all()
    energy = part(matrix, APART, "energy_distance")
    assert (energy[["overshoot x2", "overshoot x5"]] < 0).all()


def test_means_cannot_see_a_collapse_and_the_variance_ratio_sees_it(matrix):
    explained = part(matrix, APART, "r2_delta")
    assert explained["collapsed mean"] > 0.95
    spread = part(matrix, APART, "variance_ratio", "value")
    assert spread["collapsed mean"] == pytest.approx(0, abs=1e-6)
    assert spread["spread x3"] == pytest.approx(9, rel=0.1)
    assert spread["perturbation mean shift"] == pytest.approx(1, abs=0.1)
    assert part(matrix, APART, "variance_ratio").isna().all()


def test_calibrated_energy_distance_per_perturbation_orders_them(matrix):
    scaled = part(matrix, APART, "energy_distance")
    assert scaled["oracle"] > scaled["replicate"] == 1
    assert scaled["perturbation mean shift"] == pytest.approx(1, abs=0.1)
    rest = scaled.drop(["oracle", "replicate", "perturbation mean shift"])
    assert rest.max() < 0.6
    assert scaled["mean shift"] == 0 and scaled.idxmin() == "overshoot x5"


def test_unseen_perturbations_can_be_fooled_too(screen):
    split = hold_out_perturbations(screen, n=3)
    matrix = room.fooling_matrix(screen, split, metrics=["energy_distance"])
    scaled = part(matrix, APART, "energy_distance")
    assert scaled["oracle"] > 1 > scaled["label-swapped"]
    assert scaled["perturbation mean shift"] == pytest.approx(scaled["mean shift"], abs=1e-6)


def test_a_metric_that_cannot_be_pooled_is_scored_apart_alone(screen, split):
    matrix = room.fooling_matrix(screen, split, metrics=["discrimination"])
    assert set(matrix["how"]) == {APART} and len(matrix) == 11


def test_contexts_are_pooled_with_their_controls():
    screen = simulate_screen(
        n_perturbations=3, cells_per_perturbation=240, embed_dim=6, n_genes=5, n_contexts=2
    )
    matrix = room.fooling_matrix(screen, split_cells(screen), metrics=["knn_purity"])
    assert matrix.groupby("how").size().to_dict() == {POOLED: 11, APART: 11}
    assert matrix["value"].between(0, 1).all()


def test_a_screen_of_one_perturbation_is_refused():
    screen = simulate_screen(n_perturbations=1, cells_per_perturbation=40, embed_dim=4, n_genes=5)
    with pytest.raises(ValueError, match="label-swapped failed: .* two perturbations or more"):
        room.fooling_matrix(screen, split_cells(screen), metrics=["energy_distance"])


def test_the_oracle_of_the_matrix_scores_the_cells_that_were_asked(screen, split, rows, matrix):
    test = rows[1]
    ctrl = screen.obsm["X_emb"][split.reference_controls(screen)]
    mine = [test.pert[test.perturbation == p] for p in np.unique(test.perturbation)]
    whole = np.mean([knn_purity(cells, cells, ctrl[: len(cells)], k=10) for cells in mine])
    half = part(matrix, APART, "knn_purity", "value")["oracle"]
    assert half == pytest.approx(whole, abs=0.08)
