"""The examples in docstrings print what they say, and those that a stranger needs are there."""

import doctest
import importlib
import pkgutil

import pytest

import recon_tutorial

from .project_files import ROOT

FIND = doctest.DocTestFinder(exclude_empty=True).find
SHOWN = {
    "decoders": {"train_decoder"},
    "descriptors": {"multi_hot", "one_hot", "random"},
    "evaluation": {"evaluate", "leaderboard"},
    "metrics": {"energy_distance", "knn_purity", "mse", "r2", "variance_ratio"},
    "pairing": {"make_pairs"},
    "predictors": {"RidgeShift"},
    "protocol": {"check_predictor"},
    "running": {"grid_points"},
    "screen": {"simulate_screen"},
    "splits": {"hold_out_context", "hold_out_perturbations", "split_cells"},
}


def examples():
    """Yield each docstring of the package that holds examples."""
    for info in pkgutil.walk_packages(recon_tutorial.__path__, "recon_tutorial."):
        if "._sandbox" not in info.name:  # it runs alone, without the package around it
            module = importlib.import_module(info.name)
            yield from (test for test in FIND(module) if test.examples)


EXAMPLES = {test.name: test for test in examples()}


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_of_a_docstring_are_true(name, monkeypatch):
    monkeypatch.chdir(ROOT)  # where a reader is who types them in
    said = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    runner.run(EXAMPLES[name], out=said.append)
    assert runner.failures == 0, "".join(said)


def test_what_a_stranger_needs_first_has_examples():
    found = {}
    for name in EXAMPLES:
        _, room, *_, short = name.split(".")
        found.setdefault(room, set()).add(short)
    assert {room: names & found.get(room, set()) for room, names in SHOWN.items()} == SHOWN


def test_a_wrong_example_is_found():
    test = doctest.DocTestParser().get_doctest(">>> 1 + 1\n3\n", {}, "wrong", None, None)
    runner = doctest.DocTestRunner()
    runner.run(test, out=lambda text: None)
    assert runner.failures == 1
