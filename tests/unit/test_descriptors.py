import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon_tutorial import descriptors
from recon_tutorial.screen import simulate_screen

NAMES = ["IL4", "IL13", "IFNG"]


def test_one_hot_is_the_identity():
    table = descriptors.one_hot(NAMES)
    np.testing.assert_array_equal(table, np.eye(3))
    assert list(table.index) == list(table.columns) == NAMES
    assert (table.dtypes == np.float32).all()


def test_random_descriptors_are_seeded_standard_normals():
    table = descriptors.random([f"p{k}" for k in range(200)], 30, seed=1)
    assert table.shape == (200, 30) and (table.dtypes == np.float32).all()
    assert abs(table.to_numpy().mean()) < 0.05 and abs(table.to_numpy().std() - 1) < 0.05
    names = list(table.index)
    assert table.equals(descriptors.random(names, 30, seed=1))
    assert not table.equals(descriptors.random(names, 30, seed=2))


def test_random_descriptors_are_not_the_true_ones_of_a_world_with_the_same_seed():
    truth = simulate_screen(n_perturbations=5, cells_per_perturbation=2, cov_dim=4, seed=3)
    truth = truth.uns["descriptors"]
    drawn = descriptors.random(truth.index, 4, seed=3)
    assert abs(np.corrcoef(truth.to_numpy().ravel(), drawn.to_numpy().ravel())[0, 1]) < 0.9


@given(n=st.integers(2, 30), seed=st.integers(0, 50))
def test_shuffling_moves_every_row_and_loses_none(n, seed):
    table = pd.DataFrame({"a": np.arange(n), "b": np.arange(n) * 2.0})
    moved = descriptors.shuffled(table, seed=seed)
    assert (moved["a"] != table["a"]).all()
    assert sorted(moved["a"]) == sorted(table["a"])
    assert (moved["b"] == moved["a"] * 2).all()  # rows stay whole
    assert moved.equals(descriptors.shuffled(table, seed=seed))


def test_shuffles_differ_between_seeds():
    table = pd.DataFrame({"a": np.arange(20)})
    assert not descriptors.shuffled(table, seed=0).equals(descriptors.shuffled(table, seed=1))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: descriptors.one_hot([]), "but got none"),
        (lambda: descriptors.one_hot(["a", "b", "a"]), "but got 'a' twice"),
        (lambda: descriptors.random(["a", "a"], 2), "but got 'a' twice"),
        (lambda: descriptors.random(NAMES, 0), "dim=0 must be at least 1"),
        (lambda: descriptors.shuffled(pd.DataFrame({"a": [1]})), "1 descriptor.s. cannot"),
    ],
)
def test_bad_input_gets_one_sentence(call, words):
    with pytest.raises(ValueError, match=words):
        call()
