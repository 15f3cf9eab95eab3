import math

import numpy as np
import pytest
from anndata import AnnData
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.stats import energy_distance as scipy_energy_distance
from sklearn.metrics import mean_squared_error, pairwise_distances, r2_score
from sklearn.neighbors import KNeighborsClassifier

from recon_tutorial import metrics
from recon_tutorial.metrics import energy_distance, knn_purity, mse, r2, variance_ratio

seeds = st.integers(0, 10_000)
quick = settings(max_examples=25, deadline=None)


def clouds(seed, n=(13, 13, 17), d=5):
    rng = np.random.default_rng(seed)
    return [
        rng.normal(shift, 1, (size, d)) for size, shift in zip(n, (0.0, 0.4, -1.0), strict=True)
    ]


def as_anndata(x, genes=None, to=np.asarray):
    adata = AnnData(to(x))
    adata.var_names = genes or [f"g{j}" for j in range(x.shape[1])]
    return adata


# The ReconEval formulas, written again with scikit-learn.


def reconeval_r2(true, pred):
    return r2_score(true.sum(axis=0), pred.sum(axis=0))


def reconeval_energy_distance(true, pred):
    between, true_within, pred_within = (
        pairwise_distances(a, b).mean() for a, b in ((true, pred), (true, true), (pred, pred))
    )
    return 2 * between - true_within - pred_within


def reconeval_purity(true, pred, ctrl, k):
    labels = np.r_[np.ones(len(true)), np.zeros(len(ctrl))]
    classifier = KNeighborsClassifier(k).fit(np.concatenate([true, ctrl]), labels)
    probability = classifier.predict_proba(pred)
    return probability[:, 1].mean()


@quick
@given(seed=seeds)
@pytest.mark.parametrize("to", [np.asarray, sparse.csr_matrix, sparse.csc_matrix])
def test_anndata_metrics_equal_the_reconeval_formulas(seed, to):
    true, pred, ctrl = clouds(seed)
    a, b, c = (as_anndata(x, to=to) for x in (true, pred, ctrl))
    assert metrics.metric_r2(a, b) == pytest.approx(reconeval_r2(true, pred), rel=1e-6)
    assert metrics.metric_mse(a, b) == pytest.approx(mean_squared_error(true, pred), rel=1e-6)
    expected = reconeval_energy_distance(true, pred)
    assert metrics.metric_energy_distance(a, b) == pytest.approx(expected, abs=1e-6)
    for k in (1, 7):
        expected = reconeval_purity(true, pred, ctrl, k)
        got = metrics.metric_knn_purity(adata_pred=b, adata_pert_true=a, adata_ctrl=c, k=k)
        assert got == pytest.approx(expected, abs=1e-6)


def test_purity_searches_the_embedding_on_request():
    true, pred, ctrl = clouds(0)
    a, b, c = (as_anndata(np.zeros((len(x), 2))) for x in (true, pred, ctrl))
    for adata, x in ((a, true), (b, pred), (c, ctrl)):
        adata.obsm["X_emb"] = x
    got = metrics.metric_knn_purity(b, a, c, k=5, use_rep="X_emb")
    assert got == pytest.approx(reconeval_purity(true, pred, ctrl, 5))
    with pytest.raises(ValueError, match="adata_pred.obsm has no 'X_pca' .found: X_emb"):
        metrics.metric_knn_purity(b, a, c, use_rep="X_pca")


def test_genes_are_matched_by_name():
    true, pred, _ = clouds(1)
    genes = list("abcde")
    mixed = as_anndata(pred[:, ::-1], genes[::-1])
    expected = metrics.metric_mse(as_anndata(true, genes), as_anndata(pred, genes))
    assert metrics.metric_mse(as_anndata(true, genes), mixed) == expected
    with pytest.raises(ValueError, match="measure different genes .for example 'a'"):
        metrics.metric_mse(as_anndata(true, genes), as_anndata(pred, ["A", *genes[1:]]))


# Analytic values.


@quick
@given(seed=seeds)
def test_energy_distance_in_one_dimension_is_scipys(seed):
    true, pred, _ = clouds(seed, n=(13, 21, 5), d=1)
    # SciPy's distance is the square root of the V-statistic.
    expected = scipy_energy_distance(true[:, 0], pred[:, 0]) ** 2
    assert energy_distance(true, pred, biased=True) == pytest.approx(expected, abs=1e-9)


@quick
@given(seed=seeds)
def test_the_two_energy_distances_differ_by_their_diagonals(seed):
    true, pred, _ = clouds(seed, n=(13, 21, 5))
    extra = sum(
        pairwise_distances(x).sum() / (len(x) * (len(x) - 1)) / len(x) for x in (true, pred)
    )
    difference = energy_distance(true, pred, biased=True) - energy_distance(true, pred)
    assert difference == pytest.approx(extra, rel=1e-9)


def test_unbiased_energy_distance_is_zero_on_average_and_not_clipped():
    rng = np.random.default_rng(0)
    values = [energy_distance(*rng.normal(size=(2, 20, 3))) for _ in range(400)]
    assert abs(np.mean(values)) < 3 * np.std(values) / 20
    assert min(values) < 0


def test_energy_distance_of_two_points_is_twice_their_distance():
    assert energy_distance([[0.0, 0.0]], [[3.0, 4.0]], biased=True) == pytest.approx(10.0)


def test_r2_of_a_half_right_profile():
    true = np.array([[0.0, 2.0]])
    assert r2(true, true) == 1
    assert r2(true, np.array([[1.0, 1.0]])) == 0
    assert r2(true, np.array([[0.0, 1.0]])) == 0.5


def test_r2_on_the_mean_admits_unequal_counts():
    true, pred, _ = clouds(2, n=(10, 20, 5))
    expected = r2_score(true.mean(axis=0), pred.mean(axis=0))
    assert r2(true, pred, on="mean") == pytest.approx(expected)
    with pytest.raises(ValueError, match='pass on="mean"'):
        r2(true, pred)
    assert r2(true, true, on="sum") == pytest.approx(r2(true, true, on="mean"))


def test_purity_of_separated_clouds_and_its_chance_level():
    rng = np.random.default_rng(0)
    true, ctrl = rng.normal(10, 1, (30, 3)), rng.normal(-10, 1, (90, 3))
    assert knn_purity(true, true, ctrl, k=5) == 1
    assert knn_purity(true, ctrl, ctrl, k=5) == 0
    assert knn_purity(true, true, ctrl, k=120) == 30 / 120  # the whole pool: chance
    mixed = rng.normal(size=(2000, 3))
    chance = knn_purity(mixed[:300], mixed[300:800], mixed[800:], k=10)
    assert abs(chance - 300 / 1500) < 0.02


def test_balanced_purity_draws_the_larger_pool_down():
    rng = np.random.default_rng(1)
    mixed = rng.normal(size=(2400, 3))
    true, pred, ctrl = mixed[:200], mixed[200:700], mixed[700:]
    values = [knn_purity(true, pred, ctrl, k=10, balanced=True, seed=s) for s in (0, 0, 1)]
    assert values[0] == values[1] != values[2]
    assert abs(values[0] - 0.5) < 0.03
    assert knn_purity(true, pred, ctrl[:200], k=400, balanced=True) == 0.5


def test_variance_ratio_sees_collapse_and_scale():
    rng = np.random.default_rng(0)
    true = rng.normal(size=(50, 4))
    assert variance_ratio(true, true) == pytest.approx(1)
    assert variance_ratio(true, 7 + 2 * true) == pytest.approx(4)
    assert variance_ratio(true, np.ones((5, 4))) == 0
    expected = np.trace(np.cov(true[:20].T)) / np.trace(np.cov(true.T))
    assert variance_ratio(true, true[:20]) == pytest.approx(expected)


# Properties.


@quick
@given(seed=seeds)
def test_the_order_of_cells_matters_to_mse_only(seed):
    true, pred, ctrl = clouds(seed)
    order = np.random.default_rng(seed).permutation(len(true))
    for card in metrics.METRICS.values():
        arrays = {"true": true, "pred": pred, "ctrl": ctrl}
        before = card.function(*[arrays[n] for n in card.needs])
        arrays["true"] = true[order]
        after = card.function(*[arrays[n] for n in card.needs])
        moved = not math.isclose(before, after, rel_tol=1e-9, abs_tol=1e-12)
        assert moved == (card.name == "mse" and not (order == np.arange(len(order))).all())


@quick
@given(seed=seeds)
def test_rotating_and_moving_a_space_changes_no_distance(seed):
    true, pred, ctrl = clouds(seed)
    rotation = np.linalg.qr(np.random.default_rng(seed).normal(size=(5, 5)))[0]
    turn = lambda x: x @ rotation + 3.0  # noqa: E731
    args = (true, pred, ctrl)
    for function, n in ((mse, 2), (energy_distance, 2), (knn_purity, 3), (variance_ratio, 2)):
        before, after = function(*args[:n]), function(*[turn(x) for x in args[:n]])
        assert after == pytest.approx(before, rel=1e-8, abs=1e-9)


@quick
@given(seed=seeds)
def test_energy_distance_and_mse_are_symmetric(seed):
    true, pred, _ = clouds(seed)
    assert mse(true, pred) == mse(pred, true)
    assert energy_distance(true, pred) == pytest.approx(energy_distance(pred, true))


@quick
@given(seed=seeds)
def test_values_stay_in_the_range_of_the_card_and_the_truth_scores_best(seed):
    true, pred, ctrl = clouds(seed)
    for card in metrics.METRICS.values():
        arrays = {"true": true, "pred": pred, "ctrl": ctrl}
        value = card.function(*[arrays[n] for n in card.needs])
        assert card.range[0] <= value <= card.range[1]
        if card.name in ("r2", "mse", "variance_ratio"):
            assert card.function(true, true) == pytest.approx(card.best, abs=1e-12)


def test_cards_cannot_be_changed_and_know_their_direction():
    assert metrics.HIGHER_IS_BETTER == {
        "r2": True,
        "mse": False,
        "energy_distance": False,
        "knn_purity": True,
        "variance_ratio": None,
    }
    for name, card in metrics.METRICS.items():
        assert card.name == name == card.function.__name__
        assert card.range[0] <= card.best <= card.range[1]
        assert card.formula and card.caveat and card.citation
        with pytest.raises(AttributeError):
            card.best = 3.0
    with pytest.raises(TypeError):
        metrics.METRICS["mine"] = None


# Bad input: one sentence each.

GOOD = np.arange(12.0).reshape(4, 3)


@pytest.mark.parametrize(
    ("function", "arguments", "words"),
    [
        (mse, (GOOD, GOOD[:, :2]), "true has 3 columns but pred has 2"),
        (mse, (GOOD, GOOD[:2]), "got 4 true and 2 predicted"),
        (mse, (GOOD[0], GOOD), r"true has 1 dimension.s."),
        (mse, (GOOD[:0], GOOD[:0]), r"true has 0 cell.s."),
        (mse, (GOOD[:, :0], GOOD[:, :0]), r"4 cell.s. x 0 feature"),
        (mse, (GOOD, GOOD * np.nan), "pred holds NaN or infinite"),
        (mse, (GOOD, GOOD.astype(str)), "pred holds <U32 values"),
        (r2, (GOOD[:, :1], GOOD[:, :1]), "got 1 gene"),
        (energy_distance, (GOOD[:1], GOOD), "at least 2 x 1 are needed"),
        (knn_purity, (GOOD, GOOD, GOOD[:2]), "k=20 neighbours cannot be drawn from 6"),
        (knn_purity, (GOOD, GOOD, GOOD[:, :2]), "ctrl has 2"),
        (variance_ratio, (np.ones((4, 3)), GOOD), "all true cells are equal"),
        (variance_ratio, (GOOD, GOOD[:1]), "at least 2 x 1 are needed"),
    ],
)
def test_bad_input_gets_one_sentence(function, arguments, words):
    with pytest.raises(ValueError, match=words) as caught:
        function(*arguments)
    assert "\n" not in str(caught.value)


def test_unknown_profile_and_neighbour_counts():
    with pytest.raises(ValueError, match="on='median' is unknown"):
        r2(GOOD, GOOD, on="median")
    with pytest.raises(ValueError, match="k=0"):
        knn_purity(GOOD, GOOD, GOOD, k=0)
