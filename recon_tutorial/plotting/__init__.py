"""Every figure the book draws: a tidy frame in, a matplotlib figure out."""

from recon_tutorial.plotting._style import COLOURS, MARKERS, use_style
from recon_tutorial.plotting.cells import plot_agreement, plot_cells
from recon_tutorial.plotting.curves import plot_curve
from recon_tutorial.plotting.errors import plot_error_split, plot_history
from recon_tutorial.plotting.matrix import plot_fooling_matrix
from recon_tutorial.plotting.scores import plot_scores
from recon_tutorial.plotting.sweeps import plot_sweep
from recon_tutorial.plotting.volcano import plot_volcano

__all__ = [
    "COLOURS",
    "MARKERS",
    "plot_agreement",
    "plot_cells",
    "plot_curve",
    "plot_error_split",
    "plot_fooling_matrix",
    "plot_history",
    "plot_scores",
    "plot_sweep",
    "plot_volcano",
    "use_style",
]
