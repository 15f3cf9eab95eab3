"""What every check does, whatever the exercise: nothing tried, nonsense, hints, feedback."""

import re

import pytest

from recon_tutorial.exercises import Feedback, _judging

from .exercise_worlds import N_PARTS, NAMES, ask

# What would give an exercise away, in the words of its answer.
SECRETS = {
    "budget": r"ceil|63|\b7 ",
    "exponent": r"polyfit|log2|1\.5|\bdiff\(",
    "inner_choice": r"idxmin|flow \+",
    "leaky_embedding": r"split\.train|split\.test|n_obs",
    "without_the_type": r"Flow|SetPredictor|MLP|Ridge",
    "held_share": r"51|1 ?/",
    "own_descriptor": r"pathway|True|False",
    "forgotten_logarithm": r"\.expm1\(|too large|large values",
    "means_only": r"\[None\]|keepdims|r2",
    "attention_under_mse": r"attention=True",
    "better_coupling": r"'given'|\bbetter is\b|cannot tell",
    "forged_spread": r"\+ rng|normal\(|scale=1|\bstd\(",
    "longest_pairs": r"maximize",
    "one_at_a_time": r"for i in",
    "questions": r"aside|unseen",
    "runaway_push": r"\b1\b|\b1\.0",
    "true_partners": r"squared|mse",
    "average_descriptor": r"np\.tile\(|mean\(axis=0\)",
    "chance": r"0\.25|40|160|n_true /|n_true \+",
    "collapse": r"\.mean\(|np\.repeat",
    "collapsed_model": r"plain|\bMLP\b|purity|r2_delta",
    "kept_but_wrong": r"2 \* ctrl|- ctrl|mirror|minus",
    "leaky_decoder": r"floor",
    "mended_predictor": r"np\.asarray|raise ValueError",
    "other_descriptors": r"@|rng|-true|\* -1",
    "pure_but_far": r"Overshoot",
    "repeated_cells": r"pert\d|ctrl\d|\d{2,}",
    "seen_perturbations": r"\bp\d+",
    "small_decoder": r"n_hidden=16",
    "threshold": r"\b9\b|cov_dim \+ 1",
    "two_modes": r"twice|2 \*|rng|np\.where",
    "wide": r"\b2\b|twice|double|two times",
}


def nothing(name):
    return (...,) * N_PARTS.get(name, 1)


@pytest.mark.parametrize("name", NAMES)
def test_an_answer_not_tried_is_no_error(name):
    feedback = ask(name, nothing(name))
    assert isinstance(feedback, Feedback)
    assert not feedback.passed and not feedback.tried
    assert feedback.message.startswith("**Not tried yet:** put ")
    assert "hint=1" in feedback.message


@pytest.mark.parametrize("name", NAMES)
def test_three_hints_that_differ_and_do_not_tell(name):
    plain = ask(name, nothing(name)).message.partition("\n\n")[0]
    messages = [ask(name, nothing(name), hint=step).message for step in (1, 2, 3)]
    hints = [message.partition("\n\n")[2] for message in messages]
    assert [message.partition("\n\n")[0] for message in messages] == [plain] * 3
    assert [hint[: len("**Hint 1 of 3.** ")] for hint in hints] == [
        f"**Hint {step} of 3.** " for step in (1, 2, 3)
    ]
    hints = [hint[len("**Hint 1 of 3.** ") :] for hint in hints]
    assert len(set(hints)) == 3
    assert all(len(hint.split()) >= 6 for hint in hints)
    assert [hint for hint in hints if re.search(SECRETS[name], hint)] == []


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "nonsense", ["nonsense", None, [], object()], ids=["text", "None", "list", "object"]
)
def test_nonsense_gets_a_sentence(name, nonsense):
    feedback = ask(name, (nonsense,) * N_PARTS.get(name, 1))
    assert not feedback.passed and feedback.tried
    assert feedback.message.startswith("**Not yet.** ")


@pytest.mark.parametrize("name", NAMES)
def test_a_fourth_hint_is_refused(name):
    for answer in (nothing(name), ("nonsense",) * N_PARTS.get(name, 1)):
        with pytest.raises(ValueError, match="hint=4 is no step: pass hint=1, hint=2 or hint=3"):
            ask(name, answer, hint=4)


@pytest.mark.parametrize("name", sorted(N_PARTS))
def test_an_answer_tried_in_part_is_not_tried(name):
    assert not ask(name, ("nonsense", *nothing(name)[1:])).tried


def test_a_wrong_answer_may_ask_for_a_hint_and_a_right_one_gets_none():
    assert "**Hint 2 of 3.**" in ask("chance", 0.5, hint=2).message
    assert "int" not in ask("chance", 0.25, hint=2).message


def test_feedback_shows_its_message():
    feedback = _judging.right("Because.")
    assert repr(feedback) == str(feedback) == feedback._repr_markdown_() == "**Right.** Because."
    assert feedback.passed and feedback.tried
    with pytest.raises(AttributeError):
        feedback.passed = False


def test_an_error_of_the_check_itself_is_not_taken_for_a_wrong_answer():
    with pytest.raises(KeyError):
        _judging.judge(1, lambda answer: {}["lost"], asked="", hints=("", "", ""), hint=0)


@pytest.mark.parametrize("value", [True, "1", [1], float("nan"), float("inf"), 1j])
def test_what_is_not_one_number(value):
    with pytest.raises((TypeError, ValueError), match=r"is not (one number|a finite number)"):
        _judging.number(value)
