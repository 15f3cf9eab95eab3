"""Every public name is told of on a page, used by somebody, and free of what nobody may import."""

import inspect
import re

import pytest

from .project_files import ROOT
from .public_names import (
    PACKAGE,
    chapter,
    is_code,
    page,
    pages,
    public_names,
    rooms,
    taken,
    tells_of,
    with_parts,
)

NAMES = public_names()
# Named on a page and imported by none of ours, for a reason.
TOLD_ONLY = {
    **dict.fromkeys(
        ("load_adamson_2016", "load_cellflow_pbmc", "load_norman_2019"),
        "downloads from where no build of the book can reach",
    ),
    **dict.fromkeys(
        ("adamson_screen", "norman_screen", "pbmc_screen"),
        "maps such a file, for who has read it already",
    ),
    "has_no_change": "says whether the 0 of a correlation is the edge case on its card",
    "RULES": "what `ContractError.rule` is a key of",
    "collect": "reads a sweep that still runs, or was killed",
    "recorded": "reads an executed notebook; the package and the book's own tests do",
}
DERIVED = re.compile(r"^Derived in chapters? ([\d, and]+)\.$")
DESCRIBED = re.compile(r"^Described on the page ([\w/]+)\.$")


def users():
    """Yield (room or None, ids of what is used there) for all code but the tests."""
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.name != "__init__.py":
            room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
            yield room, taken(path.read_text("utf8"))
    for name in pages():
        yield None, page(name)[2]
    for path in [*(ROOT / "book/_ext").glob("*.py"), *(ROOT / "benchmarks").glob("*.py")]:
        yield None, taken(path.read_text("utf8"))


def test_every_room_says_what_is_public():
    assert [name for name, module in rooms().items() if not hasattr(module, "__all__")] == []
    assert len(NAMES) > 130


def test_every_public_name_is_used_by_a_page_or_by_another_room():
    everywhere = list(users())
    unused = []
    for name, value in NAMES.items():
        own = name.split(".")[0]
        ids = set().union(*(ids for room, ids in everywhere if room != own))
        if id(value) not in with_parts(ids):
            unused.append(name.split(".")[1])
    assert sorted(unused) == sorted(TOLD_ONLY)


@pytest.mark.parametrize("name", [name for name, value in NAMES.items() if is_code(value)])
def test_the_last_line_of_a_docstring_names_pages_that_tell_of_it(name):
    last = inspect.getdoc(NAMES[name]).splitlines()[-1]
    derived, described = DERIVED.match(last), DESCRIBED.match(last)
    assert derived or described, f'{name} ends in {last!r}, not in "Derived in chapter N."'
    where = [chapter(n) for n in re.findall(r"\d+", derived[1])] if derived else [described[1]]
    assert [place for place in where if not tells_of(name, NAMES[name], place)] == []


@pytest.mark.parametrize("name", [name for name, value in NAMES.items() if not is_code(value)])
def test_a_public_constant_is_told_of_on_the_api_page(name):
    text = (ROOT / "book/reference/api.md").read_text("utf8")
    room, _, short = name.partition(".")
    shown = {other for other, module in rooms().items() if short in module.__all__}
    assert room in shown
    entry = ".. py:data:: {}\n   :module: recon_tutorial.{}\n\n   "
    assert any(entry.format(short, other) in text for other in shown)
