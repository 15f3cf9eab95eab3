"""Flow matching: learn a velocity field that carries controls to perturbed cells."""

from __future__ import annotations

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import nn

from recon_tutorial._given import above_zero, at_least
from recon_tutorial._mapped import in_pieces
from recon_tutorial._torch import fitting, pick_device
from recon_tutorial.predictors._arrays import at_least_one, prediction_rows, training_rows
from recon_tutorial.predictors._descent import descend, progress_bar
from recon_tutorial.predictors._sets import CellSets

COUPLINGS = ("ot", "given")
_SETS, _SIZE = 8, 32  # sets of cells in a step, and cells in each


class _VelocityField(nn.Module):
    """Velocity of a cell at x and time t under a descriptor: a small network plus a linear path.

    The linear path from the descriptor helps with descriptors that training never showed.
    """

    def __init__(self, embed_dim, cov_dim, n_hidden):
        super().__init__()
        self.network = nn.Sequential(
            nn.Linear(embed_dim + cov_dim + 3, n_hidden),
            nn.GELU(),
            nn.Linear(n_hidden, n_hidden),
            nn.GELU(),
            nn.Linear(n_hidden, embed_dim),
        )
        self.linear = nn.Linear(cov_dim, embed_dim)

    def forward(self, x, t, cov):
        """Velocity (..., embed_dim) at x (..., embed_dim), t (..., 1), cov (..., cov_dim)."""
        clock = torch.cat([t, torch.sin(torch.pi * t), torch.cos(torch.pi * t)], dim=-1)
        return self.network(torch.cat([x, cov, clock], dim=-1)) + self.linear(cov)


class FlowMatchingPredictor:
    """Conditional flow matching with mini-batch optimal transport.

    A velocity field is fitted to the straight paths between controls and perturbed cells
    (Lipman et al., 2023; Tong et al., 2024); predicting means following it from time 0 to 1.

    Parameters
    ----------
    embed_dim, cov_dim : int
        Width of the embedding and of the descriptors.
    n_hidden : int
        Units in each of the two hidden layers (GELU).
    lr : float
        Peak of AdamW's one-cycle learning rate.
    coupling : {"ot", "given"}
        Where a path starts and ends: controls and perturbed cells of one perturbation, matched
        anew in every batch by optimal transport; or the rows as they were paired.
    n_steps : int
        Midpoint steps from time 0 to 1 when predicting.
    device : str
        "auto" takes a GPU when there is one.
    seed : int
        Same seed and data, same field.
    progress : bool, optional
        Show a bar; by default only in a terminal.

    Attributes
    ----------
    history : list of dict
        ``iteration`` and ``loss`` (squared error of the velocity), averaged over 50 iterations.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    Memory-mapped rows (``numpy.memmap``, see `open_pairs`) stay on disk, of which each iteration
    reads the rows it draws: the fit of the same rows in memory, bit for bit.

    Derived in chapter 8.
    """

    def __init__(
        self,
        embed_dim: int,
        cov_dim: int,
        *,
        n_hidden: int = 128,
        lr: float = 4e-3,
        coupling: str = "ot",
        n_steps: int = 20,
        device: str = "auto",
        seed: int = 0,
        progress: bool | None = None,
    ) -> None:
        if coupling not in COUPLINGS:
            raise ValueError(f'coupling={coupling!r} is unknown: choose "ot" or "given"')
        at_least_one(embed_dim=embed_dim, cov_dim=cov_dim, n_hidden=n_hidden, n_steps=n_steps)
        above_zero(lr=lr)
        at_least(0, seed=seed)
        self.embed_dim, self.cov_dim, self.n_hidden, self.lr = embed_dim, cov_dim, n_hidden, lr
        self.coupling, self.n_steps, self.device = coupling, n_steps, pick_device(device)
        self.seed, self.progress, self.field, self.history = seed, progress, None, []

    def train(self, ctrl_emb, pert_emb, pert_cov, *, iterations: int = 500) -> None:
        """Fit from scratch; an interrupted fit leaves the previous field in place.

        Parameters
        ----------
        ctrl_emb, pert_emb : array of shape (n, embed_dim)
        pert_cov : array of shape (n, cov_dim)
        iterations : int
            Steps, each on 8 sets of 32 cells.

        Raises
        ------
        ValueError
            If the shapes do not fit or `iterations` is below 1.
        """
        rows = training_rows(
            ctrl_emb,
            pert_emb,
            pert_cov,
            embed_dim=self.embed_dim,
            cov_dim=self.cov_dim,
            mapped=True,
        )
        at_least_one(iterations=iterations)
        with progress_bar(iterations, "flow", self.progress) as bar, fitting(self.seed):
            field = _VelocityField(self.embed_dim, self.cov_dim, self.n_hidden).to(self.device)
            sets, paired = CellSets(*rows, self.device), self.coupling == "given"
            loss_of = lambda step: self._loss(field, *sets.draw(_SETS, _SIZE, paired=paired))  # noqa: E731
            history = descend(field, loss_of, bar, lr=self.lr)
        self.field, self.history = field.eval(), history

    def _loss(self, field, start, end, cov):
        if self.coupling == "ot":
            end = _match(start, end)
        t = torch.rand(*start.shape[:2], 1).to(start.device)
        velocity = field((1 - t) * start + t * end, t, cov.expand(-1, start.shape[1], -1))
        return nn.functional.mse_loss(velocity, end - start)

    @in_pieces
    def predict(self, ctrl_emb, pert_cov) -> np.ndarray:
        """Follow the field from each control under each row's descriptor.

        Parameters
        ----------
        ctrl_emb : array of shape (n, embed_dim)
        pert_cov : array of shape (n, cov_dim)

        Returns
        -------
        array of shape (n, embed_dim), float32

        Raises
        ------
        ValueError
            If the shapes do not fit.
        RuntimeError
            Before `train`.
        """
        if self.field is None:
            raise RuntimeError("predict was called before train: call train first")
        rows = prediction_rows(ctrl_emb, pert_cov, embed_dim=self.embed_dim, cov_dim=self.cov_dim)
        with fitting(), torch.no_grad():
            x, cov = (torch.tensor(r, device=self.device) for r in rows)
            step, t = 1 / self.n_steps, torch.zeros(len(x), 1, device=self.device)
            for _ in range(self.n_steps):
                middle = x + step / 2 * self.field(x, t, cov)
                x = x + step * self.field(middle, t + step / 2, cov)
                t = t + step
            return x.cpu().numpy()


def _match(start, end):
    """Reorder `end` within each set so that the summed squared length of the paths is least."""
    cost = torch.cdist(start, end).square().cpu().numpy()
    order = np.array([linear_sum_assignment(c)[1] for c in cost])
    order = torch.from_numpy(order).to(end.device)
    return torch.gather(end, 1, order[..., None].expand_as(end))
