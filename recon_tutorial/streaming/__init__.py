"""Pairs of screens too large for memory: written to disk once, memory-mapped where they are read.

`write_pairs` reads a screen chunk by chunk, `open_pairs` hands out arrays that stay on disk.
Predictors whose ``train`` and ``predict`` read such arrays piece by piece: the MLP, flow matching
and set networks, and all baselines but `RidgeRegression`, which takes a copy of all rows.
"""

from recon_tutorial.streaming.pairs import open_pairs, write_pairs

__all__ = ["open_pairs", "write_pairs"]
