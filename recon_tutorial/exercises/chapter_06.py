"""Exercises of chapter 6: how many perturbations are enough, and what a descriptor must tell."""

from __future__ import annotations

import numpy as np
import pandas as pd

from recon_tutorial.exercises._judging import answer_of, apart, judge, number, right, wrong
from recon_tutorial.exercises.feedback import Feedback
from recon_tutorial.metrics import r2_delta
from recon_tutorial.pairing import make_pairs
from recon_tutorial.predictors import RidgeShift
from recon_tutorial.screen import simulate_screen
from recon_tutorial.splits import hold_out_perturbations

_THRESHOLD_HINTS = (
    "Each training perturbation is one equation for each row of W. Count the unknowns of a row.",
    "A straight line through points needs its slope, and one thing more.",
    "One unknown for each number of the descriptor, and one for the average shift.",
)
_TABLE_HINTS = (
    "A ridge does not know what a column is called, nor in which units it was measured.",
    "Which changes of a table can a linear map undo? Which cannot, because something is lost?",
    "Other units, another zero, columns mixed with one another: all of that can be undone, as "
    "long as no two perturbations that differed become alike.",
)


def check_threshold(threshold, cov_dim: int, *, seed: int = 0, hint: int = 0) -> Feedback:
    """Feedback on chapter 6, exercise 1: the fewest perturbations that settle a linear map.

    Parameters
    ----------
    threshold : int, or ...
        The answer: the smallest number of training perturbations, K.
    cov_dim : int
        Numbers in a descriptor.
    seed : int
        Seed of the descriptors and of the worlds that the answer is tried in.
    hint : {0, 1, 2, 3}
        Show this hint, too.

    Returns
    -------
    Feedback

    Derived in chapter 6.
    """

    def look(answer):
        given = number(answer)
        if given != int(given) or given < 1:
            return wrong(f"You say {given:g}; K counts perturbations: a whole number from 1.")
        k, unknowns = int(given), cov_dim + 1
        equations = np.random.default_rng(seed).normal(size=(k, cov_dim))
        rank = np.linalg.matrix_rank(np.column_stack([np.ones(k), equations]))
        seen = f"K = {k} perturbations settle {rank} unknowns of each row"
        if rank < unknowns:
            share = _ridge_share(k, cov_dim, seed)
            return wrong(
                f"{seen}, and there are more. In a world without noise a ridge on {k} explains "
                f"{share:.2f} of the shift of unseen perturbations, where 1 is due. "
                + ("Did you count the average?" if k == cov_dim else "Count what a row holds.")
            )
        if k > rank:
            return wrong(
                f"{seen}, so {k} are enough, but {k - rank} of them could be spared: the "
                f"*smallest* K is asked for, with descriptors of {cov_dim} numbers."
            )
        shares = [_ridge_share(n, cov_dim, seed) for n in (k - 1, k)]
        return right(
            f"{seen}: its {cov_dim} slopes and the average. In a world without noise a ridge "
            f"explains {shares[0]:.3f} of the shift of unseen perturbations with one fewer, and "
            f"{shares[1]:.3f} with these. A good score below it would be luck, or a leak."
        )

    asked = "a whole number of perturbations"
    return judge(threshold, look, asked=asked, hints=_THRESHOLD_HINTS, hint=hint)


def check_other_descriptors(table, screen, split, *, seed: int = 0, hint: int = 0) -> Feedback:
    """Feedback on chapter 6, exercise 3: other numbers that tell a ridge the same.

    Parameters
    ----------
    table : DataFrame, or ...
        The answer: one row per perturbation of the screen.
    screen, split : AnnData and Split
        A screen with true descriptors and a split that holds out perturbations.
    seed : int
        Seed of the pairs.
    hint : {0, 1, 2, 3}
        Show this hint, too.

    Returns
    -------
    Feedback

    Derived in chapter 6.
    """

    def look(answer):
        true = screen.uns["descriptors"]
        if not isinstance(answer, pd.DataFrame) or set(answer.index) != set(true.index):
            raise TypeError("the answer is no DataFrame with one row for each perturbation")
        answer = answer.loc[true.index]
        same = answer.shape == true.shape and np.isclose(answer.to_numpy(), true.to_numpy())
        if np.mean(same) > 0.05:
            return wrong(
                f"{np.mean(same):.0%} of the numbers are those of the true table: change them all."
            )
        theirs, mine, tag = (
            round(_share(screen, split, t, seed), 2) + 0.0  # no minus before a zero
            for t in (true, answer, pd.DataFrame(np.eye(len(true)), true.index))
        )
        if theirs < 0.5:
            raise ValueError(
                f"with the true table the ridge explains only {theirs:.2f} of the shift of this "
                "screen, so no table can be found as good: take more training perturbations"
            )
        seen = f"The ridge explains {mine:.2f} with your table and {theirs:.2f} with the true one"
        if mine > 0.9 * theirs:
            return right(
                f"{seen}, though the two have no number in common; with name tags it explains "
                f"{tag:.2f}. What counts is what a descriptor tells, not its units or its names. "
                "A shuffled table has all the true numbers, and tells nothing."
            )
        rows = {row.tobytes() for row in true.to_numpy()}
        if all(row.tobytes() in rows for row in answer.to_numpy(dtype=true.to_numpy().dtype)):
            return wrong(
                f"{seen}: the rows are the true ones, dealt to other perturbations. Each must "
                "stay with its own; it is the columns that you are free to change."
            )
        ranks = [np.linalg.matrix_rank(t - t.mean()) for t in (true, answer)]
        if ranks[1] < ranks[0]:
            return wrong(
                f"{seen}: your columns span {ranks[1]} directions and the true ones {ranks[0]}. "
                "What was merged or left out cannot be told from what remains."
            )
        if abs(mine - tag) < 0.01:
            return wrong(
                f"{seen}, and {tag:.2f} with name tags: your table says who it is and no more. "
                "Begin with the true table."
            )
        return wrong(
            f"{seen}: something is lost, or bent, or so small that the penalty of the ridge "
            "swallows it."
        )

    asked = "a DataFrame with one row of numbers per perturbation"
    return judge(table, look, asked=asked, hints=_TABLE_HINTS, hint=hint)


def _ridge_share(k, cov_dim, seed):
    """Share of the shift of 10 unseen perturbations that a ridge explains after k, no noise."""
    world = simulate_screen(
        n_perturbations=k + 10,
        cells_per_perturbation=5,
        embed_dim=16,
        cov_dim=cov_dim,
        n_genes=1,
        noise=0.0,
        paired=True,
        seed=seed,
    )
    split = hold_out_perturbations(world, n=10, seed=seed)
    train, test = (make_pairs(world[m], how="true") for m in (split.train, split.test))
    pred = answer_of(RidgeShift(alpha=1e-6), train, test)
    return float(1 - np.square(pred - test.pert).sum() / np.square(test.ctrl - test.pert).sum())


def _share(screen, split, table, seed):
    """R2 of the change of a ridge on held-out perturbations, with a table of descriptors."""
    described = screen.copy()
    described.uns["descriptors"] = table
    train = make_pairs(described[split.train], how="random", seed=seed)
    test = make_pairs(described[split.test], how="random", seed=seed)
    ctrl = screen[split.reference_controls(screen)].obsm["X_emb"]
    pred = answer_of(RidgeShift(), train, test)
    return apart(lambda t, p: r2_delta(t, p, ctrl), test, pred)
