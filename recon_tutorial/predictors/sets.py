"""Predict a set of cells at once and score it as a set, with or without attention."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from recon_tutorial._given import above_zero, at_least, is_whole
from recon_tutorial._mapped import read
from recon_tutorial._torch import fitting, pick_device
from recon_tutorial.predictors._arrays import at_least_one, prediction_rows, training_rows
from recon_tutorial.predictors._descent import descend, progress_bar
from recon_tutorial.predictors._sets import CellSets, near_equal_sets

LOSSES = ("energy", "mse")
_SETS, _HEADS = 8, 4  # sets of cells in a step, and heads of the attention


class _SetNetwork(nn.Module):
    """Shift of each cell of a set, from itself, its descriptor and, with attention, its fellows."""

    def __init__(self, embed_dim, cov_dim, n_hidden, attention):
        super().__init__()
        self.encode = nn.Sequential(nn.Linear(embed_dim + cov_dim, n_hidden), nn.GELU())
        self.attend = None
        if attention:
            self.attend = nn.MultiheadAttention(n_hidden, _HEADS, batch_first=True)
        self.shift = nn.Sequential(
            nn.Linear(n_hidden, n_hidden), nn.GELU(), nn.Linear(n_hidden, embed_dim)
        )
        self.linear = nn.Linear(cov_dim, embed_dim)

    def forward(self, ctrl, cov):
        """Move sets (n_sets, size, embed_dim) under descriptors (n_sets, 1, cov_dim)."""
        state = self.encode(torch.cat([ctrl, cov.expand(-1, ctrl.shape[1], -1)], dim=-1))
        if self.attend is not None:
            state = state + self.attend(state, state, state, need_weights=False)[0]
        return ctrl + self.shift(state) + self.linear(cov)


class SetPredictor:
    """A network on sets of cells, trained so that the predicted set looks like the true one.

    With ``loss="mse"`` it is asked to hit the paired cell instead, which on unpaired cells teaches
    it the mean.

    Parameters
    ----------
    embed_dim, cov_dim : int
        Width of the embedding and of the descriptors.
    n_hidden : int
        Units in each hidden layer (GELU); a multiple of 4 with attention.
    loss : {"energy", "mse"}
        Unbiased energy distance between predicted and true set (Székely & Rizzo, 2013), or mean
        squared error against the paired cells.
    attention : bool
        Let the cells of a set see one another (one layer, 4 heads, no order).
    set_size : int
        Cells in a training set, and at most in a set to predict.
    lr : float
        Peak of AdamW's one-cycle learning rate.
    device : str
        "auto" takes a GPU when there is one.
    seed : int
        Same seed and data, same network.
    progress : bool, optional
        Show a bar; by default only in a terminal.

    Attributes
    ----------
    history : list of dict
        ``iteration`` and ``loss``, averaged over 50 iterations.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    With attention a cell's prediction depends on the other cells of its set: rows with one
    descriptor are cut into sets of near-equal size, in the order in which they are asked.
    Memory-mapped rows (``numpy.memmap``, see `open_pairs`) stay on disk, of which each iteration
    reads the rows it draws: the fit of the same rows in memory, bit for bit.

    Derived in chapter 9.
    """

    def __init__(
        self,
        embed_dim: int,
        cov_dim: int,
        *,
        n_hidden: int = 256,
        loss: str = "energy",
        attention: bool = False,
        set_size: int = 32,
        lr: float = 2e-3,
        device: str = "auto",
        seed: int = 0,
        progress: bool | None = None,
    ) -> None:
        if loss not in LOSSES:
            raise ValueError(f'loss={loss!r} is unknown: choose "energy" or "mse"')
        at_least_one(embed_dim=embed_dim, cov_dim=cov_dim, n_hidden=n_hidden)
        above_zero(lr=lr)
        at_least(0, seed=seed)
        if not is_whole(set_size) or set_size < 2:
            raise ValueError(f"set_size={set_size} must be at least 2: one cell is no distribution")
        if attention and n_hidden % _HEADS:
            raise ValueError(f"n_hidden={n_hidden} must be a multiple of {_HEADS} with attention")
        self.embed_dim, self.cov_dim, self.n_hidden, self.lr = embed_dim, cov_dim, n_hidden, lr
        self.loss, self.attention, self.set_size = loss, attention, set_size
        self.device, self.seed, self.progress = pick_device(device), seed, progress
        self.network, self.history = None, []

    def train(self, ctrl_emb, pert_emb, pert_cov, *, iterations: int = 400) -> None:
        """Fit from scratch; an interrupted fit leaves the previous network in place.

        Parameters
        ----------
        ctrl_emb, pert_emb : array of shape (n, embed_dim)
        pert_cov : array of shape (n, cov_dim)
        iterations : int
            Steps, each on 8 sets.

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
        with progress_bar(iterations, "sets", self.progress) as bar, fitting(self.seed):
            network = _SetNetwork(self.embed_dim, self.cov_dim, self.n_hidden, self.attention)
            network, sets = network.to(self.device), CellSets(*rows, self.device)
            criterion = energy_loss if self.loss == "energy" else nn.functional.mse_loss

            def loss_of(step):
                ctrl, pert, cov = sets.draw(_SETS, self.set_size, paired=True)
                return criterion(network(ctrl, cov), pert)

            history = descend(network, loss_of, bar, lr=self.lr)
        self.network, self.history = network.eval(), history

    def predict(self, ctrl_emb, pert_cov) -> np.ndarray:
        """Move each control under each row's descriptor, in the company of the rows asked with it.

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
        if self.network is None:
            raise RuntimeError("predict was called before train: call train first")
        ctrl, cov = prediction_rows(
            ctrl_emb, pert_cov, embed_dim=self.embed_dim, cov_dim=self.cov_dim, mapped=True
        )
        answer = np.empty(ctrl.shape, dtype=np.float32)
        with fitting(), torch.no_grad():
            for rows in near_equal_sets(cov, self.set_size):
                cells = torch.from_numpy(read(ctrl, rows)).to(self.device)
                descriptor = torch.from_numpy(read(cov, rows[:1])).to(self.device)
                answer[rows] = self.network(cells[None], descriptor[None])[0].cpu().numpy()
        return answer


def energy_loss(predicted: torch.Tensor, true: torch.Tensor) -> torch.Tensor:
    """Unbiased energy distance between predicted and true sets of cells, to be minimised.

    Parameters
    ----------
    predicted, true : tensor of shape (n_sets, size, d)
        Two or more cells in a set; both have the same sizes.

    Returns
    -------
    tensor, scalar
        Averaged over the sets; it may be slightly negative (Székely & Rizzo, 2013).

    Raises
    ------
    ValueError
        If the sizes differ, or a set has a single cell.

    Derived in chapter 9.
    """
    if predicted.ndim != 3 or predicted.shape != true.shape or predicted.shape[1] < 2:
        raise ValueError(
            f"predicted has shape {tuple(predicted.shape)} and true {tuple(true.shape)}: "
            "pass sets of equal size, of two cells or more"
        )
    size = predicted.shape[1]
    between = torch.cdist(predicted, true).mean()
    within = sum(torch.cdist(x, x).mean() for x in (predicted, true)) * size / (size - 1)
    return 2 * between - within
