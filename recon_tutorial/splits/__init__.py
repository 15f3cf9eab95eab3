"""Splits that carry the claim they can support, and an audit that finds leaks."""

from recon_tutorial.splits.both import split_both
from recon_tutorial.splits.cells import hold_out_context, split_cells
from recon_tutorial.splits.perturbations import hold_out_combinations, hold_out_perturbations
from recon_tutorial.splits.split import Split

__all__ = [
    "Split",
    "hold_out_combinations",
    "hold_out_context",
    "hold_out_perturbations",
    "split_both",
    "split_cells",
]
