"""The look that all figures share."""

from __future__ import annotations

from collections.abc import Hashable
from numbers import Real

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from recon_tutorial._numeric import LARGEST

# Okabe & Ito's palette: told apart by colour-blind readers; markers differ as well.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#444444", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
FLOOR, CEILING = "#777777", "#111111"
STAR = 1.7  # as large a star as a disc: most of the box around a star is empty


def use_style() -> None:
    """Set the one look of the book's figures; call it once at the top of a notebook.

    Derived in chapter 1.
    """
    plt.rcParams.update(
        {
            "figure.dpi": 110,
            "figure.constrained_layout.use": True,
            "figure.facecolor": "white",
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.prop_cycle": plt.cycler(color=COLOURS),
            "font.size": 10,
            "legend.frameon": False,
            "savefig.facecolor": "white",
        }
    )


def marked(i: int, *, size: float = 6.0) -> dict:
    """Return colour, marker and marker size (points) of the i-th group, for ``Axes.plot``."""
    marker = MARKERS[i % 8]
    return {"color": COLOURS[i % 8], "marker": marker, "ms": size * (STAR if marker == "*" else 1)}


def need(frame, *columns, numbers=()):
    """Refuse a frame that lacks a column or is empty, or whose `numbers` are none."""
    if not isinstance(frame, pd.DataFrame):
        raise ValueError(f"the frame is a {type(frame).__name__}: pass a DataFrame")
    odd = [c for c in (*columns, *numbers) if not isinstance(c, Hashable)]
    if odd:
        raise ValueError(f"{odd[0]!r} is no name of a column: pass one")
    missing = [c for c in (*columns, *numbers) if c not in frame]
    if missing:
        raise ValueError(
            f"the frame has no column {missing[0]!r} (found: {', '.join(map(str, frame))}): "
            "pass the tidy frame that the figure is drawn from"
        )
    if frame.empty:
        raise ValueError("the frame is empty: there is nothing to draw")
    for name in numbers:
        column = frame[name]
        if isinstance(column, pd.DataFrame):
            raise ValueError(f"the frame has two columns {name!r}: rename one")
        if not column.map(lambda value: isinstance(value, Real)).all():
            raise ValueError(f"column {name!r} holds {column.dtype} values: draw numbers")
        if np.nanmax(np.abs(column.to_numpy(dtype=float)), initial=0) > LARGEST:
            raise ValueError(f"column {name!r} reaches beyond {LARGEST:.0e}: no axis shows that")


def panels(n, *, height=3.4, share=False):
    """Make a figure of n panels in a row."""
    width = min(3.4 * n, 10.5) if n > 1 else 5.6
    figure, axes = plt.subplots(
        1, n, figsize=(width, height), squeeze=False, sharex=share, sharey=share
    )
    return figure, axes[0]


def done(figure):
    """Close the figure for pyplot, so that a notebook shows it once: as the cell's result."""
    plt.close(figure)
    return figure
