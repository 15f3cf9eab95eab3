import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recon_tutorial import _transport
from recon_tutorial._transport import EPSILON, transport_partners, transport_plan

sizes = st.integers(1, 40)


def cells(n, d=8, seed=0):
    return np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)


@settings(max_examples=60, deadline=None)
@given(n=sizes, m=sizes, d=st.integers(1, 12), seed=st.integers(0, 10_000), whole=st.booleans())
def test_the_plan_uses_every_cell_and_every_control_alike(n, m, d, seed, whole):
    rng = np.random.default_rng(seed)
    x, y = 3 * rng.normal(size=(n, d)) + 1, rng.normal(size=(m, d))
    plan = transport_plan(x.round(), y.round()) if whole else transport_plan(x, y)
    assert plan.shape == (n, m) and plan.min() >= 0
    np.testing.assert_allclose(plan.sum(axis=1), 1 / n, rtol=1e-6)
    np.testing.assert_allclose(plan.sum(axis=0), 1 / m, rtol=1e-6)


@pytest.mark.parametrize("epsilon", [EPSILON, 0.5, 3.0])
def test_epsilon_is_in_units_of_the_mean_cost(epsilon):
    x = np.array([[0.0], [10.0]])  # two cells at 0 or 100 from two controls: 2 mean costs apart
    plan = transport_plan(x, x, epsilon=epsilon)
    assert plan[0, 1] / plan[0, 0] == pytest.approx(np.exp(-2 / epsilon), rel=1e-3)


def test_the_plan_has_the_form_of_cuturi():
    x, y = cells(30, 3), cells(20, 3, seed=1)
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    cost = ((x[:, None] - y[None]) ** 2).sum(axis=2)
    scaled = np.log(transport_plan(x, y, epsilon=1.0)) + cost / cost.mean()
    scaled -= scaled.mean(axis=0) + scaled.mean(axis=1, keepdims=True) - scaled.mean()
    np.testing.assert_allclose(scaled, 0, atol=1e-5)  # nothing but f_i + g_j was left


def test_a_shift_of_all_cells_changes_nothing():
    x, y = cells(40), cells(40, seed=1)
    np.testing.assert_allclose(transport_plan(x + 100, y), transport_plan(x, y), atol=1e-6)


@pytest.mark.parametrize(("n", "m"), [(1, 1), (1, 7), (7, 1), (5, 5)])
def test_cells_that_are_all_alike_have_no_favourite(n, m):
    plan = transport_plan(np.full((n, 4), 0.1), np.full((m, 4), 0.3))
    np.testing.assert_allclose(plan, 1 / (n * m), rtol=1e-9)


@pytest.mark.filterwarnings("error")
def test_a_far_outlier_does_not_break_the_arithmetic():
    x, y = cells(30, 2), cells(30, 2, seed=1)
    x[0] *= 1000  # 29 times the mean cost: exp(-29 / 0.02) is 0 in double precision
    np.testing.assert_allclose(transport_plan(x, y).sum(axis=0), 1 / 30)


def test_a_plan_that_does_not_settle_is_refused():
    x, y = np.repeat([0.0, 1.0], [13, 27])[:, None], np.repeat([0.0, 1.0], [25, 14])[:, None]
    with pytest.raises(ValueError, match=r"40 cells to 39 controls has .*% of its mass astray"):
        transport_plan(x, y, rounds=3)
    np.testing.assert_allclose(transport_plan(x, y).sum(axis=0), 1 / 39)


def test_the_right_controls_are_found_under_little_noise_only():
    ctrl = cells(200, 16)
    found = {}
    for noise in (0.1, 1, 4):
        pert = ctrl + 5 * cells(1, 16, seed=1) + noise * cells(200, 16, seed=2)
        drawn = transport_partners(pert, ctrl, np.zeros(200), np.random.default_rng(0))
        found[noise] = (drawn == np.arange(200)).mean()
    assert found[0.1] >= 0.95 > found[1] > 0.3 > found[4]


def test_a_reflection_of_the_cells_is_not_seen():
    ctrl = cells(200, 16)
    drawn = transport_partners(-ctrl, ctrl, np.zeros(200), np.random.default_rng(0))
    assert (drawn == np.arange(200)).mean() < 0.02


def test_each_perturbation_is_transported_by_itself():
    ctrl = cells(100, 1)
    pert = np.concatenate([ctrl - 3, ctrl + 3])
    group = np.repeat(["down", "up"], 100)
    drawn = transport_partners(pert, ctrl, group, np.random.default_rng(0))
    for name in ("down", "up"):
        assert abs(ctrl[drawn[group == name]].mean() - ctrl.mean()) < 0.2


@pytest.fixture
def batches(monkeypatch):
    """First coordinates of the cells and controls of every batch transported since."""
    seen = []

    def spy(x, y, *, epsilon):
        seen.append((x[:, 0], y[:, 0]))
        return transport_plan(x, y, epsilon=epsilon)

    monkeypatch.setattr(_transport, "transport_plan", spy)
    return seen


def numbered(n):
    return np.arange(n, dtype=float)[:, None]


@pytest.mark.parametrize("n_controls", [200, 40, 1])
def test_batches_are_of_one_size_and_controls_offered_in_turn(batches, n_controls):
    rng = np.random.default_rng(0)
    transport_partners(numbered(202), numbered(n_controls), np.arange(202) % 2, rng, batch=50)
    sizes = sorted(len(x) for x, _ in batches)
    assert sizes == [33, 33, 34, 34, 34, 34]  # twice 101 cells in three
    for x, offered in batches:
        assert len(offered) == min(len(x), n_controls) == len(np.unique(offered))
    counts = np.bincount(np.concatenate([o for _, o in batches]).astype(int), minlength=n_controls)
    assert np.ptp(counts) <= 1


def test_batches_are_random_parts_of_cells_and_controls(batches):
    rng = np.random.default_rng(0)
    transport_partners(numbered(100), numbered(200), np.zeros(100), rng, batch=50)
    assert len(batches) == 2
    for x, offered in batches:  # means of random halves and quarters; in order: 25 and 75
        assert abs(x.mean() - 49.5) < 12 and abs(offered.mean() - 99.5) < 25


def test_controls_are_drawn_more_evenly_than_at_random():
    rng = np.random.default_rng(0)
    drawn = transport_partners(cells(3000, 16), cells(100, 16, seed=1), np.arange(3000) // 100, rng)
    counts = np.bincount(drawn, minlength=100)  # each was offered 30 times
    assert counts.sum() == 3000 and counts.var() < 20  # independent draws have 30


def test_the_generator_decides():
    drawn = [
        transport_partners(cells(60), cells(50, seed=1), np.zeros(60), np.random.default_rng(s))
        for s in (1, 1, 2)
    ]
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert (drawn[0] != drawn[2]).any()


def test_pairing_does_not_load_pot_until_it_is_asked_to():
    code = "import sys, recon_tutorial.pairing; sys.exit('ot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
