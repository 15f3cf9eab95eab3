"""Who imports whom is as CONTRIBUTING.md and pyproject.toml say, and what is private stays so."""

import ast
import re

import pytest

from .project_files import PROJECT, ROOT
from .public_names import BOOK, PACKAGE, code_of

NAME = "recon_tutorial"
# The check of a screen is told of as a part of `screen`.
TOLD_AS = {"validation": "screen"}
# Private modules that another room opens, and why.
OPENED = {
    ("__main__", "grading._report"): "refuses the name of a report before the grading starts",
    ("__main__", "running._command"): "the words of `sweep` stand beside what it does",
    ("__main__", "running._listing"): "prints recorded numbers as a notebook shows them",
    ("adversaries", "evaluation._arena"): "pools the very halves that `evaluate` scores",
    ("adversaries", "evaluation._scoring"): "scores them as `evaluate` does",
    ("adversaries", "splits._covers"): "refuses what is no split with everybody's sentence",
    ("evaluation", "splits._covers"): "refuses what is no split with everybody's sentence",
    ("exercises", "splits._covers"): "refuses what is no split with everybody's sentence",
    ("adversaries", "predictors._arrays"): "refuses rows with the sentences of every predictor",
    ("interop", "predictors._arrays"): "refuses rows with the sentences of every predictor",
}
# Private names that a page or a test takes, and why.
TAKEN = {
    ("book/08_flow_matching.ipynb", "predictors.flow._match"): "is shown equal to the page's own",
    ("tests/notebook/test_chapter_08.py", "predictors.flow._match"): "the same, on other data",
    ("tests/notebook/test_chapter_09.py", "predictors.sets._SetNetwork"): "is held to the page's",
    ("tests/unit/test_flow.py", "predictors.flow._VelocityField"): "is given weights by hand",
    ("tests/unit/test_flow.py", "predictors.flow._match"): "has no public form",
    ("tests/unit/test_sets.py", "predictors.sets._SetNetwork"): "is given weights by hand",
}


def imported(source):
    """The dotted names below the package that a piece of code imports."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name.removeprefix(f"{NAME}.") for name in names if name.startswith(f"{NAME}.")}


def is_private(word):
    return word.startswith("_") and not word.startswith("__")


def room_of(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


IMPORTS = [
    (room_of(path), name)
    for path in sorted(PACKAGE.rglob("*.py"))
    for name in sorted(imported(path.read_text("utf8")))
]


def test_the_rooms_of_contributing_are_those_of_the_package_with_their_true_arrows():
    text = (ROOT / "CONTRIBUTING.md").read_text("utf8")
    rows = re.findall(r"^\| `(\w+)` \| .+ \|(.*)\|$", text, re.MULTILINE)
    told = {room: set(re.findall(r"\w+", names)) for room, names in rows}
    true = {room_of(path): set() for path in PACKAGE.rglob("*.py")}
    for room, name in IMPORTS:
        true[room].add(TOLD_AS.get(name.split(".")[0], name.split(".")[0]))
    public = true.keys() - TOLD_AS.keys() - {"__init__"}
    public = {room for room in public if not is_private(room)}
    assert told == {room: (true[room] & public) - {room} for room in public}


def test_the_order_of_the_rooms_in_contributing_is_that_of_the_arrows():
    text = (ROOT / "CONTRIBUTING.md").read_text("utf8")
    rows = re.findall(r"^\| `(\w+)` \| .+ \|(.*)\|$", text, re.MULTILINE)
    for i, (room, names) in enumerate(rows):
        above = {other for other, _ in rows[:i]}
        assert set(re.findall(r"\w+", names)) <= above, f"{room} imports from further down"


@pytest.mark.parametrize("contract", PROJECT["tool"]["importlinter"]["contracts"], ids=str)
def test_a_contract_lets_in_nobody_who_does_not_come(contract):
    rooms = [name.removeprefix(f"{NAME}.") for name in contract["protected_modules"]]
    guests = {
        room for room, name in IMPORTS if any(f"{name}.".startswith(f"{own}.") for own in rooms)
    }
    allowed = {name.removeprefix(f"{NAME}.") for name in contract["allowed_importers"]}
    assert allowed - guests == set()


def test_no_room_opens_a_private_module_of_another():
    opened = {
        (room, ".".join(name.split(".")[:2]))
        for room, name in IMPORTS
        if name.split(".")[0] != room and any(map(is_private, name.split(".")[1:]))
    }
    assert opened == OPENED.keys()


def test_pages_and_tests_take_no_private_name():
    tests = [path for path in (ROOT / "tests").rglob("*.py")]
    outside = [*(BOOK / "_ext").glob("*.py"), *(ROOT / "benchmarks").glob("*.py")]
    pages = [*BOOK.glob("*.ipynb"), *BOOK.glob("*/*.ipynb"), *BOOK.rglob("*.md")]
    codes = {path: path.read_text("utf8") for path in tests + outside}
    codes |= {path: code_of(path) for path in pages}
    found = set()
    for path, code in codes.items():
        for name in imported(code):
            private = [word for word in name.split(".") if is_private(word)]
            # A test may open a private module of a room, to test what no public name shows.
            module = path in tests and (PACKAGE / name.replace(".", "/")).with_suffix(".py")
            behind = path in tests and is_private(name.split(".")[-1]) and not module.is_file()
            folder = (PACKAGE / name.replace(".", "/")).is_dir()
            if (private and path not in tests) or (behind and not folder):
                found.add((path.relative_to(ROOT).as_posix(), name))
    assert found == TAKEN.keys()
