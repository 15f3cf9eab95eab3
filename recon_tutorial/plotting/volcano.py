"""Figures of what single genes do."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from recon_tutorial._given import is_number
from recon_tutorial.plotting._style import COLOURS, FLOOR, MARKERS, done, need, panels

SMALLEST = 1e-300  # a p-value that underflowed to 0 is drawn here; float32 could not hold it


def plot_volcano(
    frame: pd.DataFrame, *, right: str = "right", level: float = 0.05, labels=()
) -> Figure:
    """Measured change of each gene against its p-value, coloured by whether a model got it right.

    Genes above the level are grey; among the others colour *and* marker tell right from wrong.

    Parameters
    ----------
    frame : DataFrame
        One row per gene (the index names it), with columns ``change`` (log expression) and ``p``
        (adjusted, between 0 and 1) and a boolean one that `right` names.
    right : str
        Column that says whether the prediction has the right direction; its name is the legend's.
    level : float
        Genes with a larger ``p`` are grey; drawn as a dashed line.
    labels : sequence of str
        Genes to name beside their points.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If a column is missing, the frame is empty, or a p-value is not between 0 and 1.

    Derived in chapter 10.
    """
    need(frame, right, numbers=("change", "p"))
    if not is_number(level) or not 0 < level <= 1:
        raise ValueError(f"level={level!r} is no level of p-values: pass a number such as 0.05")
    unknown = [gene for gene in labels if (frame.index == gene).sum() != 1]
    if unknown:
        raise ValueError(f"no gene is called {unknown[0]!r}: labels are names of the index")
    if not frame["p"].between(0, 1).all():
        raise ValueError(
            "p holds values that are not between 0 and 1: pass adjusted p-values, not their logs"
        )
    height = -np.log10(frame["p"].astype(np.float64).clip(lower=SMALLEST))
    correct, tested = frame[right].astype(bool), frame["p"] <= level
    kinds = {
        f"p above {level:g}": (~tested, "#c9c9c9", "."),
        right: (tested & correct, COLOURS[0], MARKERS[0]),
        f"not {right}": (tested & ~correct, COLOURS[1], MARKERS[1]),
    }
    figure, (axis,) = panels(1, height=4.2)
    for name, (rows, colour, marker) in kinds.items():
        look = {"s": 18, "lw": 0, "alpha": 0.75, "c": colour, "marker": marker}
        axis.scatter(frame.loc[rows, "change"], height[rows], label=f"{name}: {rows.sum()}", **look)
    axis.axhline(-np.log10(level), color=FLOOR, ls="--", lw=1, zorder=0)
    axis.axvline(0, color=FLOOR, lw=0.8, zorder=0)
    for gene in labels:
        place = {"xytext": (4, 3), "textcoords": "offset points", "fontsize": 8}
        axis.annotate(gene, (frame.loc[gene, "change"], height[gene]), **place)
    axis.set(xlabel="measured change (log expression)", ylabel="-log10 of the adjusted p-value")
    axis.legend(loc="best")
    return done(figure)
