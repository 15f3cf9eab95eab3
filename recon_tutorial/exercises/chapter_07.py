"""Exercises of chapter 7: forge a spread, give partners back, and ask the right questions."""

from __future__ import annotations

import numpy as np

from recon_tutorial.exercises._judging import (
    apart,
    cells_like,
    groups,
    judge,
    names,
    right,
    wrong,
)
from recon_tutorial.exercises.feedback import Feedback
from recon_tutorial.metrics import energy_distance, variance_ratio

_FORGED_HINTS = (
    "The conditional mean has a place and no spread; add what it lacks, to every row anew.",
    "How far are the true cells of a perturbation from their mean, along one coordinate?",
    "A generator draws an array of the shape of `known.pert`; its scale is a standard deviation, "
    "and what you are to match is a variance.",
)
_PARTNER_HINTS = (
    "Make the screen anew with its partners recorded, and run the loop of the 2 x 2 table on it.",
    "Which of the two losses asks which control a cell came from? The other cannot notice.",
    "Subtract the two tables, entry by entry, in the column of the energy distance.",
)
_QUESTION_HINTS = (
    "Which columns of `memory` improve all the time, though nothing is being understood?",
    "The colleague's screen is real: whatever needs a partner or a true shift cannot be asked.",
    "One column looks at rows that were not trained on, and one at something else that cannot be "
    "known by heart.",
)


def check_forged_spread(noisy, pairs, *, hint: int = 0) -> Feedback:
    """Feedback on chapter 7, exercise 1: the conditional mean, with noise for a spread.

    Parameters
    ----------
    noisy : array of shape (n, embed_dim), or ...
        The answer: one predicted cell for each row.
    pairs : Pairs
        The rows.
    hint : {0, 1, 2, 3}
        Show this hint, too.

    Returns
    -------
    Feedback

    Derived in chapter 7.
    """

    def look(answer):
        pred, rows = cells_like(answer, pairs.pert), groups(pairs)
        mean, within = np.empty_like(pred), []
        for r in rows.values():
            mean[r] = pairs.pert[r].mean(axis=0)
            within.append(pairs.pert[r].var(axis=0, ddof=1).mean())
        spread = apart(variance_ratio, pairs, pred)
        far = {"yours": pred, "the conditional mean": mean}
        far = {name: apart(energy_distance, pairs, p) for name, p in far.items()}
        seen = f"Variance ratio {spread:.2f}, energy distance {far['yours']:.2f}"
        if np.allclose(pred, pairs.pert, atol=1e-5):
            return wrong(f"{seen}: these are the true cells, and nothing is forged.")
        if spread < 0.02:
            return wrong(
                f"{seen}: within a perturbation all rows are alike. Noise that is drawn once for "
                "all rows is another mean; each row needs a draw of its own."
            )
        if abs(spread - 1) > 0.1:
            return wrong(
                f"{seen}: the spread of real cells was asked for, variance ratio 1, and theirs is "
                f"a variance of {np.mean(within):.2f} per coordinate. Is your scale a variance or "
                "its root?"
            )
        off = [np.abs(pred[r].mean(axis=0) - mean[r][0]).mean() for r in rows.values()]
        chance = np.mean([np.sqrt(w / len(r)) for w, r in zip(within, rows.values())])
        if np.mean(off) > 2 * chance:
            return wrong(
                f"{seen}: the spread is right and the means have moved, by {np.mean(off):.2f} "
                f"along a coordinate, where drawing so few cells explains {chance:.2f}. Noise is "
                "centred at 0, and is added to the mean of the *perturbed* cells."
            )
        return right(
            f"{seen}, where the conditional mean has {far['the conditional mean']:.2f}: in a world "
            "whose clouds are Gaussian balls a ball is easily forged, without a network and "
            "without a control. The variance ratio cannot tell. Try it where cells respond in two "
            "ways, and look along the shift as well."
        )

    asked = f"an array of shape {np.shape(pairs.pert)} with one predicted cell a row"
    return judge(noisy, look, asked=asked, hints=_FORGED_HINTS, hint=hint)


def check_true_partners(with_partners, changed, without, *, hint: int = 0) -> Feedback:
    """Feedback on chapter 7, exercise 2: true partners in place of transported ones.

    Parameters
    ----------
    with_partners : DataFrame, or ...
        The first part of the answer: the page's 2 x 2 table, with "true" instead of "ot".
    changed : tuple (pairing, loss), or ...
        The second part: the entry whose energy distance changes most.
    without : DataFrame
        The 2 x 2 table of the page.
    hint : {0, 1, 2, 3}
        Show this hint, too.

    Returns
    -------
    Feedback

    Derived in chapter 7.
    """

    def look(answer):
        table, entry = answer
        losses = sorted(set(without.index.get_level_values(1)))
        due = {(how, loss) for how in ("random", "true") for loss in losses}
        if set(getattr(table, "index", ())) != due or "energy_distance" not in table:
            raise TypeError(
                "the table has no row for each of "
                + ", ".join(" + ".join(pair) for pair in sorted(due))
            )
        before = without["energy_distance"].rename({"ot": "true"}, level=0)
        change = (table["energy_distance"] - before).abs()
        if change.idxmax()[0] == "random":
            raise ValueError(
                f"with random pairs the two tables differ by {change['random'].max():.2f}, only "
                "because the screens do, and partners change less than that: train for longer"
            )
        if entry not in due:
            return wrong(f"There is no entry {entry!r}: an entry is a pair such as {min(due)!r}.")
        if entry != change.idxmax():
            kind = "by lot, as before, on a screen like the other" if entry[0] == "random" else ""
            kind = kind or f"under the loss {entry[1]!r}"
            return wrong(
                f"This entry, {kind}, went from {before[entry]:.2f} to "
                f"{table.loc[entry, 'energy_distance']:.2f}, and another one moves further. Which "
                "loss asks for partners?"
            )
        other = next(pair for pair in due if pair[0] == "true" and pair != entry)
        return right(
            f"It goes from {before[entry]:.2f} to {table.loc[entry, 'energy_distance']:.2f}, since "
            "with true partners the conditional mean is the answer. The other loss, in which no "
            f"term knows which row belongs to which, goes from {before[other]:.2f} to "
            f"{table.loc[other, 'energy_distance']:.2f}."
        )

    asked = "a table like `two_by_two`, and a pair (pairing, loss)"
    return judge((with_partners, changed), look, asked=asked, hints=_PARTNER_HINTS, hint=hint)


def check_questions(questions, memory, *, hint: int = 0) -> Feedback:
    """Feedback on chapter 7, exercise 3: what to ask of a network that may only remember.

    Parameters
    ----------
    questions : list of two str, or ...
        The answer: names of columns of `memory`.
    memory : DataFrame
        The page's table: one row for each age of the network.
    hint : {0, 1, 2, 3}
        Show this hint, too.

    Returns
    -------
    Feedback

    Derived in chapter 7.
    """

    def look(answer):
        asked = names(answer)
        if unknown := [name for name in asked if name not in memory]:
            return wrong(f"{unknown[0]!r} is no column of `memory`: {', '.join(memory)}.")
        if len(asked) != 2:
            return wrong(f"You name {len(asked)}, and two were asked for.")
        young, old = memory.iloc[0], memory.iloc[-1]
        for name, why in _USELESS.items():
            if name in asked:
                return wrong(f"{name!r} goes from {young[name]:.2f} to {old[name]:.2f}: {why}")
        first, second = asked
        return right(
            f"As the network grows older, {first!r} goes from {young[first]:.2f} to "
            f"{old[first]:.2f} and {second!r} from {young[second]:.2f} to {old[second]:.2f}, while "
            f"the variance ratio climbs to {old['variance ratio']:.2f}. The cloud on held-out "
            "cells looks better all the time; these two say where that comes from."
        )

    wanted = "a list of two names of columns"
    return judge(questions, look, asked=wanted, hints=_QUESTION_HINTS, hint=hint)


_USELESS = {  # columns that do not answer, and why
    "training error": "of rows that the network has seen, which it may know by heart.",
    "variance ratio": "the colleague has reported that one already, and memory restores it.",
    "energy distance": "the colleague has reported that one already, and memory improves it.",
    "recalled": "it shows memory and nothing else: a network that recalls nothing may be as wrong.",
    "error against own answer": "the best question, but no real screen knows a true shift.",
}
