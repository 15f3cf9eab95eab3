"""The real CellFlow behind the contract (optional)."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pandas as pd
from anndata import AnnData

from recon_tutorial._given import above_zero, at_least, is_number
from recon_tutorial.predictors._arrays import at_least_one, prediction_rows, training_rows
from recon_tutorial.predictors._descent import history, progress_bar
from recon_tutorial.predictors._outside import inside, require

INSTALL = (
    "run `make cellflow` in a clone of the book, or pip install 'recon-tutorial[cellflow]' and "
    "then pip install --no-deps cellflow-tools==0.0.9"
)
_CHUNK = 64  # rows of one prediction: a new number of rows would compile anew


class CellFlowPredictor:
    """CellFlow (Klein et al., 2025): flow matching between cell populations, in JAX.

    The package's own data manager, network, optimal-transport matching and solver, with a small
    network and the perturbation's descriptor as condition.

    Parameters
    ----------
    embed_dim, cov_dim : int
        Width of the embedding and of the descriptors.
    n_hidden : int
        Width of the hidden layer and of the condition embedding.
    lr : float
        Start of Adam's cosine schedule.
    epsilon : float
        Entropy of the matching of a batch, in units of its mean cost.
    n_steps : int
        Midpoint steps from time 0 to 1 when predicting.
    seed : int
        Same seed and data, same numbers: weights and batches.
    progress : bool, optional
        Show a bar; by default only in a terminal.

    Attributes
    ----------
    history : list of dict
        ``iteration`` and ``loss``, averaged over 50 iterations.
    model : cellflow.model.CellFlow or None
        The fitted object.

    Raises
    ------
    ImportError
        If CellFlow cannot be imported: says how to install it.
    ValueError
        If an argument is out of range.

    Notes
    -----
    Rows of one descriptor are one population, and the controls they are paired with its source;
    which control belongs to which cell is not used.
    Needs cellflow-tools 0.0.9, whose LICENSE file is MIT while its metadata still name
    PolyForm-Noncommercial-1.0.0; it is installed from the package index, no part of it is here.

    Derived in chapter 8.
    """

    def __init__(
        self,
        embed_dim: int,
        cov_dim: int,
        *,
        n_hidden: int = 128,
        lr: float = 3e-3,
        epsilon: float = 0.1,
        n_steps: int = 20,
        seed: int = 0,
        progress: bool | None = None,
    ) -> None:
        at_least_one(embed_dim=embed_dim, cov_dim=cov_dim, n_hidden=n_hidden, n_steps=n_steps)
        above_zero(lr=lr)
        at_least(0, seed=seed)
        if not (is_number(epsilon) and epsilon > 0):
            raise ValueError(f"epsilon={epsilon} must be above 0: try 0.1")
        require("cellflow.model", "CellFlow", INSTALL)
        if find_spec("distributed"):
            # Dask would import it during a fit, and its loggers keep the stream that they find.
            require("distributed", "Dask", "reinstall distributed, or uninstall it")
        self.embed_dim, self.cov_dim, self.n_hidden, self.lr = embed_dim, cov_dim, n_hidden, lr
        self.epsilon, self.n_steps, self.seed, self.progress = epsilon, n_steps, seed, progress
        self.model, self.history = None, []

    def train(
        self, ctrl_emb, pert_emb, pert_cov, *, iterations: int = 500, batch_size: int = 128
    ) -> None:
        """Fit from scratch; an interrupted fit leaves the previous model in place.

        Parameters
        ----------
        ctrl_emb, pert_emb : array of shape (n, embed_dim)
        pert_cov : array of shape (n, cov_dim)
        iterations, batch_size : int
            Steps, and cells of one population in each.

        Raises
        ------
        ValueError
            If the shapes do not fit or an argument is out of range.
        RuntimeError
            If CellFlow fails; its own error is the cause.
        """
        rows = training_rows(
            ctrl_emb, pert_emb, pert_cov, embed_dim=self.embed_dim, cov_dim=self.cov_dim
        )
        at_least_one(iterations=iterations, batch_size=batch_size)
        bar = progress_bar(iterations, "CellFlow", self.progress)
        with bar, inside("CellFlow", "training"):
            model = self._prepare(_as_screen(*rows), iterations)
            losses = _steps(model, bar, batch_size, self.seed)
        self.model, self.history = model, history(losses)

    def _prepare(self, adata, iterations):
        """A CellFlow with data and a lean network: 0.1 million weights instead of 71 million."""
        import optax
        from cellflow.model import CellFlow
        from cellflow.utils import match_linear

        model = CellFlow(adata, solver="otfm")
        model.prepare_data(
            sample_rep="X_emb",
            control_key="is_control",
            perturbation_covariates={"perturbation": ("perturbation",)},
            perturbation_covariate_reps={"perturbation": "pert_reps"},
            split_covariates=["population"],
            max_combination_length=1,
        )
        width = self.n_hidden
        # Layers are tuples of dicts: a bare dict would be dropped without a word.
        layer = ({"layer_type": "mlp", "dims": (width,), "dropout_rate": 0.0},)
        model.prepare_model(
            condition_embedding_dim=width,
            cond_output_dropout=0.0,
            pooling="mean",
            layers_before_pool={"perturbation": layer},
            layers_after_pool=layer,
            conditioning="film",
            hidden_dims=(width,),
            decoder_dims=(),
            time_freqs=16,
            time_encoder_dims=(16,),
            match_fn=lambda source, target: match_linear(source, target, epsilon=self.epsilon),
            optimizer=optax.adam(optax.cosine_decay_schedule(self.lr, iterations)),
            seed=self.seed,
        )
        return model

    def predict(self, ctrl_emb, pert_cov) -> np.ndarray:
        """Follow the fitted flow from each control under each row's descriptor.

        Parameters
        ----------
        ctrl_emb : array of shape (n, embed_dim)
        pert_cov : array of shape (n, cov_dim)
            Seen in training or not.

        Returns
        -------
        array of shape (n, embed_dim), float32

        Raises
        ------
        ValueError
            If the shapes do not fit.
        RuntimeError
            Before `train`, or if CellFlow fails; its own error is the cause.
        """
        if self.model is None:
            raise RuntimeError("predict was called before train: call train first")
        ctrl, cov = prediction_rows(
            ctrl_emb, pert_cov, embed_dim=self.embed_dim, cov_dim=self.cov_dim
        )
        answer = np.empty_like(ctrl)
        with inside("CellFlow", "predicting"):
            import diffrax

            grid = {"solver": diffrax.Midpoint(), "dt0": 1 / self.n_steps}
            grid["stepsize_controller"] = diffrax.ConstantStepSize()
            descriptors, group = np.unique(cov + 0.0, axis=0, return_inverse=True)
            for g, condition in enumerate(_padded(descriptors)):
                rows = np.flatnonzero(group.reshape(-1) == g)
                for chunk in np.split(rows, range(_CHUNK, len(rows), _CHUNK)):
                    cells = np.zeros((_CHUNK, self.embed_dim), dtype=np.float32)
                    cells[: len(chunk)] = ctrl[chunk]
                    moved = self.model.solver.predict(
                        cells, {"perturbation": condition[None, None]}, **grid
                    )
                    answer[chunk] = moved[: len(chunk)]
        return answer


def _padded(descriptors):
    """Descriptors with a constant 1: CellFlow would take a row of zeros for padding."""
    return np.hstack([descriptors, np.ones((len(descriptors), 1), dtype=np.float32)])


def _as_screen(ctrl, pert, cov):
    """The AnnData that CellFlow reads: each descriptor a population with controls of its own."""
    descriptors, group = np.unique(cov + 0.0, axis=0, return_inverse=True)
    names = np.array([f"p{g}" for g in range(len(descriptors))])[group.reshape(-1)]
    obs = pd.DataFrame(
        {
            "perturbation": pd.Categorical(np.concatenate([np.full(len(ctrl), "control"), names])),
            "population": pd.Categorical(np.concatenate([names, names])),
            "is_control": np.repeat([True, False], len(ctrl)),
        },
        index=[f"cell{i}" for i in range(2 * len(ctrl))],
    )
    reps = {f"p{g}": row for g, row in enumerate(_padded(descriptors))}
    return AnnData(obs=obs, obsm={"X_emb": np.vstack([ctrl, pert])}, uns={"pert_reps": reps})


def _steps(model, bar, batch_size, seed):
    """The loop of CellFlow's trainer, so that the seed reaches the batches and the bar is ours."""
    import jax
    from cellflow.data import TrainSampler

    sampler, losses = TrainSampler(model.train_data, batch_size=batch_size), []
    key, rng = jax.random.PRNGKey(seed), np.random.default_rng(seed)
    for _ in bar:
        key, step = jax.random.split(key, 2)
        losses.append(model.solver.step_fn(step, sampler.sample(rng)))
    model.solver.is_trained = True
    return np.asarray(losses)
