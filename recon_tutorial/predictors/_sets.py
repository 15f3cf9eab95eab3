"""Sets of cells under one descriptor: how flow and set models draw their batches."""

from __future__ import annotations

import numpy as np
import torch

from recon_tutorial._mapped import is_mapped, read
from recon_tutorial.predictors._arrays import by_descriptor


class CellSets:
    """Training rows sorted by descriptor, so that a set of cells under one of them is one draw.

    Rows in memory go to the device once. Memory-mapped ones stay on disk, of which each draw reads
    its own: the same draws, and nothing else is ever in memory.

    Parameters
    ----------
    ctrl, pert, cov : array of shape (n, d), (n, d) and (n, c), float32
    device : torch.device
    """

    def __init__(self, ctrl, pert, cov, device):
        descriptors, group = by_descriptor(cov)
        order = np.argsort(group, kind="stable")
        self.ctrl, self.pert = (
            _SortedOnDisk(x, order, device)
            if is_mapped(x)
            else torch.from_numpy(x[order]).to(device)
            for x in (ctrl, pert)
        )
        self.descriptors = torch.from_numpy(descriptors).to(device)
        self.count = torch.from_numpy(np.bincount(group))
        self.start = torch.cumsum(self.count, 0) - self.count

    def draw(self, n_sets, size, *, paired):
        """Draw sets of cells, each of one perturbation: (n_sets, size, d) twice, (n_sets, 1, c).

        Controls are the partners of the perturbed cells if `paired`, else drawn by themselves
        among the partners of all cells of that perturbation; cells are drawn with replacement.
        """
        chosen = torch.randint(len(self.count), (n_sets,))
        pert = self._rows(chosen, size)
        ctrl = pert if paired else self._rows(chosen, size)
        device = self.descriptors.device
        cov = self.descriptors[chosen.to(device)][:, None]
        return self.ctrl[ctrl.to(device)], self.pert[pert.to(device)], cov

    def _rows(self, chosen, size):
        count = self.count[chosen][:, None]
        within = (torch.rand(len(chosen), size) * count).long()
        return self.start[chosen][:, None] + torch.minimum(within, count - 1)


class _SortedOnDisk:
    """Memory-mapped rows in another order: indexed by positions like a tensor, on the device."""

    def __init__(self, array, order, device):
        self.array, self.order, self.device = array, order, device

    def __getitem__(self, at):
        return torch.from_numpy(read(self.array, self.order[at.cpu().numpy()])).to(self.device)


def near_equal_sets(cov, size):
    """Cut rows into sets of one descriptor, of near-equal sizes of at most `size`.

    Returns a list of index arrays that together hold every row once, in stable order: the same
    rows give the same sets whatever else is asked.
    """
    _, group = by_descriptor(cov)
    order, counts = np.argsort(group, kind="stable"), np.bincount(group)
    sets = []
    for end, count in zip(np.cumsum(counts), counts):
        sets += np.array_split(order[end - count : end], -(-count // size))
    return sets
