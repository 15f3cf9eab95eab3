"""What `check_predictor` gives to a predictor, how much it forgives, and whom it blames."""

import numpy as np
import pytest

from recon_tutorial.protocol import RULES, ContractError, check_predictor

from .sound_predictors import Good, after, array, noise

N = 360  # cells of the world


class Recorder(Good):
    """Keeps the shapes it is given, of all instances of one subclass, in order."""

    def train(self, *cells):
        self.trained.append((id(self), tuple(map(np.shape, cells))))
        super().train(*cells)

    def predict(self, ctrl_emb, pert_cov):
        self.asked.append((np.shape(ctrl_emb), np.array(pert_cov)))
        assert np.isfinite(array(ctrl_emb)).all() and np.isfinite(array(pert_cov)).all()
        return super().predict(ctrl_emb, pert_cov)


@pytest.fixture
def seen():
    kept = []  # all instances, so that no two have one id
    factory = type("Recording", (Recorder,), {"trained": [], "asked": []})
    check_predictor(lambda: kept.append(factory()) or kept[-1])
    return factory


def test_training_is_refused_one_mismatch_at_a_time(seen):
    shapes = [shape for _, shape in seen.trained]
    whole = ((N, 8), (N, 8), (N, 4))
    assert [shape for shape in shapes if shape != whole] == [
        ((N, 8), (N - 1, 8), (N, 4)),
        ((N, 8), (N, 8), (N - 1, 4)),
        ((N, 8), (N, 7), (N, 4)),
    ]
    assert shapes.count(whole) == 3


def test_no_predictor_is_trained_twice(seen):
    assert len({who for who, _ in seen.trained}) == len(seen.trained)


def test_prediction_is_refused_one_mismatch_at_a_time(seen):
    shapes = [(ctrl, cov.shape) for ctrl, cov in seen.asked]
    whole, few, single = ((N, 8), (N, 4)), ((60, 8), (60, 4)), ((1, 8), (1, 4))
    assert [shape for shape in shapes if shape not in (whole, few, single)] == [
        ((N, 9), (N, 4)),
        ((N, 1), (N, 4)),
        ((N, 8), (N, 5)),
        ((N, 8), (N - 1, 4)),
        ((N, 8), (1, 4)),
    ]


def test_every_descriptor_is_asked_of_the_same_cells_then_a_new_one_among_old(seen):
    asked = [cov for ctrl, cov in seen.asked if ctrl == (60, 8)]
    kinds = [np.unique(cov, axis=0) for cov in asked]
    assert [len(rows) for rows in kinds] == [1] * 6 + [2]
    old = np.unique(np.vstack(kinds[:6]), axis=0)
    assert len(old) == 6
    known = {row.tobytes() for row in old}
    assert sorted(row.tobytes() in known for row in kinds[6]) == [False, True]


# --- how much is forgiven


@pytest.mark.parametrize(("drift", "passes"), [(0.001, True), (0.003, False)])
def test_answers_may_differ_by_a_thousandth_of_their_spread(drift, passes):
    class Drifts(Good):
        calls = 0

        def predict(self, ctrl_emb, pert_cov):
            self.calls += 1
            return super().predict(ctrl_emb, pert_cov) + np.float32(drift * (self.calls % 2))

    if passes:
        check_predictor(Drifts)
    else:
        with pytest.raises(ContractError, match="predict is repeatable"):
            check_predictor(Drifts)


@pytest.mark.parametrize(("size", "passes"), [(0.39, True), (0.8, False)])
def test_rows_may_move_half_as_far_as_cells_treated_alike_are_apart(size, passes):
    by_position = after(lambda y, x, d: y + noise(7, y, size))
    if passes:
        check_predictor(by_position)
    else:
        with pytest.raises(ContractError, match="row order"):
            check_predictor(by_position)


@pytest.mark.parametrize(("size", "passes"), [(0.027, True), (0.1, False)])
def test_one_answer_for_all_cells_may_vary_a_little_by_position(size, passes):
    alike = after(lambda y, x, d: y - array(x) + noise(7, y, size))
    if passes:
        check_predictor(alike)
    else:
        with pytest.raises(ContractError, match="row order"):
            check_predictor(alike)


# --- whom a fault is laid to


@pytest.mark.parametrize(
    ("call", "rule"),
    [
        (1, "finite"),
        (2, "predict is repeatable"),
        (3, "single row"),
        (4, "float64 and lists"),
        (6, "row order"),
        (7, "uses the descriptor"),
        (13, "unseen descriptor"),
    ],
)
def test_a_fault_belongs_to_the_rule_that_met_it(call, rule):
    class Tires(Good):
        calls = 0

        def predict(self, ctrl_emb, pert_cov):
            self.calls += 1
            tired = np.float32(np.nan if self.calls == call else 1)
            return super().predict(ctrl_emb, pert_cov) * tired

    with pytest.raises(ContractError) as caught:
        check_predictor(Tires)
    assert caught.value.rule == rule
    seen = "predict returned numbers that are NaN or infinite"
    assert str(caught.value) == f"[{rule}] {seen}: {RULES[rule]}"


@pytest.mark.parametrize(
    ("training", "rule"), [(2, "same seed, same answer"), (3, "float64 and lists")]
)
def test_a_fault_of_a_later_fit_belongs_to_the_rule_that_asked_for_it(training, rule):
    fits = []

    class Worsens(Good):
        def train(self, ctrl_emb, pert_emb, pert_cov):
            super().train(ctrl_emb, pert_emb, pert_cov)
            fits.append(self)

        def predict(self, ctrl_emb, pert_cov):
            spoilt = len(fits) == training and fits[-1] is self
            return super().predict(ctrl_emb, pert_cov) * np.float32(np.nan if spoilt else 1)

    with pytest.raises(ContractError) as caught:
        check_predictor(Worsens)
    assert caught.value.rule == rule


def test_an_answer_before_training_is_found_though_it_looks_at_what_it_is_given():
    class Eager(Good):
        def predict(self, ctrl_emb, pert_cov):
            if self.weights is None:
                return array(ctrl_emb)[:] + array(pert_cov).sum(axis=1, keepdims=True)
            return super().predict(ctrl_emb, pert_cov)

    with pytest.raises(ContractError) as caught:
        check_predictor(Eager)
    assert caught.value.rule == "untrained predict is refused"


def test_a_predictor_that_can_be_called_is_no_factory():
    class Callable(Good):
        def __call__(self):
            return Good()

    with pytest.raises((TypeError, ValueError), match="factory is a Callable object: "):
        check_predictor(Callable())
