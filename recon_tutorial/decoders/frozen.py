"""The decoder network, and the frozen form of it that nothing can change again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import nn

from recon_tutorial._given import a_path, at_least
from recon_tutorial._numeric import finite, numbers
from recon_tutorial._torch import fitting
from recon_tutorial.decoders import _file
from recon_tutorial.decoders._rows import named_genes


class MLPDecoder(nn.Module):
    """Embedding -> hidden layer (GELU) -> expression, kept at 0 or above by a ReLU.

    Parameters
    ----------
    n_input, n_output, n_hidden : int
        Embedding width, number of genes, hidden units.

    Raises
    ------
    ValueError
        If one of them is no whole number of 1 or more.

    Derived in chapter 3.
    """

    def __init__(self, n_input: int, n_output: int, n_hidden: int = 256) -> None:
        super().__init__()
        at_least(1, n_input=n_input, n_output=n_output, n_hidden=n_hidden)
        sizes = int(n_input), int(n_output), int(n_hidden)  # as the header of a file knows them
        self.n_input, self.n_output, self.n_hidden = sizes
        self.layers = nn.Sequential(
            nn.Linear(n_input, n_hidden), nn.GELU(), nn.Linear(n_hidden, n_output), nn.ReLU()
        )

    def forward(self, embedding: torch.Tensor) -> torch.Tensor:
        """Decode a tensor.

        Parameters
        ----------
        embedding : tensor of shape (..., n_input)
            Cells, as the decoder was trained on.

        Returns
        -------
        tensor of shape (..., n_output)
            Their expression, 0 or above.
        """
        return self.layers(embedding)


class FrozenDecoder(nn.Module):
    """A trained decoder that nothing can change again.

    Its parameters take no gradient and it stays in evaluation mode whatever its parent does, but
    gradients flow through it, so a predictor can be trained on decoded expression.

    Parameters
    ----------
    decoder : MLPDecoder
        A trained decoder; its weights are copied.
    gene_names : sequence of str
        One name per output, in order.
    training : dict, optional
        How it was trained (plain values), kept with the file.

    Raises
    ------
    ValueError
        If the names do not fit the outputs.

    Derived in chapter 3.
    """

    def __init__(self, decoder: MLPDecoder, gene_names, *, training: dict | None = None) -> None:
        super().__init__()
        names = named_genes(gene_names, decoder.n_output)
        self.n_input, self.n_output = decoder.n_input, decoder.n_output
        self.gene_names, self.training_record = names, dict(training or {})
        self.decoder = MLPDecoder(decoder.n_input, decoder.n_output, decoder.n_hidden)
        self.decoder.load_state_dict(decoder.state_dict())
        self.requires_grad_(False)
        self.eval()

    def gene_dim(self) -> int:
        """Count the genes it decodes to.

        Returns
        -------
        int
        """
        return self.n_output

    def train(self, mode: bool = True) -> FrozenDecoder:
        """Stay in evaluation mode, also when a parent module is switched to training.

        Parameters
        ----------
        mode : bool
            What the parent asks for; it is not heard.

        Returns
        -------
        FrozenDecoder
            Itself.
        """
        return super().train(False)

    def forward(self, embedding: torch.Tensor) -> torch.Tensor:
        """Decode a tensor, through which gradients flow.

        Parameters
        ----------
        embedding : tensor of shape (..., n_input)
            Cells, as the decoder was trained on.

        Returns
        -------
        tensor of shape (..., n_output)
            Their expression, 0 or above.
        """
        return self.decoder(embedding)

    def decode(self, embedding) -> np.ndarray:
        """Decode an array.

        Parameters
        ----------
        embedding : array of shape (n, n_input)
            Cells, as the decoder was trained on.

        Returns
        -------
        array of shape (n, n_output), float32
            Their expression, 0 or above.

        Raises
        ------
        ValueError
            If the width is not `n_input`, or a value is no finite number.
        """
        array = numbers(embedding, "embedding")
        if array.ndim != 2 or array.shape[1] != self.n_input:
            raise ValueError(
                f"embedding has shape {array.shape} but this decoder reads (n, {self.n_input}): "
                "pass the embedding it was trained on"
            )
        array = finite(array, "embedding", "cells").astype(np.float32, copy=False)
        device = next(self.decoder.parameters()).device
        with fitting(), torch.no_grad():
            return self(torch.from_numpy(array).to(device)).cpu().numpy()

    def save(self, path) -> Path:
        """Write weights and header to one safetensors file, whole or not at all.

        Parameters
        ----------
        path : str or Path
            Ends in ".safetensors" by custom.

        Returns
        -------
        Path
            The file written.

        Raises
        ------
        ValueError
            If the path is a folder.
        OSError
            If there is no space or no right to write; an older file is then as it was.
        """
        path = Path(a_path(path, "path"))
        if path.is_dir():
            raise ValueError(f"{path} is a folder: name a file in it, such as decoder.safetensors")
        tensors = {k: v.detach().cpu().contiguous() for k, v in self.decoder.state_dict().items()}
        header = {
            "n_input": self.n_input,
            "n_output": self.n_output,
            "n_hidden": self.decoder.n_hidden,
            "gene_names": self.gene_names,
            "training": self.training_record,
        }
        _file.write(path, header, tensors)
        return path

    @classmethod
    def load(cls, path, *, gene_names=None) -> FrozenDecoder:
        """Read a decoder and verify it.

        Parameters
        ----------
        path : str or Path
            A file written by `save`; pickles are refused unread.
        gene_names : sequence of str, optional
            The genes you expect, in order, for example ``adata.var_names``.

        Returns
        -------
        FrozenDecoder

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it is no decoder, was changed after it was saved, or decodes other genes.
        """
        header, tensors = _file.read(Path(a_path(path, "path")))
        expected = header["gene_names"] if gene_names is None else [str(g) for g in gene_names]
        if expected != header["gene_names"]:
            differ = sorted(set(expected) ^ set(header["gene_names"]))
            what = f"for example {differ[0]!r}" if differ else "in another order"
            raise ValueError(f"{path} decodes other genes than yours ({what}): train a new decoder")
        decoder = MLPDecoder(header["n_input"], header["n_output"], header["n_hidden"])
        decoder.load_state_dict(tensors)
        return cls(decoder, header["gene_names"], training=header["training"])
