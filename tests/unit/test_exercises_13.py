"""Exercises of chapter 13: right answers, and what the typical wrong ones are told."""

import math

import numpy as np
import pytest

from recon_tutorial.exercises import check_budget, check_exponent

from .exercise_worlds import SIZES, ask

HOURS = 63 * 7 / 60
EUROS = HOURS * 16 * 0.05
SECONDS = [1.563, 1.679, 2.006, 2.931, 5.548]


def slope(x, y):
    return float(np.polyfit(x, y, 1)[0])


LOGS = np.log(SIZES), np.log(SECONDS)
RIGHT = [
    ("exponent", 1.5),
    ("exponent", np.float64(1.45)),
    ("exponent", math.log2((SECONDS[-1] - SECONDS[-2]) / (SECONDS[-2] - SECONDS[-3]))),
    ("budget", (HOURS, EUROS)),
    ("budget", (7.35, 5.88)),
]
WRONG = [
    ("exponent", slope(*LOGS), "the slope through all sizes"),
    ("exponent", math.log2(SECONDS[-1] / SECONDS[-2]), "between the last two sizes"),
    ("exponent", slope(SIZES, SECONDS), "a slope without logarithms"),
    ("exponent", slope(*LOGS[::-1]), "the slope of the other axis"),
    ("exponent", 1 / 1.5, "you have changed the axes"),
    ("exponent", 1.0, "grows too slowly: her last step, from 8,000 to 16,000 cells, is 2.83 times"),
    ("exponent", 1.8, "grows too fast"),
    ("budget", (1000 * 7 / 60 / 16, EUROS), "somebody does a fraction of a run"),
    ("budget", (1000 * 7 / 60 * 16, EUROS), "longer than on one worker alone"),
    ("budget", (1000 * 7 / 60, EUROS), "that is one worker alone"),
    ("budget", (HOURS * 16, EUROS), "of all workers together"),
    ("budget", (63 * 7, EUROS), "those are minutes"),
    ("budget", (1.0, EUROS), "that the busiest worker does"),
    ("budget", (HOURS, HOURS * 0.05), "what one worker costs"),
    ("budget", (HOURS, 1000 * 7 / 60 * 0.05), "In the last round 8 workers wait"),
    ("budget", (HOURS, HOURS * 16), "those are core hours"),
    ("budget", (HOURS, 1.0), "how many workers, for how long"),
]


@pytest.mark.parametrize(("name", "answer"), RIGHT)
def test_a_right_answer_passes(name, answer):
    feedback = ask(name, answer)
    assert feedback.passed, feedback.message
    assert feedback.message.startswith("**Right.** ")


@pytest.mark.parametrize(("name", "answer", "told"), WRONG)
def test_a_wrong_answer_is_told_why(name, answer, told):
    feedback = ask(name, answer)
    assert not feedback.passed
    assert told in feedback.message


@pytest.mark.parametrize("power", [0.7, 1.0, 2.0, 3.0])
def test_any_overhead_and_power_is_seen_through(power):
    seconds = [0.4 + 1e-6 * size**power for size in SIZES]
    assert check_exponent(power, SIZES, seconds).passed
    assert not check_exponent(power + 0.1, SIZES, seconds).passed
    assert not check_exponent(power - 0.1, SIZES, seconds).passed


def test_sizes_that_do_not_double_will_do():
    sizes = [100, 700, 1000, 5000]
    assert check_exponent(2.0, sizes, [1 + 1e-5 * size**2 for size in sizes]).passed


def test_what_was_promised_is_told():
    told = ask("exponent", 1.5).message
    assert "an overhead of 1.50 s, 96% of her first number and 27% of her last" in told
    assert "would have been promised in 35 s; they take 1,9" in told


@pytest.mark.parametrize(
    ("sizes", "seconds", "said"),
    [
        ([1, 2], [1, 2], "three or more"),
        ([1, 2, 3], [1, 2], "three or more"),
        ([1, 3, 2], [1, 2, 3], "both ascend"),
        ([1, 2, 4], [3, 2, 1], "both ascend"),
        ([1, 2, 4], [1, 2, 2.1], "no constant plus a power"),
    ],
)
def test_timings_of_no_use_are_refused(sizes, seconds, said):
    with pytest.raises(ValueError, match=said):
        check_exponent(1.0, sizes, seconds)


def test_a_bill_without_idle_workers():
    hours = 4 * 0.5
    even = {"n_runs": 64, "n_workers": 16, "minutes": 30.0, "price": 1.0}
    feedback = check_budget(hours, hours * 16, **even)
    assert feedback.passed and "0 of 16 workers wait" in feedback.message
