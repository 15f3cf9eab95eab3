"""The real STATE transition model behind the contract (optional)."""

from __future__ import annotations

import copy

import numpy as np
import torch
from scipy import sparse

from recon_tutorial._given import above_zero, at_least, is_number, is_whole
from recon_tutorial._torch import fitting, pick_device
from recon_tutorial.predictors._arrays import at_least_one, matrix, prediction_rows, training_rows
from recon_tutorial.predictors._descent import descend, progress_bar
from recon_tutorial.predictors._outside import inside, require
from recon_tutorial.predictors._sets import CellSets, near_equal_sets
from recon_tutorial.predictors._state_network import MODULE, WIDTHS, build_network

INSTALL = (
    "run `make state` in a clone of the book, or pip install 'recon-tutorial[state]', "
    "with Python 3.11 or 3.12"
)
_SETS = 16  # sets of cells in a step


class StatePredictor:
    """STATE's transition model (Adduri et al., 2025): a transformer over sets of cells.

    The package's own network and energy loss, small enough for a processor; each set holds cells
    of one perturbation, controls are drawn at random.

    Parameters
    ----------
    embed_dim, cov_dim : int
        Width of the embedding and of the descriptors.
    n_hidden : int
        Width of the transformer, a multiple of 8.
    set_size : int
        Cells in a training set, and at most in a set to predict.
    lr : float
        Peak of AdamW's schedule: a short warm-up, then a cosine.
    decoder : FrozenDecoder, optional
        STATE's gene decoder: gradients flow through it, its weights stay as they are.
    decoder_weight : float
        Weight of the energy loss between decoded and true genes; 0 leaves genes out.
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
    model : StateTransitionPerturbationModel or None
        The fitted object.

    Raises
    ------
    ImportError
        If STATE cannot be imported: says how to install it.
    ValueError
        If an argument is out of range, or the decoder reads another embedding.

    Notes
    -----
    The published pipeline gives STATE one-hot perturbations; a descriptor is a legitimate input
    of the class, but not the paper's set-up.
    Rows with one descriptor are cut into sets of near-equal size, in the order in which they are
    asked; a prediction depends on the set it is in.
    Needs arc-state 0.11.1, licensed CC BY-NC-SA 4.0 (not for commercial use); it is installed
    from the package index, no part of it is here.

    Derived in chapter 9.
    """

    def __init__(
        self,
        embed_dim: int,
        cov_dim: int,
        *,
        n_hidden: int = 128,
        set_size: int = 32,
        lr: float = 5e-3,
        decoder=None,
        decoder_weight: float = 0.0,
        device: str = "auto",
        seed: int = 0,
        progress: bool | None = None,
    ) -> None:
        at_least_one(embed_dim=embed_dim, cov_dim=cov_dim, n_hidden=n_hidden)
        above_zero(lr=lr)
        at_least(0, seed=seed)
        if not is_whole(set_size) or set_size < 2 or n_hidden % WIDTHS:
            raise ValueError(
                f"{set_size=} must be at least 2, and {n_hidden=} a multiple of {WIDTHS}"
            )
        weighs = is_number(decoder_weight) and decoder_weight >= 0
        if not weighs or (decoder_weight > 0 and decoder is None):
            raise ValueError(f"{decoder_weight=} needs a decoder, and must not be negative")
        if decoder is not None and decoder.n_input != embed_dim:
            raise ValueError(
                f"the decoder reads {decoder.n_input} columns but embed_dim={embed_dim}: "
                "pass the decoder of this embedding"
            )
        require(MODULE, "STATE", INSTALL)
        self.embed_dim, self.cov_dim, self.n_hidden, self.lr = embed_dim, cov_dim, n_hidden, lr
        self.set_size, self.decoder, self.decoder_weight = set_size, decoder, decoder_weight
        self.device, self.seed, self.progress = pick_device(device), seed, progress
        self.model, self.history = None, []

    def train(
        self, ctrl_emb, pert_emb, pert_cov, *, iterations: int = 300, expression=None
    ) -> None:
        """Fit from scratch; an interrupted fit leaves the previous model in place.

        Parameters
        ----------
        ctrl_emb, pert_emb : array of shape (n, embed_dim)
        pert_cov : array of shape (n, cov_dim)
        iterations : int
            Steps, each on 16 sets.
        expression : array or sparse matrix of shape (n, n_genes), optional
            Measured genes of the perturbed cells, the target of the gene loss; by default the
            decoded `pert_emb`.

        Raises
        ------
        ValueError
            If the shapes do not fit or `iterations` is below 1.
        RuntimeError
            If STATE fails; its own error is the cause.
        """
        ctrl, pert, cov = training_rows(
            ctrl_emb, pert_emb, pert_cov, embed_dim=self.embed_dim, cov_dim=self.cov_dim
        )
        at_least_one(iterations=iterations)
        genes = self._genes(pert, expression)
        bar = progress_bar(iterations, "STATE", self.progress)
        with bar, fitting(self.seed), inside("STATE", "training"):
            model = self._build().to(self.device).train()
            # Genes ride along as further columns, so that a set draws both with one choice.
            sets = CellSets(ctrl, np.hstack([pert, genes]), cov, self.device)
            loss_of = lambda step: model.training_step(self._batch(sets), step)  # noqa: E731
            history = descend(model, loss_of, bar, lr=self.lr, warm_up=0.1)
        self.model, self.history = model.eval(), history

    def _genes(self, pert, expression):
        if self.decoder_weight == 0:
            return np.empty((len(pert), 0), dtype=np.float32)
        if expression is None:
            return self.decoder.decode(pert)
        dense = expression.toarray() if sparse.issparse(expression) else expression
        genes = matrix(dense, "expression", self.decoder.gene_dim(), "the decoder's genes")
        if len(genes) != len(pert):
            raise ValueError(f"expression has {len(genes)} rows but pert_emb has {len(pert)}")
        return genes

    def _build(self):
        model = build_network(
            require(MODULE, "STATE", INSTALL).StateTransitionPerturbationModel,
            embed_dim=self.embed_dim,
            cov_dim=self.cov_dim,
            n_hidden=self.n_hidden,
            set_size=self.set_size,
            decoder_weight=self.decoder_weight,
        )
        if self.decoder is None:
            model.relu = torch.nn.Identity()  # without a gene decoder it would clip cells at 0
        else:
            model.gene_decoder = copy.deepcopy(self.decoder)
            model.detach_decoder = self.decoder_weight == 0
            model._decoder_externally_configured = True  # so that a checkpoint leaves it alone
        return model

    def _batch(self, sets):
        ctrl, pert, cov = sets.draw(_SETS, self.set_size, paired=False)
        batch = {
            "ctrl_cell_emb": ctrl.flatten(0, 1),
            "pert_emb": cov.expand(-1, self.set_size, -1).flatten(0, 1),
            "pert_cell_emb": pert[..., : self.embed_dim].flatten(0, 1),
        }
        if self.decoder_weight > 0:
            batch["pert_cell_counts"] = pert[..., self.embed_dim :].flatten(0, 1)
        return batch

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
            Before `train`, or if STATE fails; its own error is the cause.
        """
        if self.model is None:
            raise RuntimeError("predict was called before train: call train first")
        ctrl, cov = prediction_rows(
            ctrl_emb, pert_cov, embed_dim=self.embed_dim, cov_dim=self.cov_dim
        )
        answer = np.empty_like(ctrl)
        with fitting(), torch.no_grad(), inside("STATE", "predicting"):
            for rows in near_equal_sets(cov, self.set_size):
                batch = {"ctrl_cell_emb": ctrl[rows], "pert_emb": cov[rows]}
                batch = {k: torch.from_numpy(v).to(self.device) for k, v in batch.items()}
                answer[rows] = self.model(batch, padded=False).cpu().numpy()
        return answer
