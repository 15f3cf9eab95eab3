"""Models of sets: the loss on a set, what attention sees, and what a fitted network keeps."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from recon_tutorial.metrics import energy_distance
from recon_tutorial.predictors import SetPredictor, energy_loss
from recon_tutorial.predictors import sets as sets_module
from recon_tutorial.predictors.sets import _SetNetwork

from . import unpaired_world

RNG = np.random.default_rng(0)
CTRL = RNG.normal(size=(60, 3)).astype(np.float32)
COV = RNG.normal(size=(4, 2)).astype(np.float32)[RNG.integers(4, size=60)]  # interleaved


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def fitted(**knobs):
    model = SetPredictor(3, 2, n_hidden=8, **knobs)
    model.train(CTRL, CTRL + 1, COV, iterations=3)
    return model


# The energy loss.


@settings(max_examples=40)
@given(
    seed=st.integers(0, 1000),
    n_sets=st.integers(1, 4),
    size=st.integers(2, 40),
    d=st.integers(1, 6),
)
def test_the_energy_loss_is_the_metric_averaged_over_sets(seed, n_sets, size, d):
    rng = np.random.default_rng(seed)
    predicted, true = rng.normal(size=(2, n_sets, size, d)) * rng.uniform(0.1, 5)
    loss = energy_loss(torch.from_numpy(predicted), torch.from_numpy(true))
    due = np.mean([energy_distance(t, p) for t, p in zip(true, predicted)])
    assert loss.shape == () and loss.item() == pytest.approx(due, abs=1e-6)


@pytest.mark.parametrize("size", [2, 5, 40])
def test_the_energy_loss_has_a_slope_where_cells_coincide(size):
    cells = torch.randn(2, size, 3)
    cells[:, 1] = cells[:, 0]
    predicted = cells.clone().requires_grad_()
    energy_loss(predicted, cells).backward()
    assert torch.isfinite(predicted.grad).all()
    collapsed = torch.zeros(2, size, 3, requires_grad=True)
    energy_loss(collapsed, cells + 5).backward()
    assert torch.isfinite(collapsed.grad).all() and (collapsed.grad < 0).all()


# The network.


@pytest.mark.parametrize("attention", [False, True])
def test_a_silent_network_leaves_the_control_and_the_path_from_the_descriptor(attention):
    network = _SetNetwork(3, 2, 8, attention)
    ctrl, cov = torch.randn(4, 6, 3), torch.randn(4, 1, 2)
    with torch.no_grad():
        for parameter in network.shift.parameters():
            parameter.zero_()
        moved = network(ctrl, cov) - ctrl
        torch.testing.assert_close(moved, network.linear(cov).expand(4, 6, 3))
        assert (moved != 0).any()


def test_the_layers_have_the_sizes_that_were_asked_for():
    network = _SetNetwork(3, 2, 8, True)
    layers = [*network.encode, *network.shift]
    sizes = [(m.in_features, m.out_features) for m in layers if hasattr(m, "in_features")]
    assert sizes == [(5, 8), (8, 8), (8, 3)]
    assert (network.attend.embed_dim, network.attend.num_heads) == (8, 4)
    assert _SetNetwork(3, 2, 8, False).attend is None


@pytest.mark.parametrize("attention", [False, True])
def test_a_cell_adds_its_shift_and_what_attention_says_of_its_fellows(attention):
    network, ctrl, cov = _SetNetwork(3, 2, 8, attention), torch.randn(4, 6, 3), torch.randn(4, 1, 2)
    with torch.no_grad():
        state = network.encode(torch.cat([ctrl, cov.repeat(1, 6, 1)], dim=-1))
        if attention:
            state = state + network.attend(state, state, state)[0]
        due = ctrl + network.shift(state) + network.linear(cov)
        torch.testing.assert_close(network(ctrl, cov), due)


def test_a_set_does_not_see_another_set():
    network = _SetNetwork(3, 2, 8, True)
    ctrl, cov = torch.randn(4, 6, 3), torch.randn(4, 1, 2)
    with torch.no_grad():
        torch.testing.assert_close(network(ctrl, cov)[1:2], network(ctrl[1:2], cov[1:2]))


# Predicting.


def test_without_attention_a_row_stands_alone():
    model = fitted(set_size=7)
    together = model.predict(CTRL, COV)
    alone = np.concatenate([model.predict(CTRL[i : i + 1], COV[i : i + 1]) for i in range(60)])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_with_attention_a_row_sees_its_set():
    model, cov = fitted(attention=True), np.repeat(COV[:1], 20, axis=0)
    together = model.predict(CTRL[:20], cov)
    assert np.abs(together[:1] - model.predict(CTRL[:1], cov[:1])).max() > 1e-3
    other_fellows = np.concatenate([CTRL[:1], CTRL[20:39]])
    assert np.abs(together[0] - model.predict(other_fellows, cov)[0]).max() > 1e-3
    order = np.random.default_rng(1).permutation(20)
    np.testing.assert_allclose(model.predict(CTRL[order], cov), together[order], atol=1e-5)


@pytest.mark.parametrize("attention", [False, True])
def test_interleaved_descriptors_are_answered_in_their_rows(attention):
    model = fitted(attention=attention, set_size=9)
    answer = model.predict(CTRL, COV)
    assert answer.shape == (60, 3) and answer.dtype == np.float32
    for descriptor in np.unique(COV, axis=0):
        mine = (descriptor == COV).all(axis=1)
        alone = model.predict(CTRL[mine], COV[mine])  # the same sets whatever else is asked
        np.testing.assert_allclose(answer[mine], alone, atol=1e-6)


def test_sets_to_predict_hold_set_size_cells_at_most():
    sizes = []
    model = fitted(attention=True, set_size=9)
    model.network.register_forward_pre_hook(lambda _, given: sizes.append(given[0].shape[:2]))
    model.predict(CTRL[:20], np.repeat(COV[:1], 20, axis=0))
    assert sizes == [(1, 7), (1, 7), (1, 6)]


# Fitted.


def test_the_energy_loss_keeps_two_modes_where_squared_errors_collapse():
    energy = SetPredictor(2, 2, n_hidden=64)
    energy.train(*unpaired_world.draw(0), iterations=250)
    kept, distance = unpaired_world.scores(energy)
    assert 0.8 < kept.mean() < 1.2 and (distance < 0.1).all()
    mse = SetPredictor(2, 2, n_hidden=64, loss="mse")
    mse.train(*unpaired_world.draw(0), iterations=250)
    kept, distance = unpaired_world.scores(mse)
    assert (kept < 0.5).all() and (distance > 0.8).all()


@pytest.mark.parametrize("loss", ["energy", "mse"])
def test_a_step_draws_8_sets_of_partners(monkeypatch, loss):
    drawn = []

    class Sets(sets_module.CellSets):
        def draw(self, n_sets, size, *, paired):
            drawn.append((n_sets, size, paired))
            return super().draw(n_sets, size, paired=paired)

    monkeypatch.setattr(sets_module, "CellSets", Sets)
    fitted(loss=loss, set_size=5)
    assert drawn == [(8, 5, True)] * 3


@pytest.mark.parametrize(
    ("knobs", "words"),
    [
        ({"loss": "mmd"}, 'loss=\'mmd\' is unknown: choose "energy" or "mse"'),
        ({"set_size": 1}, "set_size=1 must be at least 2: one cell is no distribution"),
        ({"n_hidden": 10, "attention": True}, "n_hidden=10 must be a multiple of 4 with attention"),
    ],
)
def test_bad_knobs_are_refused(knobs, words):
    with pytest.raises(ValueError, match=words):
        SetPredictor(3, 2, **knobs)
    SetPredictor(3, 2, n_hidden=10, set_size=2)


@pytest.mark.parametrize("shapes", [((1, 5, 2), (1, 4, 2)), ((2, 1, 3), (2, 1, 3))])
def test_the_energy_loss_refuses_sets_it_cannot_weigh(shapes):
    with pytest.raises(ValueError, match="pass sets of equal size"):
        energy_loss(*(torch.zeros(shape) for shape in shapes))
