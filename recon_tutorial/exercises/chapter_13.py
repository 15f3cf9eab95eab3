"""Exercises of chapter 13: an exponent behind an overhead, and the bill of a sweep."""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import brentq

from recon_tutorial.exercises._judging import array, judge, number, right, wrong
from recon_tutorial.exercises.feedback import Feedback

_NEAR = 0.06  # of an exponent: what rounded timings leave open
_FAR = 1_000_000  # cells, to show what an exponent is for
_EXPONENT_HINTS = (
    "Draw her seconds against her sizes with both axes logarithmic: is it a straight line?",
    "Her seconds are a constant plus a power of the size; the step from one size to the next "
    "knows nothing of the constant.",
    "If sizes double, so that each step is the one before times a factor, which power of two is "
    "that factor?",
)
_BUDGET_HINTS = (
    "How many runs does the busiest worker do? Runs cannot be shared out by halves.",
    "The clock shows rounds times minutes; the invoice has one such line for each worker.",
    "In the last round some workers have nothing to do. Rented until the end, are they free?",
)


def check_exponent(exponent, sizes, seconds, *, hint: int = 0) -> Feedback:
    """Feedback on chapter 13, exercise 1: the exponent of a cost that comes with an overhead.

    Parameters
    ----------
    exponent : float, or ...
        The answer, within 0.06.
    sizes, seconds : list of float
        Three sizes or more, ascending, and what each took: a constant plus a power of the size.
    hint : {0, 1, 2, 3}
        Show this hint, too.

    Returns
    -------
    Feedback

    Raises
    ------
    ValueError
        If the seconds do not grow with the sizes, faster than by a logarithm.

    Derived in chapter 13.
    """
    x, y = array(sizes), array(seconds)
    due = _exponent_of_the_rest(x, y)
    log_x, log_y = np.log(x), np.log(y)
    usual = {
        "the slope through all sizes in logarithms, as if nothing but the metric had been timed. "
        "Its line bends: what makes it flat on the left?": np.polyfit(log_x, log_y, 1)[0],
        "the slope between the last two sizes. Better than all of them, and still too flat: "
        "part of her largest number is the table": np.diff(log_y)[-1] / np.diff(log_x)[-1],
        "a slope without logarithms: seconds for each cell. An exponent has no unit": (
            np.polyfit(x, y, 1)[0]
        ),
        "the slope of the other axis: how sizes grow with seconds": np.polyfit(log_y, log_x, 1)[0],
        "one over the exponent: you have changed the axes": 1 / due,
    }

    def look(answer):
        given = number(answer)
        overhead, factor = _overhead_and_factor(x, y, due)
        if abs(given - due) <= _NEAR:
            shares = [overhead / value for value in (y[0], y[-1])]
            return right(
                f"Behind an overhead of {overhead:.2f} s, {shares[0]:.0%} of her first number and "
                f"{shares[1]:.0%} of her last, the metric grows with the power {due:.2f}. With "
                f"the slope through all her sizes, {_FAR:,} cells would have been promised in "
                f"{_at(_FAR, x, y, np.polyfit(log_x, log_y, 1)[0]):,.0f} s; they take "
                f"{overhead + factor * _FAR**due:,.0f} s."
            )
        for what, value in usual.items():
            if math.isclose(given, value, rel_tol=0.02):
                return wrong(f"{given:.2g} is {what}.")
        way = "slowly" if given < due else "fast"
        steps = np.diff(y)
        return wrong(
            f"A power of {given:.2f} grows too {way}: her last step, from {x[-2]:,.0f} to "
            f"{x[-1]:,.0f} cells, is {steps[-1] / steps[-2]:.2f} times the step before it."
        )

    return judge(exponent, look, asked="one number", hints=_EXPONENT_HINTS, hint=hint)


def check_budget(
    hours, euros, *, n_runs: int, n_workers: int, minutes: float, price: float, hint: int = 0
) -> Feedback:
    """Feedback on chapter 13, exercise 2: how long a sweep takes on so many workers, and its bill.

    Parameters
    ----------
    hours, euros : float, or ...
        The answer, each within 0.2 %.
    n_runs, n_workers : int
        Points of the sweep, and runs at a time.
    minutes : float
        What each run takes.
    price : float
        Euros for one worker for one hour, rented until the last run has ended.
    hint : {0, 1, 2, 3}
        Show this hint, too.

    Returns
    -------
    Feedback

    Derived in chapter 13.
    """
    run, rounds = minutes / 60, math.ceil(n_runs / n_workers)
    due = rounds * run
    bill = due * n_workers * price

    def look(answer):
        given, paid = map(number, answer)
        if not _same(given, due):
            return wrong(f"{given:.4g} hours: {_hours_mistake(given, run, n_runs, n_workers)}")
        seen = f"{rounds} rounds of {minutes:g} minutes are {due:.2f} hours"
        if not _same(paid, bill):
            mistakes = {
                due * price: "that is what one worker costs; you rent more of them",
                n_runs * run * price: "that pays for the runs only. In the last round "
                f"{rounds * n_workers - n_runs} workers wait, and the rent goes on",
                due * n_workers: "those are core hours; what does one of them cost?",
            }
            found = [said for value, said in mistakes.items() if _same(paid, value)]
            said = found[0] if found else "how many workers, for how long, at what price?"
            return wrong(f"{seen}, that is right. But {paid:.4g} euros: {said}")
        idle = rounds * n_workers - n_runs
        return right(
            f"{seen}, and {due * n_workers:.1f} core hours cost {bill:.2f} euros. In the last "
            f"round {idle} of {n_workers} workers wait; with runs of unequal length, everybody "
            "waits for the longest of them, so a sweep starts its long runs first if it can."
        )

    asked = "two numbers, hours and euros"
    return judge((hours, euros), look, asked=asked, hints=_BUDGET_HINTS, hint=hint)


def _exponent_of_the_rest(x, y):
    """The b of y = a + c x**b, from three sizes spread over the list."""
    if len(x) != len(y) or len(x) < 3 or (np.diff(x) <= 0).any() or (np.diff(y) <= 0).any():
        raise ValueError("sizes and seconds must be three or more each, and both ascend")
    (x0, x1, x2), (y0, y1, y2) = (values[[0, len(values) // 2, -1]] for values in (x, y))
    ratio = (y2 - y1) / (y1 - y0)

    def off(power):
        return (x2**power - x1**power) / (x1**power - x0**power) - ratio

    if off(0.01) > 0 or off(10) < 0:
        raise ValueError("the seconds are no constant plus a power: measure larger sizes")
    return float(brentq(off, 0.01, 10))


def _overhead_and_factor(x, y, power):
    """The a and c of y = a + c x**power, by least squares."""
    factor, overhead = np.polyfit(x**power, y, 1)
    return float(overhead), float(factor)


def _at(size, x, y, power):
    """Seconds at a size, from the last point and a power."""
    return y[-1] * (size / x[-1]) ** power


def _same(given, value):
    return math.isclose(given, value, rel_tol=0.002)


def _hours_mistake(given, run, n_runs, n_workers):
    """Why these are not the hours on the clock."""
    rounds = math.ceil(n_runs / n_workers)
    mistakes = {
        n_runs * run * n_workers: "that is longer than on one worker alone. More hands take less "
        "time, so divide",
        n_runs * run: "that is one worker alone, with all runs one after the other",
        rounds * run * n_workers: "those are the hours of all workers together; the clock runs "
        "for all of them at once",
        rounds * run * 60: "those are minutes",
    }
    found = [said for value, said in mistakes.items() if _same(given, value)]
    if found:
        return f"{found[0]}."
    if abs(given - n_runs * run / n_workers) < 0.005 * given and n_runs % n_workers:
        return "in the last round somebody does a fraction of a run, and there is no such thing."
    return "count the runs that the busiest worker does, one after the other."
