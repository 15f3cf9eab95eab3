import numpy as np
import pandas as pd
import pytest

from recon_tutorial import plotting


@pytest.fixture
def runs():
    """Return eight runs: two models, two numbers of epochs, two seeds; one of them failed."""
    rows = [
        {"model": model, "epochs": epochs, "seed": seed, "r2": epochs / 100 + seed / 10}
        for model in ("ridge", "MLP")
        for epochs in (20, 10)
        for seed in (0, 1)
    ]
    rows[0]["r2"] = None
    return pd.DataFrame(rows)


def lines(axis):
    return {line.get_label(): line for line in axis.get_lines()}


def test_a_line_goes_through_the_means_of_a_group_in_order_of_x(runs):
    (axis,) = plotting.plot_sweep(runs, x="epochs", y="r2", group="model").axes
    drawn = lines(axis)
    ridge, mlp = drawn["ridge"], drawn["MLP"]
    assert list(ridge.get_xdata()) == list(mlp.get_xdata()) == [10, 20]
    assert list(ridge.get_ydata()) == pytest.approx([0.15, 0.3])
    assert list(mlp.get_ydata()) == pytest.approx([0.15, 0.25])
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("epochs", "r2")
    assert axis.get_legend().get_title().get_text() == "model"


def test_a_group_without_any_value_is_left_out(runs):
    runs.loc[runs["model"] == "ridge", "r2"] = None
    (axis,) = plotting.plot_sweep(runs, x="epochs", y="r2", group="model").axes
    assert set(lines(axis)) & {"ridge", "MLP"} == {"MLP"}


def test_every_run_is_a_point_of_its_group(runs):
    (axis,) = plotting.plot_sweep(runs, x="epochs", y="r2", group="model").axes
    points = [line for line in axis.get_lines() if line.get_alpha()]
    assert [len(line.get_xdata()) for line in points] == [3, 4]
    assert len({line.get_marker() for line in points}) == 2


def test_runs_without_a_value_are_counted_aloud(runs):
    assert plotting.plot_sweep(runs, x="epochs", y="r2").get_suptitle() == (
        "runs without a value: 1 of 8"
    )
    assert plotting.plot_sweep(runs.dropna(), x="epochs", y="r2").get_suptitle() == ""


def test_panels_share_the_axes_and_name_their_value(runs):
    figure = plotting.plot_sweep(runs, x="epochs", y="r2", panel="seed")
    assert [axis.get_xlabel() for axis in figure.axes] == ["epochs\nseed 0", "epochs\nseed 1"]
    assert figure.axes[0].get_ylim() == figure.axes[1].get_ylim()


@pytest.mark.parametrize("x", ["model", "flag"])
def test_names_and_switches_are_not_joined_by_a_line(runs, x):
    runs["flag"] = runs["seed"] == 1
    (axis,) = plotting.plot_sweep(runs, x=x, y="r2").axes
    mean = lines(axis)["mean"]
    assert mean.get_linestyle() == "None"
    assert len(mean.get_xdata()) == 2
    assert [text.get_text() for text in axis.get_xticklabels()] == {
        "model": ["ridge", "MLP"],
        "flag": ["True", "False"],
    }[x]


@pytest.mark.parametrize("log", ["", "x", "y", "xy"])
def test_scales_are_logarithmic_on_demand(runs, log):
    (axis,) = plotting.plot_sweep(runs, x="epochs", y="r2", log=log).axes
    scales = {"x": axis.get_xscale(), "y": axis.get_yscale()}
    assert scales == {name: "log" if name in log else "linear" for name in "xy"}
    if "x" in log:
        assert [text.get_text() for text in axis.get_xticklabels()] == ["10", "20"]


def test_what_cannot_be_drawn_is_refused(runs):
    with pytest.raises(ValueError, match="no column 'loss'"):
        plotting.plot_sweep(runs, x="epochs", y="loss")
    with pytest.raises(ValueError, match="no run has a number for 'model'"):
        plotting.plot_sweep(runs, x="epochs", y="model")
    with pytest.raises(ValueError, match="no run has a number for 'r2'"):
        plotting.plot_sweep(runs.assign(r2=np.nan), x="epochs", y="r2")
    with pytest.raises(ValueError, match="log is 'both'"):
        plotting.plot_sweep(runs, x="epochs", y="r2", log="both")
