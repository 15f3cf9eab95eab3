"""Training a decoder, once."""

from __future__ import annotations

import torch
from torch import nn
from tqdm import tqdm

from recon_tutorial._given import above_zero, is_whole
from recon_tutorial._torch import fitting, pick_device
from recon_tutorial.decoders._rows import matched_rows, named_genes
from recon_tutorial.decoders.frozen import FrozenDecoder, MLPDecoder


def train_decoder(
    embedding,
    expression,
    *,
    gene_names=None,
    n_hidden: int = 256,
    lr: float = 1e-3,
    epochs: int = 100,
    batch_size: int = 256,
    device: str = "auto",
    seed: int = 0,
    progress: bool | None = None,
) -> FrozenDecoder:
    """Train a decoder once on (embedding, expression) of the same cells, and freeze it.

    Parameters
    ----------
    embedding : array of shape (n, embed_dim)
        Training cells only.
    expression : array or sparse matrix of shape (n, n_genes)
        Their log-normalised expression.
    gene_names : sequence of str, optional
        Names of the genes; "gene0", "gene1", ... by default.
    n_hidden, lr, epochs, batch_size : int, float, int, int
        Adam on the mean squared error.
    device : str
        "auto" takes a GPU when there is one.
    seed : int
        Same seed and data, same decoder.
    progress : bool, optional
        Show a bar; by default only in a terminal.

    Returns
    -------
    FrozenDecoder

    Raises
    ------
    ValueError
        If rows do not match or hold NaN, or an argument is out of range.

    Examples
    --------
    >>> from recon_tutorial.screen import simulate_screen
    >>> screen = simulate_screen(n_perturbations=5, cells_per_perturbation=20, n_genes=20)
    >>> embedding = screen.obsm["X_emb"]
    >>> decoder = train_decoder(embedding, screen.X, gene_names=screen.var_names, epochs=5)
    >>> decoder.decode(embedding[:3]).shape
    (3, 20)

    Derived in chapter 3.
    """
    x, y = matched_rows(embedding, expression)
    names = [f"gene{j}" for j in range(y.shape[1])]
    if gene_names is not None:
        names = named_genes(gene_names, y.shape[1])
    if not all(is_whole(size) and size >= 1 for size in (epochs, batch_size)):
        raise ValueError(
            f"epochs={epochs} and batch_size={batch_size} must each be at least 1, and whole "
            "numbers"
        )
    above_zero(lr=lr)
    target = pick_device(device)
    losses = []
    with fitting(seed):
        decoder = MLPDecoder(x.shape[1], y.shape[1], n_hidden).to(target)
        x, y = x.to(target), y.to(target)
        optimizer = torch.optim.Adam(decoder.parameters(), lr=lr)
        hidden_bar = None if progress is None else not progress
        for _ in tqdm(range(epochs), desc="decoder", unit="epoch", disable=hidden_bar):
            total = 0.0
            for batch in torch.randperm(len(x)).split(int(batch_size)):
                loss = nn.functional.mse_loss(decoder(x[batch.to(target)]), y[batch.to(target)])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                total += loss.item() * len(batch)
            losses.append(total / len(x))
    record = {"cells": len(x), "epochs": int(epochs), "lr": float(lr)}  # as JSON knows them
    record |= {"batch_size": int(batch_size), "seed": int(seed)}
    record["final_loss"] = losses[-1]
    return FrozenDecoder(decoder.cpu(), names, training=record)
