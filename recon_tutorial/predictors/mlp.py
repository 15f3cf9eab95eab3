"""The reference network: control and descriptor in, perturbed embedding (or shift) out."""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from recon_tutorial._given import above_zero, at_least, is_number, is_whole
from recon_tutorial._mapped import in_pieces
from recon_tutorial._torch import fitting, pick_device
from recon_tutorial.predictors._arrays import at_least_one, prediction_rows, training_rows
from recon_tutorial.predictors._epochs import Epochs

_RECIPES = {  # epochs, batch size
    "embedding": (300, 128),
    "shift": (80, 256),
}


class MLPPerturbationPredictor:
    """A multilayer perceptron on ``[control, descriptor]``.

    Parameters
    ----------
    embed_dim, cov_dim : int
        Width of the embedding and of the descriptors.
    n_hidden : int
        Units in each of the two hidden layers (GELU).
    lr : float
        Learning rate of Adam for "embedding"; for "shift", AdamW's one-cycle schedule peaks at
        four times this value.
    predict : {"embedding", "shift"}
        Predict the perturbed embedding itself (the published reference), or only the shift, which
        is added to the control: an easier target that trains many times faster.
    device : str
        "auto" takes a GPU when there is one.
    seed : int
        Same seed and data, same network.
    progress : bool, optional
        Show a bar; by default only in a terminal.

    Attributes
    ----------
    history : list of dict
        One entry per epoch: ``epoch``, ``loss`` and, with early stopping, ``validation_loss``.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    Memory-mapped rows (``numpy.memmap``, see `open_pairs`) are never in memory whole.
    Up to 64 MiB of them give the fit of the same rows in memory, bit for bit. Of more, an epoch
    takes blocks of 256 neighbouring rows in random order and shuffles 64 MiB of them at a time:
    a batch is then a random draw from the rows of one such buffer, and not from all.

    Derived in chapter 1.
    """

    def __init__(
        self,
        embed_dim: int,
        cov_dim: int,
        n_hidden: int = 256,
        lr: float = 1e-3,
        *,
        predict: str = "embedding",
        device: str = "auto",
        seed: int = 0,
        progress: bool | None = None,
    ) -> None:
        if not isinstance(predict, str) or predict not in _RECIPES:
            raise ValueError(f'predict={predict!r} is unknown: choose "embedding" or "shift"')
        at_least_one(embed_dim=embed_dim, cov_dim=cov_dim, n_hidden=n_hidden)
        above_zero(lr=lr)
        at_least(0, seed=seed)
        self.embed_dim, self.cov_dim, self.n_hidden, self.lr = embed_dim, cov_dim, n_hidden, lr
        self.target, self.device, self.seed = predict, pick_device(device), seed
        self.progress, self.network, self.history = progress, None, []

    def train(
        self,
        ctrl_emb,
        pert_emb,
        pert_cov,
        *,
        epochs: int | None = None,
        batch_size: int | None = None,
        validation_fraction: float = 0.0,
        patience: int = 10,
    ) -> None:
        """Fit from scratch; an interrupted fit leaves the previous network in place.

        Parameters
        ----------
        ctrl_emb, pert_emb : array of shape (n, embed_dim)
        pert_cov : array of shape (n, cov_dim)
        epochs, batch_size : int, optional
            300 and 128 for "embedding", 80 and 256 for "shift".
        validation_fraction : float
            Share of the training rows held out for early stopping; 0 trains all epochs.
        patience : int
            Stop after this many epochs without a better validation loss, and keep the best network.

        Raises
        ------
        ValueError
            If the shapes do not fit or an argument is out of range.
        """
        rows = training_rows(
            ctrl_emb,
            pert_emb,
            pert_cov,
            embed_dim=self.embed_dim,
            cov_dim=self.cov_dim,
            mapped=True,
        )
        epochs = _RECIPES[self.target][0] if epochs is None else epochs
        batch_size = _RECIPES[self.target][1] if batch_size is None else batch_size
        sizes = epochs, batch_size, patience
        if not all(is_whole(size) and size >= 1 for size in sizes):
            raise ValueError(
                f"epochs={epochs}, batch_size={batch_size} and patience={patience} "
                "must each be at least 1, and whole numbers"
            )
        epochs, batch_size = int(epochs), int(batch_size)  # torch knows no numbers of numpy's
        share = validation_fraction if is_number(validation_fraction) else -1
        n_validation = round(share * len(rows[0]))
        if not 0 <= share < 1 or n_validation >= len(rows[0]):
            raise ValueError(
                f"validation_fraction={validation_fraction} must leave rows to train on: try 0.1"
            )
        with fitting(self.seed):
            order = torch.randperm(len(rows[0])) if n_validation else torch.arange(len(rows[0]))
            validation, training = (
                Epochs(rows, keep, batch_size, self.device)
                for keep in (order[:n_validation], order[n_validation:])
            )
            self._fit(training, validation, epochs, patience)

    def _fit(self, training, validation, epochs, patience):
        network = self._build().to(self.device)
        if self.target == "shift":
            optimizer = torch.optim.AdamW(network.parameters(), lr=self.lr)
            schedule = torch.optim.lr_scheduler.OneCycleLR(
                optimizer, max_lr=4 * self.lr, total_steps=epochs * training.n_batches
            )
        else:
            optimizer = torch.optim.Adam(network.parameters(), lr=self.lr)
            schedule = None
        history, best, best_loss, best_epoch = [], None, np.inf, 0
        hidden_bar = None if self.progress is None else not self.progress
        for epoch in tqdm(range(epochs), desc="MLP", unit="epoch", disable=hidden_bar):
            # Kept in one tensor: no wait for the device in a step, and no crumbs in memory, between
            # which freed batches could not be used again.
            losses, sizes = torch.empty(training.n_batches, device=self.device), []
            for inputs, pert in training.batches():
                loss = nn.functional.mse_loss(self._forward(network, inputs), pert)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                if schedule is not None:
                    schedule.step()
                losses[len(sizes)] = loss.detach()
                sizes.append(len(pert))
            entry = {"epoch": epoch, "loss": _mean(losses.tolist(), sizes)}
            if len(validation):
                entry["validation_loss"] = error = self._error(network, validation)
                if error < best_loss:
                    best, best_loss, best_epoch = copy.deepcopy(network.state_dict()), error, epoch
            history.append(entry)
            if best is not None and epoch - best_epoch >= patience:
                break
        if best is not None:
            network.load_state_dict(best)
        self.network, self.history = network.eval(), history

    @torch.no_grad()
    def _error(self, network, rows):
        losses, sizes = [], []
        for inputs, pert in rows.in_order():
            losses.append(nn.functional.mse_loss(self._forward(network, inputs), pert).item())
            sizes.append(len(pert))
        return _mean(losses, sizes)

    @in_pieces
    def predict(self, ctrl_emb, pert_cov) -> np.ndarray:
        """Predict the perturbed embedding of each control under each row's descriptor.

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
            ctrl_emb, pert_cov, embed_dim=self.embed_dim, cov_dim=self.cov_dim
        )
        with fitting(), torch.no_grad():
            inputs = torch.from_numpy(np.hstack([ctrl, cov])).to(self.device)
            return self._forward(self.network, inputs).cpu().numpy()

    def _build(self):
        return nn.Sequential(
            nn.Linear(self.embed_dim + self.cov_dim, self.n_hidden),
            nn.GELU(),
            nn.Linear(self.n_hidden, self.n_hidden),
            nn.GELU(),
            nn.Linear(self.n_hidden, self.embed_dim),
        )

    def _forward(self, network, inputs):
        moved = network(inputs)
        return inputs[:, : self.embed_dim] + moved if self.target == "shift" else moved


def _mean(losses, sizes):
    """Mean over rows, from the means over batches of these sizes."""
    return sum(m * n for m, n in zip(losses, sizes)) / sum(sizes)
