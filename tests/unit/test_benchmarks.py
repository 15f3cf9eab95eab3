"""The benchmarks run, at sizes that measure nothing, and their page says what their tables hold."""

import importlib
import sys

import pandas as pd
import pytest

from .project_files import ROOT

BENCHMARKS = ROOT / "benchmarks"


@pytest.fixture(autouse=True)
def path(monkeypatch):
    """Import the scripts as they import one another."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    yield
    for script in BENCHMARKS.glob("*.py"):
        sys.modules.pop(script.stem, None)


def load(name):
    return importlib.import_module(name)


def test_ways_are_called_in_turn_after_a_first_call_that_does_not_count():
    calls = []
    ways = {name: lambda n=name: calls.append(n) or f"{n}{len(calls)}" for name in "AB"}
    seconds, values = load("side_by_side").in_turn(ways, 3)
    assert "".join(calls) == "AB" + "ABABAB"
    assert values == {"A": "A7", "B": "B8"}
    assert [len(x) for x in seconds.values()] == [3, 3] and min(min(seconds.values())) >= 0


def test_tables_in_markdown():
    table = pd.DataFrame({"what": ["a", "b"], "n": [12345, 6], "s": [0.012345, float("nan")]})
    assert load("side_by_side").markdown(table).splitlines() == [
        "| what | n | s |",
        "| --- | ---: | ---: |",
        "| a | 12,345 | 0.0123 |",
        "| b | 6 |  |",
    ]


SMALL = {
    "fit": lambda m: m.compare(1, epochs={"reference": 2, "shift": 1}),
    "distances": lambda m: m.compare((60,), n_features=5, rounds=1),
    "growth": lambda m: m.growth((50, 100), n_features=5, metrics=["energy_distance"]),
    "evaluators": lambda m: m.compare(1, n_cells=50, n_features=5, n_perturbations=4, n_genes=20),
    "evaluate": lambda m: m.compare(n_perturbations=6, n_genes=20),
    "stream": lambda m: m.compare(3000, embed_dim=4),
    "sweep": lambda m: m.compare(1, n_points=2),
}
SCRIPTS = {"growth": "distances"}


@pytest.mark.parametrize("name", SMALL)
def test_each_benchmark_runs_and_its_sentence_can_be_written(name):
    run = load("run")
    table = SMALL[name](load(SCRIPTS.get(name, name)))
    sentence = run.BENCHMARKS[name].reading(table)
    assert sentence.endswith(".") and "nan" not in sentence
    shown = run.page({name: table}, ["a machine"])
    assert run.BENCHMARKS[name].title in shown and sentence in shown and "- a machine" in shown


def test_every_benchmark_is_run_small_here_but_the_book():
    assert set(load("run").BENCHMARKS) - set(SMALL) == {"book"}


def test_the_build_of_the_book_is_told_in_minutes_and_seconds():
    table = pd.DataFrame({"build": ["cold", "warm"], "seconds": [330.0, 25.0], "aim": [600, 60]})
    said = load("run").BENCHMARKS["book"].reading(table)
    assert "5.5 minutes" in said and "25 seconds" in said


def test_a_name_that_is_none_is_refused(capsys):
    with pytest.raises(SystemExit):
        load("run").main(["speed"])
    assert "speed: choose from fit" in capsys.readouterr().err


def test_the_page_of_the_book_is_one_that_the_command_writes():
    """Every section is there once, in order, with the head of its table."""
    run = load("run")
    text = (ROOT / "book" / "reference" / "benchmarks.md").read_text(encoding="utf8")
    titles = [line[3:] for line in text.splitlines() if line.startswith("## ")]
    assert titles == [what.title for what in run.BENCHMARKS.values()]
    assert all(what.question in text for what in run.BENCHMARKS.values())
    assert text.startswith(run.page({}, [])[:60])
