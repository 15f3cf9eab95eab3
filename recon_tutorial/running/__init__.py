"""Run notebooks with other parameters, one or many, and read back what they recorded."""

from recon_tutorial.running._collecting import collect
from recon_tutorial.running._grid import grid_points
from recon_tutorial.running._notebook import run_notebook
from recon_tutorial.running.recording import RECORD, record, recorded
from recon_tutorial.running.sweeping import sweep

__all__ = [
    "RECORD",
    "collect",
    "grid_points",
    "record",
    "recorded",
    "run_notebook",
    "sweep",
]
