"""Exercises of chapter 12: a logarithm forgotten, and a tool that sends averages only."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from recon_tutorial.exercises._judging import array, judge, right, wrong
from recon_tutorial.exercises.feedback import Feedback
from recon_tutorial.metrics import energy_distance, r2_delta, variance_ratio

# What a reader may call a sentence, and the words by which the sentence is known.
_ABOUT = {
    "counts": "whole numbers",
    "negative values": "goes down to",
    "large values": "too large",
}
_LOGARITHM_HINTS = (
    "`log1p` is the logarithm of one plus the value; what undoes it leaves a zero a zero.",
    "numpy has a function for it, `expm1`, and a sparse matrix has it as a method.",
    "Look at a few values of your matrix: are they whole, are any below 0, how far up do they go?",
)
_MEANS_HINTS = (
    "`arrays[name]` has one row for each cell; average over the rows, and keep a matrix.",
    "One matrix of one row for every name in `arrays`; a dict comprehension makes it.",
    "Two of the scores compare *clouds* of cells, and one compares the middles of clouds only.",
)


def check_forgotten_logarithm(matrix, about, logged, convert, *, hint: int = 0) -> Feedback:
    """Feedback on chapter 12, exercise 1: what is said of expression without its logarithm.

    Parameters
    ----------
    matrix : array or sparse matrix of shape (n_cells, n_genes), or ...
        The first part of the answer: expression before the logarithm.
    about : {"counts", "negative values", "large values", "nothing"}, or ...
        The second part: what the sentence will speak of.
    logged : array or sparse matrix of shape (n_cells, n_genes)
        The same expression after the logarithm, log1p.
    convert : callable
        Makes a screen of a matrix, or raises ValueError with the sentence.
    hint : {0, 1, 2, 3}
        Show this hint, too.

    Returns
    -------
    Feedback

    Derived in chapter 12.
    """

    def look(answer):
        matrix, about = answer
        given, known = _dense(matrix), _dense(logged)
        if given.shape != known.shape:
            raise ValueError(f"the matrix has shape {given.shape} where {known.shape} is due")
        due = np.expm1(known)
        if not np.allclose(given, due, rtol=1e-3, atol=1e-3):
            return wrong(_matrix_mistake(given, known))
        if about not in (*_ABOUT, "nothing"):
            raise ValueError(f"{about!r} is none of {', '.join(_ABOUT)} and nothing")
        try:
            convert(matrix)
            said = ""
        except ValueError as error:
            said = str(error)
        truth = next((kind for kind, words in _ABOUT.items() if words in said), "nothing")
        fractions = float((given[given > 0] % 1 > 1e-6).mean())
        seen = (
            f"Your matrix is right: its values go from {given.min():.3g} to {given.max():.5g}, "
            f"and {fractions:.0%} of those above 0 are no whole numbers"
        )
        if about != truth:
            return wrong(f"{seen}. Would a sentence about {about} be true of it?")
        return right(
            f'{seen}. What is said: "{said or "nothing"}". The tool saw *that* something is '
            "missing, by a limit on large values, and it cannot see *what*: a slice of genes that "
            "are all low would have passed without a word."
        )

    asked = "a matrix, and one of " + ", ".join(f'"{kind}"' for kind in [*_ABOUT, "nothing"])
    return judge((matrix, about), look, asked=asked, hints=_LOGARITHM_HINTS, hint=hint)


def _dense(matrix):
    return array(matrix.toarray() if sparse.issparse(matrix) else matrix)


def _matrix_mistake(given, known):
    """Which other matrix was given."""
    if np.allclose(given, known, rtol=1e-3):
        return "This *is* the logarithm: the friend's values are those from which it was taken."
    if np.allclose(given, np.exp(known), rtol=1e-3):
        return (
            "Each value is too large by 1, and a gene without a count is 1 and not 0: the "
            "logarithm was taken of one plus the value."
        )
    if np.allclose(given, np.log1p(np.maximum(known, 0)), rtol=1e-3):
        return "You took the logarithm a second time; the friend did not take it once."
    if (given == np.rint(given)).all():
        return (
            "All of these are whole numbers, as before normalising; the friend *did* divide by "
            "each cell's total, and forgot the step after it."
        )
    gap = np.abs(np.log1p(np.maximum(given, 0)) - known).max()
    return f"If one takes `log1p` of this, values differ from those of the file by up to {gap:.2f}."


def check_means_only(means, score, cells, screen, split, *, embed, hint: int = 0) -> Feedback:
    """Feedback on chapter 12, exercise 2: predictions that hold one mean instead of cells.

    Parameters
    ----------
    means : dict from str to array of shape (1, n_genes), or ...
        The first part of the answer.
    score : {"energy_distance", "r2_delta", "variance_ratio"}, or ...
        The second part: the score that hardly notices.
    cells : dict from str to array of shape (n, n_genes)
        The predicted cells that the means are of.
    screen, split : AnnData and Split
        The screen they are scored on, with an embedding.
    embed : callable
        From genes (n, n_genes) to the embedding (n, embed_dim).
    hint : {0, 1, 2, 3}
        Show this hint, too.

    Returns
    -------
    Feedback

    Derived in chapter 12.
    """

    def look(answer):
        means, score = answer
        if not isinstance(means, dict):
            raise TypeError(f"this {type(means).__name__} is no dict from names to matrices")
        if missing := sorted(set(cells) - set(means)):
            raise ValueError(f"the dict holds nothing for {missing[0]!r}: give one matrix a name")
        tables = {name: array(means[name]) for name in cells}
        for name, table in tables.items():
            if mistake := _mean_mistake(name, table, array(cells[name])):
                return wrong(mistake)
        scores = _scores(cells, tables, screen, split, embed)
        if score not in scores:
            raise ValueError(f"{score!r} is none of {', '.join(scores)}")
        before, after = scores[score]
        changes = {name: abs(b - a) / max(abs(b), abs(a), 1e-9) for name, (b, a) in scores.items()}
        if score != min(changes, key=changes.get):
            return wrong(
                f"Your means are right. With all cells {score} is {before:.2f} and with the mean "
                f"alone {after:.2f}: it has noticed. Which score looks at averages only?"
            )
        others = "; ".join(
            f"{name} goes from {b:.2f} to {a:.2f}" for name, (b, a) in scores.items()
        )
        return right(
            f"{others}. A cloud was replaced by its middle, and a score of middles cannot see it. "
            "Whoever receives averages can score averages; ask a tool for cells."
        )

    asked = "a dict of matrices of one row each, and the name of a score"
    return judge((means, score), look, asked=asked, hints=_MEANS_HINTS, hint=hint)


def _mean_mistake(name, table, cells):
    """What is wrong with the mean of one perturbation, if anything."""
    mean, due = cells.mean(axis=0), (1, cells.shape[1])
    if table.shape == mean.shape and np.allclose(table, mean, atol=1e-3):
        return f"The numbers of {name!r} are right, and their shape {table.shape} is no matrix."
    if table.shape == cells.shape:
        return f"For {name!r} you send all {len(cells)} cells: the tool of this exercise sends one."
    if table.shape == (len(cells), 1) or table.shape == (len(cells),):
        return f"For {name!r} you average the genes of each cell: that is the other axis."
    if table.shape != due:
        return f"For {name!r} the shape is {table.shape} where {due} is due."
    if not np.allclose(table, mean, atol=1e-3):
        gap = np.abs(table - mean).max()
        return f"For {name!r} a gene is off the mean by {gap:.2f}: which cells were averaged, how?"
    return None


def _scores(cells, means, screen, split, embed):
    """Score of all cells and of the mean alone, (before, after), by name; over perturbations."""
    ctrl = screen[split.reference_controls(screen)].obsm["X_emb"]
    label = screen.obs["perturbation"].astype(str).to_numpy()
    rows = {"energy_distance": [], "r2_delta": [], "variance_ratio": []}
    for name, table in cells.items():
        true = screen[split.test & (label == name)].obsm["X_emb"]
        one = np.repeat(embed(means[name]), len(true), axis=0)  # as `Recorded` deals it
        for pred in (embed(array(table)), one):
            rows["energy_distance"].append(energy_distance(true, pred))
            rows["r2_delta"].append(r2_delta(true, pred, ctrl))
            rows["variance_ratio"].append(variance_ratio(true, pred))
    pairs = {name: np.reshape(values, (-1, 2)).mean(axis=0) for name, values in rows.items()}
    return {name: (float(before), float(after)) for name, (before, after) in pairs.items()}
