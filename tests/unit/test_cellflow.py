"""CellFlow behind the contract: its own training, cell for cell, and rows that stay in order."""

import numpy as np
import pytest

from recon_tutorial.predictors import CellFlowPredictor
from recon_tutorial.predictors import cellflow as cellflow_module

from .optional import needs

RNG = np.random.default_rng(0)
D, C, STEPS, BATCH = 5, 3, 60, 16
SIZES = [40, 23, 7, 1]  # the last population is a single cell
DESCRIPTORS = RNG.normal(size=(4, C)).astype(np.float32)
DESCRIPTORS[1] = 0
ORDER = RNG.permutation(sum(SIZES))
GROUP = np.repeat(np.arange(4), SIZES)[ORDER]
COV = DESCRIPTORS[GROUP]
CTRL = RNG.normal(size=(len(COV), D)).astype(np.float32)
PERT = (CTRL + 1 + COV @ RNG.normal(size=(C, D))).astype(np.float32)
MANY = RNG.normal(size=(130, D)).astype(np.float32)


@pytest.fixture(scope="module", autouse=True)
def package():
    needs("cellflow")


def build(**knobs):
    return CellFlowPredictor(D, C, n_hidden=8, **({"n_steps": 4} | knobs))


def train(model, **knobs):
    model.train(CTRL, PERT, COV, **({"iterations": STEPS, "batch_size": BATCH} | knobs))
    return model


@pytest.fixture(scope="module")
def fitted():
    return train(build())


@pytest.fixture
def steps(monkeypatch):
    """What reaches the solver's step, as (key, batch), and no step: nothing is compiled."""
    from cellflow.solvers import OTFlowMatching

    seen = []

    def step_fn(self, key, batch):
        seen.append((np.asarray(key), batch))
        return float(len(seen))

    monkeypatch.setattr(OTFlowMatching, "step_fn", step_fn)
    return seen


def test_seed_0_repeats_the_packages_own_training(fitted, capsys):
    other = build()
    screen = cellflow_module._as_screen(CTRL, PERT, COV)
    other.model = other._prepare(screen, STEPS)
    other.model.train(num_iterations=STEPS, batch_size=BATCH, valid_freq=STEPS + 1)
    np.testing.assert_array_equal(other.predict(CTRL, COV), fitted.predict(CTRL, COV))
    losses = other.model.trainer.training_logs["loss"]
    means = [np.mean(losses[:50]), np.mean(losses[50:])]
    assert [h["iteration"] for h in fitted.history] == [0, 50]
    assert [h["loss"] for h in fitted.history] == pytest.approx(means)


def weights(model):
    import jax

    return np.concatenate([x.ravel() for x in jax.tree.leaves(model.model.solver.vf_state.params)])


def test_the_seed_reaches_weights_and_batches(steps):
    runs, starts = [], []
    for seed in (0, 0, 1):
        steps.clear()
        starts.append(weights(train(build(seed=seed), iterations=3)))
        runs.append(list(steps))
    np.testing.assert_array_equal(starts[0], starts[1])
    assert not np.array_equal(starts[0], starts[2])
    for (key, batch), (same_key, same), (other_key, other) in zip(*runs):
        np.testing.assert_array_equal(key, same_key)
        assert not np.array_equal(key, other_key)
        for part in ("src_cell_data", "tgt_cell_data"):
            np.testing.assert_array_equal(batch[part], same[part])
            assert not np.array_equal(batch[part], other[part])


def test_a_population_learns_from_its_own_cells(steps):
    centre = 100.0 * GROUP[:, None]  # contexts far apart, told apart by the descriptor
    ctrl, pert = (CTRL + centre).astype(np.float32), (PERT - centre - 500).astype(np.float32)
    build().train(ctrl, pert, COV, iterations=80, batch_size=BATCH)
    seen = set()
    for _, batch in steps:
        condition = batch["condition"]["perturbation"]
        assert condition.shape == (1, 1, C + 1) and condition[0, 0, -1] == 1
        (g,) = np.flatnonzero((condition[0, 0, :-1] == DESCRIPTORS).all(1))
        for cells, rows in (("src_cell_data", ctrl), ("tgt_cell_data", pert)):
            assert batch[cells].shape == (BATCH, D)
            own = {row.tobytes() for row in rows[g == GROUP]}
            assert {np.asarray(row).tobytes() for row in batch[cells]} <= own
        seen.add(g)
    assert seen == {0, 1, 2, 3}


def test_minus_zero_is_the_same_population(steps):
    cov, model = COV.copy(), build()
    cov[np.flatnonzero(GROUP == 1)[::2]] *= -1
    model.train(CTRL, PERT, cov, iterations=1)
    assert model.model.train_data.n_perturbations == 4


@pytest.mark.parametrize("n", [0, 1, 63, 64, 65, 130])
def test_any_number_of_rows_in_their_order(fitted, n):
    one = np.tile(DESCRIPTORS[:1], (130, 1))
    mixed = RNG.normal(size=(2, C)).astype(np.float32)[np.arange(130) % 2]  # unseen ones
    for cov in (one, mixed):
        whole, order = fitted.predict(MANY, cov), RNG.permutation(130)[:n]
        part = fitted.predict(MANY[order], cov[order])
        assert part.shape == (n, D) and part.dtype == np.float32
        np.testing.assert_allclose(part, whole[order], atol=1e-6)


def asked(model, ctrl, cov):
    """What a prediction asks of the solver: options, cells and condition of each call."""
    calls, solver = [], type(model.model.solver)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(solver, "predict", lambda _, x, c, **grid: (calls.append((grid, x, c)), x)[1])
        np.testing.assert_array_equal(model.predict(ctrl, cov), ctrl)
    return calls


def test_a_zero_descriptor_is_not_taken_for_padding(fitted):
    zero = np.zeros((3, C), dtype=np.float32)
    ((grid, cells, condition),) = asked(fitted, MANY[:3], zero)
    padding = {"perturbation": np.zeros_like(condition["perturbation"])}
    empty = fitted.model.solver.predict(cells, padding, **grid)[:3]
    assert not np.allclose(empty, fitted.predict(MANY[:3], zero), atol=1e-3)


def test_settings_reach_the_package(steps, monkeypatch):
    import cellflow.utils
    import optax
    from cellflow.model import CellFlow

    told, prepare_model = {}, CellFlow.prepare_model

    def note_model(self, **settings):
        told.update(settings)
        return prepare_model(self, **settings)

    def note_schedule(lr, iterations):
        told.update(lr=lr, iterations=iterations)
        return lr

    monkeypatch.setattr(CellFlow, "prepare_model", note_model)
    monkeypatch.setattr(optax, "cosine_decay_schedule", note_schedule)
    monkeypatch.setattr(
        cellflow.utils, "match_linear", lambda source, target, epsilon: (source, target, epsilon)
    )
    model = build(lr=0.02, epsilon=0.3, seed=5)
    train(model, iterations=7)
    assert (told["lr"], told["iterations"], told["seed"]) == (0.02, 7, 5)
    assert told["match_fn"]("source", "target") == ("source", "target", 0.3)
    assert told["hidden_dims"] == (8,) and told["condition_embedding_dim"] == 8
    assert len(steps) == 7
    assert model.history == [{"iteration": 0, "loss": 4.0}]


def test_a_prediction_takes_midpoint_steps_in_chunks_of_64(fitted):
    import diffrax

    calls = asked(fitted, MANY, np.tile(DESCRIPTORS[:1], (130, 1)))
    assert [cells.shape for _, cells, _ in calls] == [(64, D)] * 3
    for grid, _, condition in calls:
        np.testing.assert_array_equal(condition["perturbation"], [[[*DESCRIPTORS[0], 1]]])
        assert isinstance(grid["solver"], diffrax.Midpoint) and grid["dt0"] == 1 / 4
        assert isinstance(grid["stepsize_controller"], diffrax.ConstantStepSize)


def test_training_again_starts_from_scratch(fitted, steps):
    model = build()
    model.model, model.history = fitted.model, fitted.history
    train(model, iterations=1)
    np.testing.assert_array_equal(weights(model), weights(train(build(), iterations=1)))
    assert not np.array_equal(weights(model), weights(fitted))
    assert len(model.history) == 1


@pytest.mark.parametrize(
    ("knobs", "words"),
    [
        ({"n_steps": 0}, "n_steps=0 must be at least 1"),
        ({"epsilon": 0}, "epsilon=0 must be above 0: try 0.1"),
        ({"epsilon": -0.1}, "epsilon=-0.1 must be above 0: try 0.1"),
        ({"epsilon": float("nan")}, "epsilon=nan must be above 0: try 0.1"),
    ],
)
def test_bad_settings_are_refused(knobs, words):
    with pytest.raises(ValueError) as caught:
        CellFlowPredictor(D, C, **knobs)
    assert str(caught.value) == words


def test_an_empty_batch_is_refused():
    with pytest.raises(ValueError, match="^batch_size=0 must be at least 1$"):
        train(build(), batch_size=0)
