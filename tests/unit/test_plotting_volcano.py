import numpy as np
import pandas as pd
import pytest

from recon_tutorial import plotting


@pytest.fixture
def genes():
    """Return four genes: right, wrong, not significant, and one whose p underflowed."""
    frame = {"change": [2.0, -1.0, 0.1, 3.0], "p": [1e-4, 1e-3, 0.5, 0.0]}
    frame["right direction"] = [True, False, True, True]
    return pd.DataFrame(frame, index=["ISG15", "CCL8", "CD3D", "MX1"])


def groups(figure):
    """Return the points (change, height) that were drawn, by legend text."""
    return {c.get_label(): c.get_offsets().tolist() for c in figure.axes[0].collections}


def test_every_gene_is_drawn_once_in_its_group(genes):
    drawn = groups(plotting.plot_volcano(genes, right="right direction"))
    assert drawn == {
        "p above 0.05: 1": [pytest.approx([0.1, -np.log10(0.5)])],
        "right direction: 2": [pytest.approx([2.0, 4.0]), pytest.approx([3.0, 300.0])],
        "not right direction: 1": [pytest.approx([-1.0, 3.0])],
    }


def test_a_p_of_zero_in_single_precision_is_drawn_too(genes):
    single = genes.astype({"p": np.float32})
    drawn = groups(plotting.plot_volcano(single, right="right direction"))
    assert drawn["right direction: 2"][1] == pytest.approx([3.0, 300.0])


def test_the_level_moves_the_line_and_the_grey_points(genes):
    figure = plotting.plot_volcano(genes, right="right direction", level=5e-4)
    lines = [line.get_ydata()[0] for line in figure.axes[0].get_lines()]
    assert -np.log10(5e-4) in lines
    assert len(groups(figure)["p above 0.0005: 2"]) == 2


def test_only_the_named_genes_are_labelled(genes):
    plain = plotting.plot_volcano(genes, right="right direction")
    assert list(plain.axes[0].texts) == []
    figure = plotting.plot_volcano(genes, right="right direction", labels=["CCL8"])
    (label,) = figure.axes[0].texts
    assert label.get_text() == "CCL8" and label.xy == pytest.approx((-1.0, 3.0))


def test_axes_are_labelled(genes):
    axis = plotting.plot_volcano(genes, right="right direction").axes[0]
    assert "log expression" in axis.get_xlabel() and "p-value" in axis.get_ylabel()


def test_a_missing_column_is_named(genes):
    with pytest.raises(ValueError, match="no column 'right'"):
        plotting.plot_volcano(genes)


@pytest.mark.parametrize("p", [-0.1, 7.0, np.nan])
def test_p_values_must_lie_between_0_and_1(genes, p):
    genes.loc["CD3D", "p"] = p
    with pytest.raises(ValueError, match="between 0 and 1"):
        plotting.plot_volcano(genes, right="right direction")
