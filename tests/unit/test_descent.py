"""The loop under flow, set and STATE models: its learning rate, its history and its bar."""

import io

import numpy as np
import pytest
import torch

from recon_tutorial.predictors._arrays import at_least_one
from recon_tutorial.predictors._descent import descend, history, progress_bar


class Slope(torch.nn.Module):
    """A straight slope: Adam then moves by the learning rate in each step."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))
        self.fixed = torch.nn.Parameter(torch.ones(()), requires_grad=False)


def heights(iterations, **knobs):
    """The weight before each step and after the last one, and the history."""
    module, seen = Slope(), []

    def loss_of(step):
        assert step == len(seen)
        seen.append(module.weight.item())
        return module.weight * module.fixed

    kept = descend(module, loss_of, progress_bar(iterations, "slope", False), **knobs)
    assert module.fixed == 1
    return np.array([*seen, module.weight.item()]), kept


@pytest.fixture
def rates_of(monkeypatch):
    """What the learning rate is in each step of a descent."""

    def rates(iterations, **knobs):
        made, seen, module, build = [], [], Slope(), torch.optim.AdamW
        with monkeypatch.context() as patch:
            patch.setattr(
                torch.optim, "AdamW", lambda *a, **k: made.append(build(*a, **k)) or made[0]
            )

            def loss_of(step):
                seen.append(made[0].param_groups[0]["lr"])
                return module.weight

            descend(module, loss_of, progress_bar(iterations, "slope", False), **knobs)
        return np.array(seen)

    return rates


@pytest.mark.parametrize("warm_up", [0.1, 0.3])
def test_the_learning_rate_rises_to_its_peak_and_falls(warm_up, rates_of):
    rates, peak = rates_of(100, lr=1e-3, warm_up=warm_up), round(100 * warm_up) - 1
    assert np.argmax(rates) == peak and rates[peak] == pytest.approx(1e-3)
    assert rates[0] == pytest.approx(1e-3 / 25) and rates[-1] < 1e-8
    assert (np.diff(rates)[:peak] > 0).all() and (np.diff(rates)[peak:] < 0).all()


def test_a_warm_up_of_one_step_begins_at_the_peak(rates_of):
    rates = rates_of(10, lr=1e-3, warm_up=0.1)
    assert rates[0] == pytest.approx(1e-3, rel=1e-3) and (np.diff(rates) < 0).all()


def test_each_step_follows_its_own_slope():
    # Were slopes summed over steps, steps would be half as long again.
    weight, _ = heights(100, lr=1e-3)
    assert -np.diff(weight).min() == pytest.approx(1e-3, rel=0.1)


def test_three_tenths_of_the_steps_warm_up_unless_told_otherwise():
    np.testing.assert_array_equal(heights(50, lr=0.1)[0], heights(50, lr=0.1, warm_up=0.3)[0])


def test_large_weights_decay():
    module = Slope()
    module.weight.data += 100
    still = progress_bar(1000, "slope", False)
    descend(module, lambda step: 0 * module.weight, still, lr=0.1)
    assert 50 < module.weight < 99


@pytest.mark.parametrize("iterations", [1, 2, 3, 9, 10, 11])
def test_any_number_of_steps_can_be_taken(iterations):
    weight, kept = heights(iterations, lr=0.1, warm_up=0.1)
    assert (np.diff(weight) < 0).all() and len(kept) == 1


def test_history_is_the_mean_of_each_fifty_steps():
    weight, kept = heights(120, lr=1e-3)
    assert [entry["iteration"] for entry in kept] == [0, 50, 100]
    assert all(type(entry["loss"]) is float for entry in kept)
    due = [weight[:50].mean(), weight[50:100].mean(), weight[100:120].mean()]
    assert [entry["loss"] for entry in kept] == pytest.approx(due, rel=1e-5)
    assert history(np.arange(51.0)) == [
        {"iteration": 0, "loss": 24.5},
        {"iteration": 50, "loss": 50.0},
    ]


@pytest.mark.parametrize("terminal", [True, False])
def test_a_bar_shows_in_a_terminal_unless_told_otherwise(terminal, monkeypatch):
    for shown, due in ((None, terminal), (True, True), (False, False)):
        stderr = io.StringIO()
        stderr.isatty = lambda: terminal
        monkeypatch.setattr("sys.stderr", stderr)
        assert list(progress_bar(2, "name", shown)) == [0, 1]
        assert ("name" in stderr.getvalue()) == due


def test_a_bar_keeps_the_stderr_of_its_making(monkeypatch, capsys):
    bar = progress_bar(2, "name", True)
    monkeypatch.setattr("sys.stderr", None)  # as while a package from outside is silenced
    assert list(bar) == [0, 1]
    monkeypatch.undo()
    assert "2/2" in capsys.readouterr().err


def test_the_first_size_below_one_is_named():
    at_least_one(a=1, b=7)
    with pytest.raises(ValueError, match="^b=-2 must be at least 1$"):
        at_least_one(a=1, b=-2, c=0)
