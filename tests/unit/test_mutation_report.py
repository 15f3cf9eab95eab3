"""The report on mutants: rates, reasons and what is missing; and the page that is committed."""

import importlib.util
import re
import sys

import pytest

from .project_files import PROJECT, ROOT

CONFIGURED = PROJECT["tool"]["mutmut"]
ROOMS = {"evaluation", "metrics", "pairing", "protocol", "splits"}


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("mutation", ROOT / ".ci" / "mutation.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def mutants(tool, path="pairing.py", killed=0, timeout=0, survived=()):
    lived = [tool.Mutant(path, "f", "survived", line) for line in survived]
    statuses = ["killed"] * killed + ["timeout"] * timeout
    return [tool.Mutant(path, "f", status) for status in statuses] + lived


def reasons(*lines, where="pairing.py f", why="no test can see it"):
    return [{"where": where, "becomes": list(lines), "why": why, "used": set()}]


def test_rates_are_counted_by_room(tool):
    page, wrong = tool.report(
        mutants(tool, killed=7, timeout=2)
        + mutants(tool, "_partners.py", survived=["a"])
        + mutants(tool, "splits/cells.py", killed=8, survived=["b", "c"]),
        reasons("a", "b", "c", where="*"),
    )
    assert "\n| pairing | 10 | 9 | 2 | 1 | 90.0% |\n| splits | 10 | 8 | 0 | 2 | 80.0% |\n" in page
    assert wrong == ["splits has a kill rate of 80.0%, below 90%"]


def test_a_survivor_is_listed_with_its_reason_or_as_unexplained(tool):
    found = mutants(tool, killed=30, survived=["x = 2", "y = f(None, 1)", "z = 3"])
    known = reasons("x = 2", "... f(None, ...")
    page, wrong = tool.report(found, known)
    assert page.endswith(
        "## Survivors\n\n### `pairing.py`: `f`\n\n"
        "- ``x = 2``: no test can see it\n"
        "- ``y = f(None, 1)``: no test can see it\n"
        "- ``z = 3``: not explained yet\n"
    )
    assert wrong == ["1 survivors have no explanation in .ci/mutation.toml"]


@pytest.mark.parametrize("other", [{"where": "pairing.py g"}, {"where": "splits/*"}])
def test_a_reason_holds_where_it_was_given_and_for_the_whole_line_alone(tool, other):
    assert tool.report(mutants(tool, killed=30, survived=["x = 2"]), reasons("x = 2", **other))[1]
    assert tool.report(mutants(tool, killed=30, survived=["x = 22"]), reasons("x = 2"))[1]


def test_a_mutant_that_no_test_calls_is_no_kill(tool):
    idle = [tool.Mutant("pairing.py", "f", "no tests", "x")]
    page, wrong = tool.report(idle, reasons("x"))
    assert "``x`` (no tests): no test can see it" in page
    assert wrong == ["pairing has a kill rate of 0.0%, below 90%"]


def test_a_reason_that_explains_nothing_any_more_is_said(tool, capsys):
    tool.report(mutants(tool, killed=1), reasons("gone"))
    assert "1 explanations in .ci/mutation.toml explain nothing any more" in capsys.readouterr().out


def test_a_change_is_known_by_what_it_adds_or_takes_away(tool):
    head = "--- a\n+++ b\n@@ -1,2 +1,2 @@\n def f():\n"
    assert tool.added(f"{head}-    x = 1\n+    x = 2") == "x = 2"
    assert tool.added(f"{head}-    x = (\n+    x = g(\n-        1\n+        2") == "x = g( 2"
    assert tool.added(f"{head}-    x += 1") == "without x += 1"


# --- what is committed


def test_the_page_says_that_every_room_is_held_to_the_floor():
    page = (ROOT / ".ci" / "mutation.md").read_text(encoding="utf8")
    rates = dict(re.findall(r"^\| (\w+) \|.*\| ([\d.]+)% \|$", page, re.MULTILINE))
    assert set(rates) == ROOMS
    assert min(map(float, rates.values())) >= 90
    assert "not explained yet" not in page


def test_the_configuration_names_what_is_there():
    assert {path.split("/")[1].removesuffix(".py") for path in CONFIGURED["only_mutate"]} == (
        ROOMS | {"_partners"}
    )
    for pattern in CONFIGURED["only_mutate"]:
        assert list(ROOT.glob(pattern)), pattern
    tests = CONFIGURED["pytest_add_cli_args_test_selection"]
    assert tests == sorted(tests)
    assert [path for path in tests if not (ROOT / path).is_file()] == []
