"""Predictions that another tool has already made, behind the contract."""

from __future__ import annotations

import numpy as np
from anndata import AnnData
from scipy import sparse

from recon_tutorial._given import at_least
from recon_tutorial.interop._labels import as_text, listed, rows_by
from recon_tutorial.interop._predictions import read_predictions
from recon_tutorial.predictors._arrays import prediction_rows, training_rows
from recon_tutorial.validation import CONTROL, GENES, validate_screen


class Recorded:
    """Answer with cells that another tool predicted, so that `evaluate` can score them.

    A row is answered with recorded cells of the perturbation whose descriptor it carries: drawn
    without putting back, and round and round where fewer were recorded than are asked.

    Parameters
    ----------
    predictions : mapping, AnnData, str or Path
        Predicted cells: a mapping from perturbation, or from (perturbation, context), to a matrix
        of cells (a DataFrame's columns are genes); an AnnData; or the path of an ``.h5ad`` file.
        Perturbations that the screen does not hold, controls among them, are left out.
    screen : AnnData
        The screen they will be scored on.
    perturbation_key : str
        Column of ``obs`` of an AnnData of predictions.
    context_key : str, optional
        The same for contexts; read if the screen has ``obs["context"]``. With None, or with a
        mapping by perturbation alone, one answer is given in every context.
    use_rep : str
        Space of the predictions and of the evaluation, a key in ``obsm`` of both; "X" for
        measured genes, to be scored by ``evaluate(..., use_rep="X")``.
    embed : callable, optional
        Predictions are genes, (n, n_genes) in the screen's order, and this returns their
        embedding (n, embed_dim); see `pca_embedding`.
    seed : int
        Same seed and question, same answer.

    Raises
    ------
    TypeError
        If the predictions are none of these kinds.
    FileNotFoundError
        If there is no such file.
    ValueError
        If the screen breaks a rule; if predictions hold NaN, counts, other genes or another width
        than the screen; or if descriptors cannot tell two perturbations apart.

    Notes
    -----
    It looks its answer up, so `check_predictor` cannot pass it.
    Whatever its tool was trained on, nobody here can see it: hand over ``split.train`` first, and
    only then believe the score.
    Nothing is fitted, so the seconds on a leaderboard are not the tool's.
    No recorded cell belongs to a certain control, so metrics of matched rows are not scored.
    A few cells repeated many times are no sample: an energy distance rises, and a single mean
    repeated has a variance ratio of 0.

    Derived in chapter 12.
    """

    answers_rows = False  # evaluate: row i of a prediction is no answer to row i of the controls

    def __init__(
        self,
        predictions,
        screen: AnnData,
        *,
        perturbation_key: str = "perturbation",
        context_key: str | None = "context",
        use_rep: str = "X_emb",
        embed=None,
        seed: int = 0,
    ) -> None:
        validate_screen(screen, use_rep=None if use_rep == GENES else use_rep)
        at_least(0, seed=seed)
        self.cells = read_predictions(
            predictions,
            screen,
            perturbation_key=perturbation_key,
            context_key=context_key,
            use_rep=use_rep,
            embed=embed,
        )
        self.seed, self.order = seed, {key: k for k, key in enumerate(sorted(self.cells, key=str))}
        self.name_of = _names_by_descriptor(screen)
        self.width = screen.uns["descriptors"].shape[1]
        more = screen.uns.get("context_descriptors")
        self.cov_dim = self.width + (0 if more is None else more.shape[1])
        self.embed_dim = screen.n_vars if use_rep == GENES else screen.obsm[use_rep].shape[1]
        by_context = any(context is not None for _, context in self.cells)
        self.context_of = _contexts_by_control(screen, use_rep) if by_context else None

    def train(self, ctrl_emb, pert_emb, pert_cov) -> None:
        """Check that the rows are those of the screen; there is nothing to learn."""
        sizes = {"embed_dim": self.embed_dim, "cov_dim": self.cov_dim}
        training_rows(ctrl_emb, pert_emb, pert_cov, **sizes)

    def predict(self, ctrl_emb, pert_cov) -> np.ndarray:
        """Return recorded cells, shape (n, embed_dim), float32.

        It needs no call of `train`.

        Raises
        ------
        ValueError
            If a row asks for a perturbation without prediction, or for nothing in the screen.
        """
        sizes = {"embed_dim": self.embed_dim, "cov_dim": self.cov_dim}
        ctrl, cov = prediction_rows(ctrl_emb, pert_cov, **sizes)
        rows_of = rows_by(self._asked(ctrl, cov))
        missing = {p if c is None else f"{p} in {c}" for p, c in set(rows_of) - set(self.cells)}
        if missing:
            theirs = listed({perturbation for perturbation, _ in self.cells})
            raise ValueError(
                f"{len(missing)} of {len(rows_of)} perturbations have no prediction "
                f"({listed(missing)}; there are some of {theirs}): predict all that are tested"
            )
        answer = np.empty(ctrl.shape, dtype=np.float32)
        for key, rows in rows_of.items():
            mine = self.cells[key]
            rng = np.random.default_rng([self.seed, self.order[key]])
            rounds = [rng.permutation(len(mine)) for _ in range(-(-len(rows) // len(mine)))]
            answer[rows] = mine[np.concatenate(rounds)[: len(rows)]]
        return answer

    def _asked(self, ctrl, cov):
        """Perturbation, and context where they are told apart, of each row."""
        rows = (cov[:, : self.width] + 0.0).astype(np.float32)
        perturbation = [self.name_of.get(row.tobytes()) for row in rows]
        context = [None] * len(rows)
        if self.context_of is not None:
            context = [self.context_of.get(row.tobytes(), ()) for row in ctrl]
        for row, (name, where) in enumerate(zip(perturbation, context)):
            if name is None or where == ():
                what = "a descriptor" if name is None else "a control"
                raise ValueError(
                    f"row {row} has {what} that is not in the screen these predictions were "
                    "given with: evaluate them on that screen, in the same use_rep"
                )
        return list(zip(perturbation, context))


def _names_by_descriptor(screen):
    """Perturbation of each descriptor, by its bytes as they arrive in predict."""
    names = sorted({*as_text(screen.obs["perturbation"])} - {CONTROL})
    rows = screen.uns["descriptors"].loc[names].to_numpy(dtype=np.float32) + np.float32(0)
    name_of = {}
    for name, row in zip(names, rows):
        other = name_of.setdefault(row.tobytes(), name)
        if other != name:
            raise ValueError(
                f"{other!r} and {name!r} have the same descriptor, so no row can say which of "
                "them it asks for: give them different ones"
            )
    return name_of


def _contexts_by_control(screen, use_rep):
    """Context of each control, by its bytes as they arrive in predict."""
    control = as_text(screen.obs["perturbation"]) == CONTROL
    matrix = screen.X[control] if use_rep == GENES else screen.obsm[use_rep][control]
    cells = matrix.toarray() if sparse.issparse(matrix) else np.asarray(matrix)
    contexts = as_text(screen.obs["context"])[control]
    context_of = {}
    for row, context in zip(cells.astype(np.float32), contexts):
        if context_of.setdefault(row.tobytes(), context) != context:
            raise ValueError(
                f"a control of {context!r} equals one of {context_of[row.tobytes()]!r}, so no "
                "row can say where it starts: drop one of them"
            )
    return context_of
