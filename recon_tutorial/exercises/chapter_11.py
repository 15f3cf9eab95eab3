"""Exercises of chapter 11: a perfect correlation that holds little, and a reader's descriptor."""

from __future__ import annotations

import numpy as np
import pandas as pd

from recon_tutorial.exercises._judging import array, judge, number, right, wrong
from recon_tutorial.exercises.feedback import Feedback

_SHARE_HINTS = (
    "Take the mean of the others away from both, and only one cytokine is left to look at.",
    "Write the mean of all as a weighted sum of the missing one and the mean of the others.",
    "What weight does a single signature have in the mean of all, if all weigh alike?",
)
_OWN_HINTS = (
    "The table has one row of numbers for each cytokine, named as the columns of `signatures`.",
    "What does your descriptor have in common between *different* families? Only that is left "
    "when a whole family is away.",
    "Call `two_tests(mine)`, take the means, and hold the second one against the row `family` of "
    "the harder test: is the lead larger than its interval?",
)


def check_held_share(share, signatures, *, hint: int = 0) -> Feedback:
    """Feedback on chapter 11, exercise 1: how much of the truth a perfect correlation holds.

    Parameters
    ----------
    share : float, or ...
        The answer, within 1 %.
    signatures : DataFrame
        Mean changes, genes x perturbations.
    hint : {0, 1, 2, 3}
        Show this hint, too.

    Returns
    -------
    Feedback

    Derived in chapter 11.
    """

    def look(answer):
        given = number(answer)
        truth = array(signatures).T
        n, total = len(truth), truth.sum(axis=0)
        others = (total - truth) / (n - 1)
        answered, own = total / n - others, truth - others
        held = (answered * own).sum(axis=1) / (own**2).sum(axis=1)
        due = float(np.median(held))
        alike = np.mean([np.corrcoef(a, b)[0, 1] for a, b in zip(answered, own)])
        if np.isclose(given, 1, atol=0.01):
            return wrong(
                f"The *correlation* is {alike:.3f}, and a correlation does not hear how long an "
                "arrow is. How long is the answer, seen from the mean of the others?"
            )
        if np.isclose(abs(given), 1 / (n - 1), rtol=0.01):
            return wrong(
                f"This is one of {n - 1}. The mean of all counts every cytokine, the missing one "
                "included: among how many is it one?"
            )
        if np.isclose(given, 100 * due, rtol=0.01):
            return wrong("In per cent, perhaps; a number between 0 and 1 is asked for.")
        if np.isclose(given, 1 - due, rtol=0.001):
            return wrong("That share belongs to the *others*; which one is the truth's?")
        if given == 0:
            return wrong(
                f"With nothing of the truth in it the answer would not correlate with it, and it "
                f"does: {alike:.3f}."
            )
        if not np.isclose(given, due, rtol=0.01):
            return wrong(
                f"An answer that holds {given:.4f} of the truth would be {given / due:.2f} times "
                "as far from the mean of the others as this one is."
            )
        return right(
            f"It holds {due:.4f} of the true change for each of the {n} (from {held.min():.4f} to "
            f"{held.max():.4f}) and misses {1 - due:.0%}; the correlation is {alike:.3f} all the "
            "same. One answer for all, with the truth's own share in it, is a leak as small as it "
            "can be, and a score without size makes it perfect."
        )

    return judge(share, look, asked="a number between 0 and 1", hints=_SHARE_HINTS, hint=hint)


def check_own_descriptor(
    table, survives, two_tests, floor, groups, *, seed: int = 0, hint: int = 0
) -> Feedback:
    """Feedback on chapter 11, exercise 2: a descriptor of the reader's, families left out.

    Parameters
    ----------
    table : DataFrame, or ...
        The first part of the answer: one row of numbers per perturbation.
    survives : bool, or ...
        The second part: whether its lead over `floor` is sure when families are left out.
    two_tests : callable
        From a table to the score of each perturbation, two Series: one left out, and all of its
        group left out.
    floor : Series
        Scores of a descriptor that knows nothing in the second test.
    groups : Series
        Perturbation name to group.
    seed : int
        Seed of the bootstrap over groups.
    hint : {0, 1, 2, 3}
        Show this hint, too.

    Returns
    -------
    Feedback

    Derived in chapter 11.
    """

    def look(answer):
        table, survives = answer
        if not isinstance(table, pd.DataFrame):
            raise TypeError(f"this {type(table).__name__} is no DataFrame")
        if missing := [name for name in floor.index if name not in table.index]:
            raise ValueError(f"{len(missing)} have no row, {missing[0]!r} among them")
        if not isinstance(survives, (bool, np.bool_)):
            raise TypeError(f"{survives!r} is neither True nor False")
        one, apart = (scores.loc[floor.index] for scores in two_tests(table.loc[floor.index]))
        if np.allclose(one, 0):
            return wrong(
                "It adds exactly nothing, even with relatives in training: your rows are name "
                "tags. A row that shares no column with another one cannot speak for it."
            )
        gain = apart - floor
        if np.allclose(gain, 0):
            return wrong("It says what the family descriptor says: take other knowledge.")
        low, high = _interval(gain, groups.loc[floor.index], seed)
        seen = (
            f"One left out: {one.mean():.3f}. Its family left out: {apart.mean():.3f}, where "
            f"{floor.mean():.3f} is what knowing nothing scores; the gain is {gain.mean():+.3f}, "
            f"95 % interval over groups of families [{low:+.3f}, {high:+.3f}]"
        )
        if survives and low <= 0:
            zero = "A score above 0 is no lead here" if apart.mean() > 0 else "It is not above 0"
            return wrong(f"{seen}. {zero}: what does the *interval of the gain* say?")
        if not survives and low > 0:
            return wrong(f"{seen}. The whole interval lies on one side of 0: on which?")
        said = (
            "It carries over to families that were never seen, unless whoever wrote it knew the "
            "responses."
            if survives
            else "Its lead is not sure: what it knew may have been the name of a sibling."
        )
        return right(f"{seen}. {said}")

    asked = "a table with one row for each cytokine, and True or False"
    return judge((table, survives), look, asked=asked, hints=_OWN_HINTS, hint=hint)


def _interval(values, groups, seed):
    """95 % interval of the mean when whole groups are drawn again."""
    parts = values.groupby(groups).agg(["sum", "count"]).to_numpy()
    drawn = np.random.default_rng(seed).integers(len(parts), size=(1000, len(parts)))
    sums = parts[drawn].sum(axis=1)
    return np.percentile(sums[:, 0] / sums[:, 1], [2.5, 97.5])
