import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recon_tutorial.metrics import discrimination

quick = settings(max_examples=50, deadline=None)
distances = st.sampled_from(["euclidean", "manhattan", "cosine"])
seeds = st.integers(0, 10_000)


def lengths(distance, guess, others):
    """Distance of one vector to each of several, written with numpy alone."""
    if distance == "manhattan":
        return np.abs(others - guess).sum(axis=1)
    if distance == "euclidean":
        return np.sqrt(((others - guess) ** 2).sum(axis=1))
    size = np.linalg.norm(others, axis=1) * np.linalg.norm(guess)
    return 1 - others @ guess / size


@quick
@given(seed=seeds, distance=distances)
def test_discrimination_counts_the_truths_that_are_nearer(seed, distance):
    truth, guess = np.random.default_rng(seed).normal(size=(2, 7, 5))
    for p, value in enumerate(discrimination(truth, guess, distance=distance)):
        d = lengths(distance, guess[p], truth)
        assert value == pytest.approx(1 - (d < d[p]).sum() / 6)


def test_the_truth_is_told_apart_perfectly_and_its_mirror_never():
    truth = np.array([[0.0, 1.0], [0.0, 2.0], [0.0, 4.0]])
    assert discrimination(truth, truth).tolist() == [1, 1, 1]
    assert discrimination(truth, truth[[2, 1, 0]]).tolist() == [0, 1, 0]
    assert discrimination(truth, truth[[2, 1, 0]], out_of="all").tolist() == pytest.approx(
        [1 / 3, 1, 1 / 3]
    )


@quick
@given(seed=seeds, n=st.integers(2, 9), distance=distances, ties=st.booleans())
def test_one_prediction_for_all_averages_exactly_a_half(seed, n, distance, ties):
    rng = np.random.default_rng(seed)
    truth = rng.integers(-2, 3, size=(n, 3)) if ties else rng.normal(size=(n, 3))
    constant = np.tile(rng.normal(size=3), (n, 1))
    assert discrimination(truth, constant, distance=distance).mean() == pytest.approx(
        0.5, abs=1e-12
    )


def test_a_constant_prediction_need_not_score_a_half_on_each():
    truth = np.array([[1.0], [2.0], [3.0]])
    assert discrimination(truth, np.zeros((3, 1))).tolist() == [1, 0.5, 0]


def test_no_predicted_change_has_no_direction():
    truth = np.array([[1.0, 2.0], [3.0, 0.5], [-1.0, 1.0]])
    guess = np.zeros((3, 2))
    assert discrimination(truth, guess, distance="cosine").tolist() == [0.5, 0.5, 0.5]
    guess[0] = 7 * truth[0]
    truth[2] = 0  # orthogonal to all, itself included
    assert discrimination(truth, guess, distance="cosine").tolist() == [1, 0.5, 0.5]
    truth, guess = np.array([[1.0, 4.0], [0.0, 0.0]]), np.array([[1.0, 0.0], [1.0, 0.0]])
    assert discrimination(truth, guess, distance="cosine").tolist() == [1, 0]


def test_equal_truths_share_their_ranks():
    truth = np.array([[1.0], [1.0], [5.0]])
    assert discrimination(truth, truth).tolist() == [0.75, 0.75, 1]


@quick
@given(seed=seeds, distance=st.sampled_from(["euclidean", "manhattan"]))
def test_means_and_changes_rank_alike(seed, distance):
    rng = np.random.default_rng(seed)
    truth, guess = rng.normal(size=(2, 6, 4))
    ctrl = rng.normal(size=4)
    before = discrimination(truth, guess, distance=distance)
    after = discrimination(truth - ctrl, guess - ctrl, distance=distance)
    assert before.tolist() == after.tolist()


def test_the_cosine_sees_direction_and_nothing_else():
    truth, guess = np.random.default_rng(0).normal(size=(2, 6, 4))
    scaled = guess * np.array([[1e-3], [1], [5], [100], [2], [0.1]])
    before, after = (discrimination(truth, g, distance="cosine") for g in (guess, scaled))
    assert before.tolist() == after.tolist()
    assert discrimination(truth, guess).tolist() != discrimination(truth, scaled).tolist()


@quick
@given(seed=seeds)
def test_the_order_of_perturbations_moves_the_scores_along(seed):
    rng = np.random.default_rng(seed)
    truth, guess = rng.normal(size=(2, 6, 4))
    order = rng.permutation(6)
    expected = discrimination(truth, guess)[order]
    assert discrimination(truth[order], guess[order]).tolist() == expected.tolist()


@pytest.mark.parametrize(
    ("rows", "options", "words"),
    [
        ((1, 1), {}, "true_means has 1 cell.* at least 2 x 1 are needed"),
        ((3, 2), {}, "true_means has 3 perturbations but pred_means has 2"),
        ((3, 3), {"distance": "l1"}, "distance='l1' is unknown: choose one of euclidean, man"),
        ((3, 3), {"out_of": "none"}, "out_of='none' is unknown: choose one of others, all"),
    ],
)
def test_bad_input_gets_one_sentence(rows, options, words):
    with pytest.raises(ValueError, match=words):
        discrimination(np.ones((rows[0], 2)), np.ones((rows[1], 2)), **options)
