"""Every public name is given what is wrong: each case has a stated result, or one sentence.

A table: calls that are good (`bad_input_calls` and its sisters) x ways to spoil an argument of a
kind (`bad_inputs`, `bad_input_screens`); what is not refused is looked up in `bad_input_handled`.
"""

import re
import traceback
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

import recon_tutorial
from recon_tutorial.metrics import _arrays

from . import (
    bad_input_calls,
    bad_input_calls_models,
    bad_input_calls_screens,
    bad_input_calls_tables,
    bad_input_screens,
    bad_inputs,
)
from .bad_input_handled import BY_KIND, CHECKED, ELSEWHERE, REFUSED, as_stated, expected
from .bad_input_handled import CASES as EXCEPTIONS
from .public_names import public_names

HOME = Path(recon_tutorial.__file__).parent
MODULES = (bad_input_calls, bad_input_calls_models, bad_input_calls_screens, bad_input_calls_tables)
CALLS = {name: call for module in MODULES for name, call in module.CALLS.items()}
KINDS = bad_inputs.KINDS | bad_input_screens.KINDS
ARGUMENTS = [(name, argument) for name, call in CALLS.items() for argument in call.kinds]
CASES = [(*one, spoiler) for one in ARGUMENTS for spoiler in KINDS[CALLS[one[0]].kinds[one[1]]]]
# Words of a library about its own insides, which tell a reader nothing.
INSIDE = re.compile(
    r"has no attribute|object is not|unhashable|not supported between|positional argument"
    r"|broadcast|inhomogeneous|dtype\('|ambiguous|Traceback|<class "
)


@cache
def good(name):
    """The arguments of a good call; nobody changes them."""
    return CALLS[name].good()


@cache
def result(name):
    return CALLS[name].function(**good(name))


def wrong_with(name, argument, spoiler):
    """What is not as stated in a case; nothing if all is."""
    call = CALLS[name]
    kind = call.kinds[argument]
    spoilt = KINDS[kind][spoiler](good(name)[argument])
    word = expected(name, argument, kind, spoiler)
    again = lambda value: call.function(**good(name) | {argument: value})  # noqa: E731
    try:
        found = again(spoilt)
    except Exception as error:  # whatever it raises is the finding
        return wrong_with_refusal(error) if word == REFUSED else f"it raised {error!r}"
    if word == REFUSED:
        return f"it returned {found!r}"
    if not as_stated(word, found, spoilt, name=name, due=lambda: result(name), again=again):
        return f"it returned {found!r}, which is not {word!r}"
    return ""


def wrong_with_refusal(error):
    """What keeps an error from being one sentence of ours, of a kind that callers can catch."""
    sentence = str(error)
    if not isinstance(error, (ValueError, TypeError, FileNotFoundError)):
        return f"it raised {error!r}"
    last = Path(traceback.extract_tb(error.__traceback__)[-1].filename)
    if not last.is_relative_to(HOME):
        return f"{last} said {sentence!r}"
    one = "\n" not in sentence and 12 < len(sentence) <= 330 and not sentence.endswith(".")
    return "" if one and not INSIDE.search(sentence) else f"it said {sentence!r}"


@pytest.mark.parametrize(("name", "argument"), ARGUMENTS, ids=map(" | ".join, ARGUMENTS))
def test_a_spoilt_argument_has_a_stated_result_or_is_refused(name, argument):
    found = {
        spoiler: wrong_with(name, argument, spoiler)
        for spoiler in KINDS[CALLS[name].kinds[argument]]
    }
    assert {spoiler: wrong for spoiler, wrong in found.items() if wrong} == {}


def test_every_public_name_is_in_the_table_or_left_out_for_a_reason():
    tabled = {re.split(r"[ .]", name)[0] for name in CALLS}
    public = {name.partition(".")[2] for name in public_names()}
    checks = {name.partition(".")[2] for name in public_names() if name.startswith(CHECKED)}
    left_out = checks | set(ELSEWHERE)
    assert sorted(public - tabled - left_out) == []
    assert sorted((tabled | set(ELSEWHERE)) - public - {"validate_screen"}) == []
    assert tabled & left_out == set()


def test_the_table_is_long_and_no_exception_of_it_is_idle():
    assert len(CASES) > 5000 and len(ARGUMENTS) > 300
    cases = [" | ".join(case) for case in CASES]
    idle = [p for p in EXCEPTIONS if not any(fnmatchcase(case, p) for case in cases)]
    assert idle == []
    assert {CALLS[name].kinds[argument] for name, argument in ARGUMENTS} <= set(BY_KIND)


class TestTheTableCanFail:
    """Each check of the table is red on what it is there to find."""

    def test_a_result_where_a_refusal_is_due(self, monkeypatch):
        monkeypatch.setattr(_arrays, "finite", lambda array, *_: array)
        assert wrong_with("mse", "true", "nan") == "it returned nan"

    def test_an_error_of_a_library(self, monkeypatch):
        monkeypatch.setattr(_arrays, "numbers", lambda value, _: np.asarray(value))
        assert "inhomogeneous" in wrong_with("mse", "true", "ragged")

    def test_another_number_than_the_stated_one(self, monkeypatch):
        numbers = _arrays.numbers
        half = lambda value, name: numbers(value, name) / (1 + sparse.issparse(value))  # noqa: E731
        monkeypatch.setattr(_arrays, "numbers", half)
        assert "which is not 'same'" in wrong_with("mse", "true", "sparse")

    def test_a_number_out_of_range(self):
        assert not as_stated("sound", -1.0, None, name="mse", due=None, again=None)
        assert as_stated("sound", 1.0, None, name="mse", due=None, again=None)

    def test_a_refusal_where_a_result_is_stated(self, monkeypatch):
        monkeypatch.setattr(_arrays, "numbers", lambda value, name: 1 / 0)
        assert "ZeroDivisionError" in wrong_with("mse", "true", "lists")

    @pytest.mark.parametrize("sentence", ["two\nlines of it", "short", "x" * 331, "It has a stop."])
    def test_what_is_not_one_sentence(self, sentence):
        with pytest.raises(ValueError) as caught:
            _arrays.one_row(3, "mean")
        assert wrong_with_refusal(caught.value) == ""
        caught.value.args = (sentence,)
        assert wrong_with_refusal(caught.value) == f"it said {sentence!r}"
