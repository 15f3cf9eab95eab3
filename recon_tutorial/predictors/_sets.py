"""Sets of cells under one descriptor: how flow and set models draw their batches."""

from __future__ import annotations

import numpy as np
import torch


class CellSets:
    """Training rows sorted by descriptor, so that a set of cells under one of them is one draw.

    Parameters
    ----------
    ctrl, pert, cov : array of shape (n, d), (n, d) and (n, c), float32
    device : torch.device
    """

    def __init__(self, ctrl, pert, cov, device):
        # + 0.0 makes one descriptor of -0.0 and 0.0
        descriptors, group = np.unique(cov + 0.0, axis=0, return_inverse=True)
        group = group.reshape(-1)
        order = np.argsort(group, kind="stable")
        self.ctrl, self.pert = (torch.from_numpy(x[order]).to(device) for x in (ctrl, pert))
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
        device = self.pert.device
        cov = self.descriptors[chosen.to(device)][:, None]
        return self.ctrl[ctrl.to(device)], self.pert[pert.to(device)], cov

    def _rows(self, chosen, size):
        count = self.count[chosen][:, None]
        within = (torch.rand(len(chosen), size) * count).long()
        return self.start[chosen][:, None] + torch.minimum(within, count - 1)


def near_equal_sets(cov, size):
    """Cut rows into sets of one descriptor, of near-equal sizes of at most `size`.

    Returns a list of index arrays that together hold every row once, in stable order: the same
    rows give the same sets whatever else is asked.
    """
    descriptors, group = np.unique(cov + 0.0, axis=0, return_inverse=True)
    group = group.reshape(-1)
    sets = []
    for g in range(len(descriptors)):
        rows = np.flatnonzero(group == g)
        sets += np.array_split(rows, -(-len(rows) // size))
    return sets
