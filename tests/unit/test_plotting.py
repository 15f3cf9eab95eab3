import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from recon_tutorial import plotting


@pytest.fixture
def scores():
    rows = [
        (model, metric, p, value, 0.0, 1.0)
        for model, base in (("a", 0.2), ("b", 0.8))
        for metric in ("one", "two")
        for p, value in (("p0", base), ("p1", base + 0.1), ("pooled", 1.0))
    ]
    columns = ["model", "metric", "perturbation", "value", "floor", "ceiling"]
    return pd.DataFrame(rows, columns=columns)


def lines(axis, marker):
    return [line for line in axis.get_lines() if line.get_marker() == marker]


def test_scores_draw_points_means_floor_and_ceiling(scores):
    figure = plotting.plot_scores(scores)
    assert [axis.get_xlabel() for axis in figure.axes] == ["one", "two"]
    axis = figure.axes[0]
    assert [t.get_text() for t in axis.get_yticklabels()] == ["a", "b"]
    drawn = [c.get_offsets()[:, 0].tolist() for c in axis.collections]
    assert drawn == [pytest.approx([0.2, 0.3]), pytest.approx([0.8, 0.9])]
    assert lines(axis, plotting.MARKERS[0])[0].get_xdata()[0] == pytest.approx(0.25)
    assert lines(axis, plotting.MARKERS[1])[0].get_xdata()[0] == pytest.approx(0.85)
    assert [line.get_xdata().tolist() for line in lines(axis, "x")] == [[1.0], [1.0]]
    vertical = [line.get_xdata()[0] for line in lines(axis, "None")]
    assert vertical == [0.0, 1.0]
    for word in ("pooled", "floor", "ceiling"):
        assert word in figure.get_supxlabel()


def test_scores_without_references(scores):
    plain = scores[scores["perturbation"] != "pooled"].drop(columns=["floor", "ceiling"])
    figure = plotting.plot_scores(plain)
    assert lines(figure.axes[0], "None") == []
    assert "pooled" not in figure.get_supxlabel()


def test_cells_are_drawn_by_panel_and_group():
    frame = pd.DataFrame(
        {"x": range(4), "y": range(4), "kind": list("abab"), "where": ["l", "l", "r", "r"]}
    )
    figure = plotting.plot_cells(frame, x="x", y="y", group="kind", panel="where")
    assert len(figure.axes) == 2
    points = [c.get_offsets().tolist() for axis in figure.axes for c in axis.collections]
    assert points == [[[0, 0]], [[1, 1]], [[2, 2]], [[3, 3]]]
    assert figure.axes[1].get_xlabel() == "x\nwhere r"
    assert [t.get_text() for t in figure.axes[0].get_legend().get_texts()] == ["a", "b"]


def test_history_draws_every_curve():
    frame = pd.DataFrame({"epoch": [0, 1], "loss": [1.0, 0.1], "validation_loss": [2.0, 1.0]})
    axis = plotting.plot_history(frame).axes[0]
    assert [line.get_label() for line in axis.get_lines()] == ["loss", "validation loss"]
    assert axis.get_yscale() == "log" and axis.get_xlabel() == "epoch"


def test_error_split_stacks_to_floor_plus_shift():
    frame = pd.DataFrame({"floor": [1.0], "shift": [2.0], "total": [3.1]}, index=["m"])
    axis = plotting.plot_error_split(frame).axes[0]
    ends = [bar.get_x() + bar.get_width() for bar in axis.patches]
    assert ends == [1.0, 3.0]
    assert axis.get_lines()[0].get_xdata().tolist() == [3.1]


def test_agreement_has_equal_axes_a_diagonal_and_labels():
    frame = pd.DataFrame(
        {"true": [0.0, 2.0], "predicted": [1.0, 1.0], "model": "m"}, index=["g1", "g2"]
    )
    figure = plotting.plot_agreement(frame, panel="model", quantity="change", labels=["g2"])
    axis = figure.axes[0]
    assert axis.get_lines()[0].get_xydata().tolist() == [[0.0, 0.0], [2.0, 2.0]]
    assert [t.get_text() for t in axis.texts] == ["g2"]
    assert axis.get_xlabel() == "true change\nm" and axis.get_ylabel() == "predicted change"
    assert axis.get_aspect() == 1.0


def test_curves_have_a_band_over_seeds_and_both_references():
    frame = pd.DataFrame(
        {"K": [5, 5, 10, 10], "share": [0.0, 0.2, 0.8, 1.0], "model": "a", "effect": "linear"}
    )
    figure = plotting.plot_curve(frame, x="K", y="share", panel="effect", mark=7, lowest=-1)
    (axis,) = figure.axes
    curve = next(line for line in axis.get_lines() if line.get_label() == "a")
    assert curve.get_xdata().tolist() == [5, 10]
    assert curve.get_ydata() == pytest.approx([0.1, 0.9])
    band = axis.collections[0].get_paths()[0].vertices[:, 1]
    assert band.min() == 0.0 and band.max() == 1.0
    levels = [line.get_ydata()[0] for line in axis.get_lines()[:2]]
    assert levels == [0, 1] and axis.get_lines()[2].get_xdata()[0] == 7
    assert axis.get_ylim()[0] == -1 and axis.get_xlabel() == "K\neffect linear"


def test_the_legend_of_curves_hides_no_curve():
    # all lines fall into the lower right corner
    x = list(range(9))
    rows = [(at, 1 - at / 8 - i / 50, f"m{i}") for i in range(4) for at in x]
    figure = plotting.plot_curve(
        pd.DataFrame(rows, columns=["K", "share", "model"]), x="K", y="share", lowest=-0.2
    )
    (axis,) = figure.axes
    figure.canvas.draw()
    box = axis.get_legend().get_window_extent()
    points = [xy for line in axis.get_lines()[2:] for xy in line.get_xydata()]
    assert len(points) == 36
    assert not any(box.contains(*axis.transData.transform(xy)) for xy in points)


def test_the_star_is_as_easily_seen_as_the_other_markers(scores):
    part = scores[scores["model"] == "a"]
    many = pd.concat([part.assign(model=f"m{i}") for i in range(8)])
    axis = plotting.plot_scores(many).axes[0]
    sizes = {marker: lines(axis, marker)[0].get_markersize() for marker in plotting.MARKERS}
    assert {size for marker, size in sizes.items() if marker != "*"} == {8}
    assert sizes["*"] > 1.5 * 8


def test_the_matrix_writes_every_number_and_dashes_what_is_blind():
    scaled = pd.DataFrame({"purity": [1.04, -0.01], "R2": [np.nan, 12.34]}, index=["a", "b"])
    figure = plotting.plot_fooling_matrix(scaled, blocks={"pooled": ["R2"], "apart": ["purity"]})
    words = [[t.get_text() for t in axis.texts] for axis in figure.axes[:2]]
    assert words == [["–", "12"], ["1.0", "0.0"]]
    assert [axis.get_xlabel() for axis in figure.axes[:2]] == ["pooled", "apart"]
    image = figure.axes[1].get_images()[0]
    assert image.get_array().tolist() == [[1.0], [0.0]] and image.get_clim() == (0, 1)
    shade = {t.get_text(): t.get_color() for t in figure.axes[1].texts}
    assert shade == {"1.0": "black", "0.0": "white"}


def test_the_columns_of_all_panels_of_the_matrix_are_equally_wide():
    scaled = pd.DataFrame(0.5, index=["a", "b"], columns=list("pqrs"))
    figure = plotting.plot_fooling_matrix(scaled, blocks={"x": ["p", "q", "r"], "y": ["s"]})
    figure.canvas.draw()
    wide, narrow = (axis.get_window_extent().width for axis in figure.axes[:2])
    assert wide / narrow == pytest.approx(3, rel=0.1)


def test_figures_are_closed_so_that_notebooks_show_them_once(scores):
    plotting.plot_scores(scores)
    assert plt.get_fignums() == []


def test_colours_and_markers_are_all_different():
    assert len(set(plotting.COLOURS)) == len(set(plotting.MARKERS)) == 8


def test_style_is_set():
    with plt.rc_context():
        plotting.use_style()
        assert plt.rcParams["axes.spines.top"] is False
        assert plt.rcParams["figure.facecolor"] == "white"


def test_wrong_frames_get_one_sentence(scores):
    with pytest.raises(ValueError, match="no column 'metric' .found: model, value"):
        plotting.plot_scores(scores[["model", "value"]])
    with pytest.raises(ValueError, match="the frame is empty"):
        plotting.plot_scores(scores.iloc[:0])
    with pytest.raises(ValueError, match="no column 'total'"):
        plotting.plot_error_split(pd.DataFrame({"floor": [1], "shift": [np.nan]}))
