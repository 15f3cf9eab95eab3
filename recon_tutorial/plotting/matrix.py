"""The figure of the book: who fools whom."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from recon_tutorial.plotting._style import done, need


def plot_fooling_matrix(scaled: pd.DataFrame, *, blocks: dict[str, list[str]]) -> Figure:
    """Adversaries x metrics, coloured by scaled score: 0 the floor, 1 real cells.

    The colour map (cividis) is told apart by colour-blind readers and in grey, and every cell
    carries its number; a dash means that the metric sees no signal. All columns are equally wide.

    Parameters
    ----------
    scaled : DataFrame
        Rows are adversaries, columns are metrics.
    blocks : dict of str to list of str
        Columns of each panel by the panel's name, for example pooled and per perturbation.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If `blocks` is no dict, or a column is missing or holds no numbers.

    Derived in chapter 4.
    """
    if not isinstance(blocks, dict) or not blocks:
        raise ValueError(f"blocks={blocks!r} is no dict: pass columns by the name of their panel")
    need(scaled, numbers=[column for columns in blocks.values() for column in columns])
    widths = {"width_ratios": [len(columns) for columns in blocks.values()]}
    size = (9.2, 2.6 + 0.42 * len(scaled))
    figure, axes = plt.subplots(1, len(blocks), figsize=size, squeeze=False, gridspec_kw=widths)
    for axis, (name, columns) in zip(axes[0], blocks.items(), strict=True):
        values = scaled[columns].to_numpy(dtype=float)
        image = axis.imshow(np.clip(values, 0, 1), cmap="cividis", vmin=0, vmax=1, aspect="auto")
        for (i, j), value in np.ndenumerate(values):
            dark = np.isfinite(value) and value < 0.55
            look = {"ha": "center", "va": "center", "color": "white" if dark else "black"}
            axis.text(j, i, _word(value), fontsize=9, **look)
        labels = [column.partition(" (")[0] for column in columns]  # the panel says the rest
        axis.set_xticks(range(len(columns)), labels, rotation=45, ha="right", fontsize=10)
        axis.set_yticks(
            range(len(scaled)), scaled.index if axis is axes[0, 0] else [""] * len(scaled)
        )
        axis.set_xlabel(name, fontweight="bold")
        axis.spines[:].set_visible(False)
        axis.tick_params(length=0)
    below = {"orientation": "horizontal", "shrink": 0.4, "aspect": 40, "pad": 0.02}
    bar = figure.colorbar(image, ax=list(axes[0]), **below)
    bar.set_label("scaled score (colours cut at 0 and 1)")
    return done(figure)


def _word(value):
    if np.isnan(value):
        return "–"
    rounded = round(value, 1) + 0.0  # no minus before a zero
    return f"{rounded:.1f}" if abs(rounded) < 10 else f"{rounded:.0f}"
