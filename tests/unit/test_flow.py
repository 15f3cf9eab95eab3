"""Flow matching: the coupling, the loss, the integrator, and what a fitted field keeps."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from recon_tutorial.predictors import FlowMatchingPredictor, RidgeRegression
from recon_tutorial.predictors import flow as flow_module
from recon_tutorial.predictors.flow import _match, _VelocityField

from . import unpaired_world

RNG = np.random.default_rng(0)
CTRL, COV = RNG.normal(size=(30, 2)), np.repeat(RNG.normal(size=(3, 2)), 10, axis=0)


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def integrated(field, ctrl, cov, **knobs):
    """What predict makes of a field that nobody trained."""
    model = FlowMatchingPredictor(np.shape(ctrl)[1], np.shape(cov)[1], **knobs)
    model.field = field
    return model.predict(ctrl, cov)


# The coupling.


@settings(max_examples=20)
@given(seed=st.integers(0, 1000), n_sets=st.integers(1, 3), d=st.integers(1, 4))
def test_matching_is_the_best_of_all_permutations(seed, n_sets, d):
    start, end = np.random.default_rng(seed).normal(size=(2, n_sets, 5, d)).astype(np.float32)
    matched = _match(torch.from_numpy(start), torch.from_numpy(end)).numpy()
    for one, cells, order in zip(start, end, matched):
        every = [cells[list(p)] for p in itertools.permutations(range(5))]
        best = min(every, key=lambda reordered: np.square(one - reordered).sum())
        np.testing.assert_array_equal(order, best)  # a permutation of this set alone


@settings(max_examples=20)
@given(seed=st.integers(0, 1000), size=st.integers(1, 40))
def test_matching_in_one_dimension_costs_what_sorting_costs(seed, size):
    start, end = np.random.default_rng(seed).normal(size=(2, 3, size, 1)).astype(np.float32)
    matched = _match(torch.from_numpy(start), torch.from_numpy(end)).numpy()
    np.testing.assert_array_equal(np.sort(matched, axis=1), np.sort(end, axis=1))
    least = np.square(np.sort(start, axis=1) - np.sort(end, axis=1)).sum(axis=1)
    np.testing.assert_allclose(np.square(start - matched).sum(axis=1), least, rtol=1e-5, atol=1e-5)


def test_squared_lengths_are_summed_and_not_lengths():
    # Lengths 0 and 3, or 2 and 2: the sum prefers the first, the sum of squares the second.
    end = torch.tensor([[[0.0, 0.0], [-0.25, 3.9375**0.5]]])
    matched = _match(torch.tensor([[[0.0, 0.0], [2.0, 0.0]]]), end)
    torch.testing.assert_close(matched, end.flip(1))


# The loss.


def loss_of(coupling, field, start, end, cov):
    model = FlowMatchingPredictor(start.shape[-1], cov.shape[-1], coupling=coupling)
    return model._loss(field, start, end, cov)


@pytest.mark.parametrize("coupling", ["ot", "given"])
def test_a_field_that_knows_the_path_has_no_loss(coupling):
    start, end, cov = torch.randn(4, 6, 3), torch.randn(4, 6, 3), torch.randn(4, 1, 2)
    target = _match(start, end) if coupling == "ot" else end
    asked = []

    def field(x, t, cov):
        asked.append((x, t, cov))
        return target - start

    assert loss_of(coupling, field, start, end, cov) == 0
    ((x, t, given_cov),) = asked
    torch.testing.assert_close(x, start + t * (target - start))  # on the straight path
    assert t.shape == (4, 6, 1) and t.min() >= 0 and t.max() < 1 and len(t.unique()) == 24
    torch.testing.assert_close(given_cov, cov.repeat(1, 6, 1))


def test_the_loss_is_the_mean_square_of_what_a_field_misses():
    start, end, cov = torch.zeros(2, 3, 2), torch.full((2, 3, 2), 3.0), torch.zeros(2, 1, 1)
    assert loss_of("given", lambda x, t, cov: torch.zeros_like(x), start, end, cov) == 9


# The field and its integral.


def test_the_field_reads_cell_descriptor_and_clock():
    field = _VelocityField(3, 2, 5)
    widths = [(m.in_features, m.out_features) for m in field.network if hasattr(m, "in_features")]
    assert widths == [(8, 5), (5, 5), (5, 3)]
    x, t, cov = torch.randn(4, 6, 3), torch.rand(4, 6, 1), torch.randn(4, 6, 2)
    torch.testing.assert_close(
        field(x, t, cov) - field.linear(cov),
        field.network(torch.cat([x, cov, t, torch.sin(torch.pi * t), torch.cos(torch.pi * t)], -1)),
    )


def test_the_path_from_the_descriptor_is_linear_and_alone_when_the_network_is_silent():
    field = _VelocityField(2, 2, 4)
    with torch.no_grad():
        for parameter in field.network.parameters():
            parameter.zero_()
    weight, bias = (p.detach().numpy() for p in (field.linear.weight, field.linear.bias))
    expected = CTRL + COV @ weight.T + bias
    np.testing.assert_allclose(integrated(field, CTRL, COV), expected, atol=1e-5)


@pytest.mark.parametrize("n_steps", [1, 3, 20])
def test_a_constant_velocity_is_integrated_exactly(n_steps):
    moved = integrated(lambda x, t, cov: cov, CTRL, COV, n_steps=n_steps)
    np.testing.assert_allclose(moved, CTRL + COV, atol=1e-5)
    clocked = integrated(lambda x, t, cov: 2 * t + 0 * x, CTRL, COV, n_steps=n_steps)
    np.testing.assert_allclose(clocked, CTRL + 1, atol=1e-5)  # linear in time: exact as well


@pytest.mark.parametrize(
    ("velocity", "exact"),
    [(lambda x, t, cov: -x, CTRL / np.e), (lambda x, t, cov: 0 * x + 3 * t**2, CTRL + 1)],
    ids=["linear in the cell", "square of time"],
)
def test_the_error_of_the_integral_falls_with_the_square_of_the_steps(velocity, exact):
    n_steps = (2, 4, 8)
    errors = [np.abs(integrated(velocity, CTRL, COV, n_steps=n) - exact).max() for n in n_steps]
    ratios = np.divide(errors[:-1], errors[1:])
    assert ((ratios > 3.5) & (ratios < 5)).all()


def test_twenty_steps_unless_told_otherwise():
    default, named = (
        integrated(lambda x, t, cov: -x, CTRL, COV, **k) for k in ({}, {"n_steps": 20})
    )
    np.testing.assert_array_equal(default, named)


# Fitted.


def test_a_field_keeps_two_modes_where_regression_collapses():
    flow = FlowMatchingPredictor(2, 2, n_hidden=64)
    flow.train(*unpaired_world.draw(0), iterations=250)
    kept, distance = unpaired_world.scores(flow)
    assert ((kept > 0.8) & (kept < 1.2)).all() and (distance < 0.1).all()
    ridge = RidgeRegression()
    ridge.train(*unpaired_world.draw(0))
    kept, distance = unpaired_world.scores(ridge)
    assert (kept < 0.1).all() and (distance > 1).all()


def test_given_pairs_are_followed_and_transport_finds_its_own():
    # A quarter turn of a round cloud: pairs say turn, transport says that nothing moved.
    ctrl = np.random.default_rng(1).normal(size=(300, 2))
    cov, turned = np.zeros((300, 1)), ctrl @ [[0, 1], [-1, 0]]
    moved = {}
    for coupling in ("given", "ot"):
        model = FlowMatchingPredictor(2, 1, n_hidden=64, coupling=coupling)
        model.train(ctrl, turned, cov, iterations=250)
        moved[coupling] = model.predict(ctrl, cov)
    assert np.square(moved["given"] - turned).mean() < 0.1 < np.square(moved["given"] - ctrl).mean()
    assert np.square(moved["ot"] - ctrl).mean() < 0.1 < np.square(moved["ot"] - turned).mean()


@pytest.mark.parametrize(("coupling", "paired"), [("ot", False), ("given", True)])
def test_a_step_draws_8_sets_of_32_cells_and_transport_draws_controls_anew(
    monkeypatch, coupling, paired
):
    drawn = []

    class Sets(flow_module.CellSets):
        def draw(self, n_sets, size, *, paired):
            drawn.append((n_sets, size, paired))
            return super().draw(n_sets, size, paired=paired)

    monkeypatch.setattr(flow_module, "CellSets", Sets)
    FlowMatchingPredictor(2, 2, coupling=coupling).train(CTRL, CTRL, COV, iterations=3)
    assert drawn == [(8, 32, paired)] * 3


@pytest.mark.parametrize("coupling", ["both", None])
def test_an_unknown_coupling_is_refused(coupling):
    with pytest.raises(
        ValueError, match=f'coupling={coupling!r} is unknown: choose "ot" or "given"'
    ):
        FlowMatchingPredictor(2, 2, coupling=coupling)


def test_steps_are_counted_from_one():
    with pytest.raises(ValueError, match="n_steps=0 must be at least 1"):
        FlowMatchingPredictor(2, 2, n_steps=0)
