import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

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


# --- categories


def test_multi_hot_gives_each_label_a_column():
    column = pd.Series({"IL4": "IL4R;IL2RG", "IL13": "IL13RA1; IL4R;", "odd": "", "none": None})
    table = descriptors.multi_hot(column)
    assert list(table.columns) == ["IL13RA1", "IL2RG", "IL4R"]
    expected = [[0, 1, 1], [1, 0, 1], [0, 0, 0], [0, 0, 0]]
    np.testing.assert_array_equal(table, expected)
    assert list(table.index) == ["IL4", "IL13", "odd", "none"]
    assert (table.dtypes == np.float32).all()


def test_multi_hot_counts_a_repeated_label_once_and_takes_another_separator():
    table = descriptors.multi_hot(pd.Series({"a": "x|x|y", "b": "y"}), sep="|")
    np.testing.assert_array_equal(table, [[1, 1], [0, 1]])


# --- tables side by side


def _tables(n=8, seed=0):
    rng = np.random.default_rng(seed)
    names = [f"p{k}" for k in range(n)]
    wide = pd.DataFrame(rng.normal(5, 100, (n, 30)), names)
    narrow = pd.DataFrame(rng.normal(0, 0.01, (n, 2)), names, ["a", "b"])
    return wide, narrow


def _distances(table):
    values = table.to_numpy(dtype=float)
    return ((values[:, None] - values[None]) ** 2).sum(axis=-1)


def test_combined_tables_count_equally_however_wide_or_large():
    wide, narrow = _tables()
    table = descriptors.combined(wide, narrow)
    assert table.shape == (8, 32) and (table.dtypes == np.float32).all()
    assert list(table.columns[-2:]) == ["1:a", "1:b"] and table.columns[0] == "0:0"
    for block in (table.iloc[:, :30], table.iloc[:, 30:]):
        np.testing.assert_allclose(block.mean(), 0, atol=1e-6)
        np.testing.assert_allclose(_distances(block).mean(), 2, rtol=1e-5)


def test_combining_keeps_what_a_table_says_about_likeness():
    wide, _ = _tables()
    before, after = _distances(wide), _distances(descriptors.combined(wide))
    np.testing.assert_allclose(after / after.max(), before / before.max(), rtol=1e-3, atol=1e-6)


def test_combined_matches_rows_by_name():
    wide, narrow = _tables()
    table = descriptors.combined(wide, narrow)
    assert table.equals(descriptors.combined(wide, narrow.iloc[::-1]))
    assert list(table.index) == list(wide.index)


# --- words

STORIES = {
    "IL4": "Makes helper T cells Th2 and drives allergy.",
    "IL13": "Drives mucus and fibrosis in allergy, as Th2 cells demand.",
    "IFN1": "Puts cells infected by a virus into an antiviral state.",
    "IFNL": "Protects epithelium against a virus by an antiviral state.",
    "BMP2": "Turns precursors into bone.",
    "BMP4": "Patterns the embryo, its bone and blood.",
}


def test_text_puts_descriptions_that_share_words_together():
    table = descriptors.text(STORIES, dim=5)
    assert table.shape == (6, 5) and (table.dtypes == np.float32).all()
    assert list(table.index) == list(STORIES)
    distances = _distances(table)
    np.fill_diagonal(distances, np.inf)
    nearest = dict(zip(STORIES, np.array(list(STORIES))[distances.argmin(axis=1)]))
    assert nearest["IL4"] == "IL13" and nearest["IFNL"] == "IFN1" and nearest["BMP4"] == "BMP2"


def test_text_is_the_leading_part_of_the_word_weights():
    rng = np.random.default_rng(0)
    stories = {f"p{k}": " ".join(f"word{w}" for w in rng.integers(200, size=20)) for k in range(60)}
    words = TfidfVectorizer().fit_transform(stories.values()).toarray()
    table = descriptors.text(stories, dim=3).to_numpy(dtype=float)
    u, s, _ = np.linalg.svd(words, full_matrices=False)
    np.testing.assert_allclose(np.abs(table), np.abs(u[:, :3] * s[:3]), atol=1e-5)
    loadings = words.T @ table  # a direction is as positive as its strongest word
    strongest = loadings[np.abs(loadings).argmax(axis=0), np.arange(3)]
    assert (strongest > 0).all()


def test_text_does_not_depend_on_the_start_of_the_iteration():
    table = descriptors.text(STORIES, dim=4, seed=0)
    assert table.equals(descriptors.text(pd.Series(STORIES), dim=4, seed=0))
    np.testing.assert_allclose(table, descriptors.text(STORIES, dim=4, seed=7), atol=1e-5)


GOOD = pd.DataFrame({"x": [0.0, 1.0]}, index=["a", "b"])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: descriptors.multi_hot(pd.Series(["x", "y"], ["a", "a"])), "'a' stands twice"),
        (lambda: descriptors.multi_hot(pd.Series({"a": 3})), "'a' has 3 where labels"),
        (lambda: descriptors.multi_hot(pd.Series({"a": ";", "b": ""})), "has no label"),
        (lambda: descriptors.combined(), "nothing to combine"),
        (lambda: descriptors.combined(GOOD, GOOD.iloc[:1]), "table 1 has other rows.*\\(b\\)"),
        (lambda: descriptors.combined(GOOD, GOOD.iloc[[0, 1, 1]]), "table 1.*a repeated name"),
        (lambda: descriptors.combined(GOOD.iloc[[0, 0]]), "table 0.*a repeated name"),
        (lambda: descriptors.combined(GOOD, GOOD * 0 + 3), "all rows of table 1 are alike"),
        (lambda: descriptors.combined(GOOD.replace(1.0, np.nan)), "table 0 holds NaN"),
        (lambda: descriptors.combined(GOOD.astype(object).replace(1.0, "x")), "table 0 holds text"),
        (lambda: descriptors.text(["a", "b"]), "came as list: pass a mapping or Series"),
        (lambda: descriptors.text({}), "but got none"),
        (lambda: descriptors.text(pd.Series(["x", "y"], ["a", "a"])), "but got 'a' twice"),
        (lambda: descriptors.text({"a": "bone", "b": None}), "'b' has no description but None"),
        (lambda: descriptors.text({"a": "bone", "b": " "}), "'b' has no description but ' '"),
        (lambda: descriptors.text({"a": "the", "b": "of"}), "no word that counts .*for each"),
        (lambda: descriptors.text({"a": "bone", "b": "of"}), "description of 'b' holds no word"),
        (lambda: descriptors.text(STORIES, dim=6), "dim=6 does not fit 6 .*between 1 and 5"),
        (lambda: descriptors.text(STORIES, dim=0), "dim=0 does not fit"),
    ],
)
def test_bad_tables_get_one_sentence(call, words):
    with pytest.raises(ValueError, match=words):
        call()
