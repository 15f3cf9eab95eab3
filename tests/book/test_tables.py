"""Words and numbers in the tables of pandas are told apart, so that a style sheet aligns them."""

import importlib.util
import re

import pandas as pd
import pytest


@pytest.fixture(scope="session")
def tables(root):
    """Return the extension, imported from its file."""
    path = root / "book" / "_ext" / "book_tables.py"
    spec = importlib.util.spec_from_file_location("book_tables", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def cells(html, kind):
    return [(text, "words" in found) for found, text in re.findall(rf"<{kind}([^>]*)>(.*?)<", html)]


def test_columns_of_words_are_told_from_columns_of_numbers(tables):
    frame = pd.DataFrame(
        {"verdict": ["worse", "better"], "p": [2e-72, float("nan")], "said": ["a" * 41, "b"]},
        index=["ridge", "flow"],
    )
    html = tables.mark(f"<p>x</p>{frame.to_html()}<p>y</p>")
    assert html.startswith("<p>x</p><table") and html.endswith("</table><p>y</p>")
    heads = [("", False), ("verdict", True), ("p", False), ("said", True)]
    assert cells(html, "th") == [*heads, ("ridge", True), ("flow", True)]
    assert [words for _, words in cells(html, "td")] == [True, False, True] * 2
    assert re.findall(r'class="words sentence">(\w)', html) == ["a"]


def test_headings_that_span_do_not_shift_the_columns(tables):
    columns = pd.MultiIndex.from_product([["gene", "decoded"], ["score", "verdict"]])
    frame = pd.DataFrame([[0.1, "low", 0.2, "high"]], columns=columns, index=[7])
    html = tables.mark(frame.to_html())
    assert [words for _, words in cells(html, "td")] == [False, True, False, True]
    below = [pair for pair in cells(html, "th") if pair[0] in ("score", "verdict", "7")]
    assert below == [("score", False), ("verdict", True)] * 2 + [("7", False)]


@pytest.mark.parametrize(
    "text", ["0.5", "-1,200", "−3", "1 000", "2e-72", "nan", "None", "", "–", "8%"]
)
def test_numbers_are_no_words(tables, text):
    assert not tables.is_words(text)


@pytest.mark.parametrize("text", ["worse", "CD4 T", "p0", "undefined", "0.5 of them"])
def test_words_are_words(tables, text):
    assert tables.is_words(text)


def test_other_tables_are_left_alone(tables):
    html = "<table class='docutils'><tr><td>words</td></tr></table>"
    assert tables.mark(html) == html
