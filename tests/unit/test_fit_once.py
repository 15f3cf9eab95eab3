"""A fit that is not repeated: what counts as the same, and what evaluate makes of it."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from recon_tutorial.evaluation import evaluate
from recon_tutorial.predictors import FitOnce, MLPPerturbationPredictor, SetPredictor, fit_once
from recon_tutorial.screen import simulate_screen
from recon_tutorial.splits import split_both

RNG = np.random.default_rng(0)
ROWS = (RNG.normal(size=(20, 3)), RNG.normal(size=(20, 3)), RNG.normal(size=(20, 2)))


class Counted:
    """Notes each fit and answers with the mean of the last one."""

    def __init__(self):
        self.fits = []

    def train(self, ctrl_emb, pert_emb, pert_cov, **options):
        if options.get("fail"):
            raise options["fail"]
        self.fits.append((ctrl_emb, pert_emb, pert_cov, options))

    def predict(self, ctrl_emb, pert_cov):
        return np.asarray(ctrl_emb, dtype=np.float32) + np.mean(self.fits[-1][1])


def n_fits(*trainings):
    """How many of these calls of train, (rows, options) each, led to a fit."""
    once = FitOnce(Counted())
    for rows, options in trainings:
        once.train(*rows, **options)
    assert once.n_fits == len(once.model.fits)
    return once.n_fits


def copies(value):
    """The same content in other objects."""
    if isinstance(value, dict):
        return {k: copies(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(copies(v) for v in value)
    return value.copy() if isinstance(value, np.ndarray) else value


# The same rows and options.


def test_the_same_rows_are_fitted_once():
    assert n_fits((ROWS, {}), (ROWS, {}), (copies(ROWS), {})) == 1
    strided = [np.repeat(x, 2, axis=1)[:, ::2] for x in ROWS]
    assert n_fits((ROWS, {}), (strided, {}), ([np.asfortranarray(x) for x in ROWS], {})) == 1
    lists = [x.tolist() for x in ROWS]
    assert n_fits((lists, {}), (copies(lists), {})) == 1


@pytest.mark.parametrize("which", [0, 1, 2])
def test_other_rows_are_another_fit(which):
    def changed(how):
        return [how(x) if i == which else x for i, x in enumerate(ROWS)]

    def nudged(x):
        x = x.copy()
        x[7, 1] = np.nextafter(x[7, 1], 9)
        return x

    hows = (nudged, np.negative, np.float32, lambda x: x[::-1], lambda x: x[:-1])
    for how in (*hows, lambda x: x.reshape(-1, 1)):
        assert n_fits((ROWS, {}), (changed(how), {})) == 2
    assert n_fits((ROWS, {}), ([x[::-1] for x in ROWS], {})) == 2  # another order of all three


def test_swapped_matrices_are_another_fit():
    assert n_fits((ROWS, {}), ((ROWS[1], ROWS[0], ROWS[2]), {})) == 2


def test_rows_changed_in_place_are_another_fit():
    rows, once = copies(ROWS), FitOnce(Counted())
    once.train(*rows)
    rows[0][0, 0] += 1
    once.train(*rows)
    assert once.n_fits == 2


def test_only_the_last_fit_is_remembered():
    other = [x + 1 for x in ROWS]
    assert n_fits((ROWS, {}), (other, {}), (ROWS, {})) == 3


BIG = RNG.normal(size=(400, 5))
OPTIONS = [
    None,
    True,
    3,
    0.1,
    "cosine",
    np.float32(0.1),
    (),
    [1, (2.0, None)],
    [(64,), (32, 32)],
    {"lr": 0.1, "sizes": [64, 32], "genes": BIG},
    BIG,
    np.array(["a", "bc"]),
]


@pytest.mark.parametrize("value", OPTIONS, ids=lambda value: repr(value)[:20])
def test_options_are_compared_by_content(value):
    assert n_fits((ROWS, {"option": value}), (ROWS, {"option": copies(value)})) == 1
    assert n_fits((ROWS, {"option": value}), (ROWS, {})) == 2
    assert n_fits((ROWS, {"option": value}), (ROWS, {"other": value})) == 2
    for other in OPTIONS:
        if other is not value:
            assert n_fits((ROWS, {"option": value}), (ROWS, {"option": other})) == 2


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, True),
        (1, 1.0),
        (1, "1"),
        (None, "None"),
        ([1, 2], (1, 2)),
        ([1, 2], [2, 1]),
        ([[1], [2]], [[1, 2]]),
        (["ab", "c"], ["a", "bc"]),
        ({"a": 1, "b": 2}, {"a": 2, "b": 1}),
        (np.zeros(3), np.zeros(3, dtype=np.float32)),
        (np.zeros((2, 3)), np.zeros((3, 2))),
    ],
)
def test_what_only_looks_alike_is_another_option(one, other):
    assert n_fits((ROWS, {"option": one}), (ROWS, {"option": other})) == 2


def test_the_order_of_options_does_not_matter_but_their_names_do():
    assert n_fits((ROWS, {"a": 1, "b": 2}), (ROWS, {"b": 2, "a": 1})) == 1
    assert n_fits((ROWS, {"a": 1, "b": 2}), (ROWS, {"b": 1, "a": 2})) == 2


@pytest.mark.parametrize("inside", [lambda x: x, lambda x: {"genes": x}, lambda x: [[x]]])
def test_large_arrays_are_compared_to_their_last_number(inside):
    changed = BIG.copy()
    changed[200, 2] += 1e-12  # where printing would leave numbers out
    assert n_fits((ROWS, {"expression": inside(BIG)}), (ROWS, {"expression": inside(changed)})) == 2


LABELS = np.array(["a", None], dtype=object)


@pytest.mark.parametrize("option", [sparse.eye(3), pd.DataFrame([[1]]), LABELS, print])
def test_what_cannot_be_compared_is_fitted_again(option):
    for inside in (option, [option], {"inside": option}, np.array([option, None], dtype=object)):
        assert n_fits((ROWS, {"option": inside}), (ROWS, {"option": inside})) == 2


# What a fit leaves behind.


def test_rows_options_and_predictions_are_passed_on_as_they_are():
    once, options = FitOnce(Counted()), {"iterations": 3, "genes": BIG}
    once.train(*ROWS, **options)
    ((*rows, seen),) = once.model.fits
    assert all(given is own for given, own in zip(rows, ROWS))
    assert seen == options and seen["genes"] is BIG
    np.testing.assert_array_equal(
        once.predict(ROWS[0], ROWS[2]), once.model.predict(ROWS[0], ROWS[2])
    )


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt()])
def test_a_fit_that_fails_is_forgotten_and_so_is_the_one_before(error):
    once = FitOnce(Counted())
    once.train(*ROWS)
    for _ in range(2):
        with pytest.raises(type(error)):
            once.train(*ROWS, fail=error)
    assert once.n_fits == 1
    once.train(*ROWS)  # a failed fit may have left anything in the model
    assert once.n_fits == 2


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt()])
def test_a_fit_that_failed_is_tried_again(error):
    once, failing = FitOnce(Counted()), [error]
    once.model.train = lambda *rows: failing and (_ for _ in ()).throw(failing.pop())
    with pytest.raises(type(error)):
        once.train(*ROWS)
    assert once.n_fits == 0 and np.isnan(once.seconds)
    once.train(*ROWS)
    assert once.n_fits == 1


def test_seconds_are_those_of_the_last_real_fit(monkeypatch):
    clock = iter([10.0, 12.5, 20.0, 21.0])
    monkeypatch.setattr(fit_once, "perf_counter", lambda: next(clock))
    once = FitOnce(Counted())
    assert np.isnan(once.seconds) and once.n_fits == 0
    for rows, seconds in ((ROWS, 2.5), (ROWS, 2.5), ([x + 1 for x in ROWS], 1.0)):
        once.train(*rows)
        assert once.seconds == seconds


# Through evaluate.


@pytest.mark.parametrize("n_validation", [0, 1])
def test_two_claims_are_scored_on_one_fit_as_on_two(n_validation):
    screen = simulate_screen(
        n_perturbations=6, cells_per_perturbation=40, embed_dim=4, cov_dim=2, n_genes=3
    )
    build = {
        "MLP": lambda: MLPPerturbationPredictor(4, 2, 8),
        "sets": lambda: SetPredictor(4, 2, n_hidden=8, attention=True),
    }
    options = {"MLP": {"epochs": 2}, "sets": {"iterations": 3}}
    once = {name: FitOnce(make()) for name, make in build.items()}
    again = {name: make() for name, make in build.items()}
    settings = {"metrics": ["mse_mean", "energy_distance"], "train_options": options, "n_boot": 10}
    for split in split_both(screen, n_validation=n_validation):
        chosen = [split] if n_validation == 0 else [split.for_validation(), split]
        for part in chosen:
            one, two = (evaluate(models, screen, part, **settings) for models in (once, again))
            pd.testing.assert_frame_equal(one, two, check_exact=True)
            assert one["value"].notna().all() and not one["note"].str.contains("failed").any()
    assert [model.n_fits for model in once.values()] == [1, 1]
    assert all(model.seconds > 0 for model in once.values())
