"""Leaving signatures out, held against scikit-learn's own search and against leaks."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, LeaveOneOut

from recon_tutorial.descriptors import one_hot, random
from recon_tutorial.signatures import ALPHAS, leave_one_out

NAMES = list("abcdefghij")
GROUPS = pd.Series(dict(zip(NAMES, [0, 0, 1, 2, 3, 3, 3, 4, 5, 6], strict=True)))


@pytest.fixture
def descriptors():
    return random(NAMES, 3, seed=1)


@pytest.fixture
def signatures(descriptors):
    """A linear answer to the descriptor, a shift that all share, and noise; 30 genes."""
    rng = np.random.default_rng(2)
    answer = rng.normal(size=(30, 3)) @ descriptors.to_numpy().T
    noise = 0.8 * rng.normal(size=answer.shape)
    return pd.DataFrame(answer + noise + rng.normal(size=(30, 1)), columns=NAMES)


@pytest.mark.parametrize("groups", [None, GROUPS])
def test_it_is_the_nested_search_written_out(signatures, descriptors, groups):
    left_out = leave_one_out(signatures, descriptors, groups=groups)
    labels = pd.Series(range(10), NAMES) if groups is None else groups
    chosen, descriptors = set(), descriptors.astype(float)
    for name in NAMES:
        train = [other for other in NAMES if labels[other] != labels[name]]
        known, mean = signatures[train], signatures[train].mean(axis=1)
        grid = GridSearchCV(
            Ridge(), {"alpha": ALPHAS}, cv=LeaveOneOut(), scoring="neg_mean_squared_error"
        )
        grid.fit(descriptors.loc[train].to_numpy(), known.T.to_numpy())
        chosen.add(grid.best_params_["alpha"])
        expected = grid.predict(descriptors.loc[[name]].to_numpy())[0] - mean
        np.testing.assert_allclose(left_out.change[name], expected, atol=1e-9)
        np.testing.assert_allclose(left_out.centroid[name], mean, atol=1e-9)
    assert len(chosen) > 1 and chosen < set(ALPHAS)  # else the search would not have been tried


def test_a_name_tag_adds_exactly_nothing(signatures):
    left_out = leave_one_out(signatures, one_hot(NAMES))
    assert (left_out.change == 0).all(axis=None)
    assert (leave_one_out(1e-9 * signatures, random(NAMES, 3, seed=1)).change != 0).all(axis=None)


@pytest.mark.parametrize("groups", [None, GROUPS])
def test_what_is_left_out_is_not_seen(signatures, descriptors, groups):
    before = leave_one_out(signatures, descriptors, groups=groups)
    changed = signatures.copy()
    changed["e"] = 7.0  # with groups, f and g go with it
    after = leave_one_out(changed, descriptors, groups=groups)
    unmoved = ["e"] if groups is None else ["e", "f", "g"]
    for table, other in zip(before, after, strict=True):
        moved = (table - other).abs().max()
        assert moved[unmoved].max() < 1e-9 < 0.01 < moved.drop(unmoved).min()


def test_a_linear_world_is_recovered(descriptors):
    answer = np.random.default_rng(3).normal(size=(30, 3)) @ descriptors.to_numpy().T
    exact = pd.DataFrame(answer + 1, columns=NAMES)
    predicted = sum(leave_one_out(exact, descriptors, alphas=[1e-9, 10]))
    np.testing.assert_allclose(predicted, exact, atol=1e-4)


def test_rows_are_found_by_name_and_nothing_is_changed(signatures, descriptors):
    copies = signatures.copy(), descriptors.copy()
    first = leave_one_out(signatures, descriptors, groups=GROUPS)
    extra = pd.concat([descriptors.iloc[::-1], random(["other"], 3)])
    second = leave_one_out(signatures, extra, groups=GROUPS.iloc[::-1])
    for table, other in zip(first, second, strict=True):
        pd.testing.assert_frame_equal(table, other)
        assert table.columns.equals(signatures.columns) and table.index.equals(signatures.index)
    assert signatures.equals(copies[0]) and descriptors.equals(copies[1])


def test_fewer_genes_than_perturbations(signatures, descriptors):
    few = signatures.iloc[:4]
    left_out = leave_one_out(few, descriptors)
    assert left_out.change.shape == (4, 10)
    np.testing.assert_allclose(left_out.centroid["a"], few.drop(columns="a").mean(axis=1))


def _without(table, name):
    return table.drop(index=name)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda s, d: (s, _without(d, "c"), None), "'c' stands 0 times in descriptors"),
        (lambda s, d: (s, pd.concat([d, d]), None), "'a' stands 2 times in descriptors"),
        (lambda s, d: (s, d, GROUPS.drop("b")), "'b' stands 0 times in groups"),
        (lambda s, d: (s.set_axis(["a"] * 10, axis=1), d, None), "signatures name a column twice"),
        (lambda s, d: (s.where(s > 0), d, None), "signatures hold NaN"),
        (lambda s, d: (s, d.where(d > 0, np.inf), None), "descriptors hold NaN or infinite"),
        (lambda s, d: (s, d.astype(str) + "x", None), "descriptors hold text"),
        (lambda s, d: (s[["a", "b"]], d, None), "of 2 perturbations fewer than two are left"),
        (lambda s, d: (s, d, GROUPS * 0), "of 10 perturbations fewer than two are left"),
    ],
)
def test_refusals(signatures, descriptors, spoil, said):
    table, rows, groups = spoil(signatures, descriptors)
    with pytest.raises(ValueError, match=said):
        leave_one_out(table, rows, groups=groups)
