"""What pages name exists: glossary terms, linked where they are first used, and names in code."""

import builtins
import importlib
import inspect
import pkgutil
import re
from contextlib import suppress

import nbformat
import pytest

import recon_tutorial

FENCED = r"```.*?```"
# snake_case, CamelCase, UPPER_CASE
SHAPE = r"[a-z]\w*_\w|[A-Z]\w*[a-z]\w*[A-Z]|[A-Z]{2,}_[A-Z]"
# Names of others that a page compares ours with, and where they live.
FOREIGN = {"check_estimator": "sklearn.utils.estimator_checks"}


def markdown(path):
    """Return the text of a page without code."""
    if path.suffix == ".md":
        return path.read_text(encoding="utf8")
    cells = nbformat.read(path, as_version=4).cells
    return "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def code(path):
    """Return the code of a page."""
    if path.suffix == ".md":
        return "\n".join(re.findall(FENCED, markdown(path), re.DOTALL))
    cells = nbformat.read(path, as_version=4).cells
    return "\n".join(cell.source for cell in cells if cell.cell_type == "code")


def blank(match):
    return re.sub(r"[^\n]", " ", match[0])


def lines_of_prose(cells):
    """Return the lines of a chapter after its opening as (what a reader sees, terms linked)."""
    text = "\n".join(cell.source for cell in cells[1:] if cell.cell_type == "markdown")
    text = re.sub(FENCED + r"|\$\$.*?\$\$", blank, text, flags=re.DOTALL)
    found = []
    for line in text.splitlines():
        if re.match(r"#|:::|<|\([\w-]+\)=", line.lstrip()):
            continue
        links = re.findall(r"\{term\}`(?:([^`<]*)<([^>]*)>|([^`]*))`", line)
        linked = {(target or plain).lower() for _, target, plain in links}
        seen = re.sub(r"\{term\}`([^`<]*)(?:<[^>]*>)?`", r"\1", line)
        seen = re.sub(r"`[^`]*`|\$[^$]*\$|\]\([^)]*\)", " ", seen).lower()
        found.append((seen, linked))
    return found


def unlinked(term, lines):
    """Return the first line with a term if it is not linked there, "" if it is, None without."""
    word = re.compile(rf"(?<![\w-]){re.escape(term)}(?:s|es)?(?![\w-])")
    for seen, linked in lines:
        if term in linked:
            return ""
        if word.search(seen):
            return seen
    return None


def test_each_term_is_linked_where_the_chapters_first_use_it(root):
    text = (root / "book" / "reference" / "glossary.md").read_text(encoding="utf8")
    body = text.split(":::{glossary}")[1].split("\n:::")[0]
    terms = [line.strip() for line in body.splitlines() if line and not line.startswith(" ")]
    lines = []
    for path in sorted((root / "book").glob("[0-9][0-9]_*.ipynb")):
        lines += lines_of_prose(nbformat.read(path, as_version=4).cells)
    found = {term: unlinked(term.lower(), lines) for term in terms}
    assert {term: line for term, line in found.items() if line != ""} == {}


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("The {term}`oracle` knows; the oracle wins.", ""),
        ("Two {term}`oracles <oracle>`.", ""),
        ("The oracle wins.\nThe {term}`oracle` knows.", "the oracle wins."),
        ("Its oracles.", "its oracles."),
        ("`oracle` and $oracle$\n# The oracle\n[here](oracle.md)", None),
    ],
)
def test_the_first_use_is_found(text, answer):
    cells = [nbformat.v4.new_markdown_cell(source) for source in ("# The oracle", text)]
    assert unlinked("oracle", lines_of_prose(cells)) == answer


@pytest.fixture(scope="module")
def ours():
    """Return every public name of the package, with attributes of classes and argument names."""
    names = {"recon_tutorial"}
    for info in pkgutil.walk_packages(recon_tutorial.__path__, "recon_tutorial."):
        if "._" in info.name:
            continue
        names |= set(info.name.split("."))
        for name, value in vars(importlib.import_module(info.name)).items():
            if name.startswith("_") or inspect.ismodule(value):
                continue
            names.add(name)
            if getattr(value, "__module__", "") == info.name and callable(value):
                names |= set(dir(value))
                for function in (value, *vars(value).values()):
                    with suppress(TypeError, ValueError):  # no function, or one without arguments
                        names |= set(inspect.signature(function).parameters)
    return names


def quoted_names(text):
    """Return the names in a text's code spans: calls, `snake_case`, CamelCase, dotted ones."""
    text = re.sub(FENCED, " ", text, flags=re.DOTALL)
    names = set()
    for span in re.findall(r"(?<!\})`([^`\n]+)`", text):
        head = re.match(r"[A-Za-z_][\w.]*(?=\(|$)", span)
        if not head or re.search(r"\.(txt|toml|py|ya?ml|md|json|ipynb|html|h5ad|csv)$", span):
            continue
        name = head[0]
        if span != name or "." in name or re.search(SHAPE, name):
            names.add(name)
    return names


def test_every_quoted_name_exists(root, ours):
    for name, module in FOREIGN.items():
        assert hasattr(importlib.import_module(module), name)
    pages = sorted([*(root / "book").rglob("*.md"), *(root / "book").rglob("*.ipynb")])
    scripts = [*(root / "recon_tutorial").rglob("*.py"), *(root / "book" / "_ext").glob("*.py")]
    for script in scripts:  # variables of the environment
        ours |= set(re.findall(r"[A-Z]{2,}_[A-Z_]+", script.read_text(encoding="utf8")))
    missing = {}
    for page in [*pages, root / "README.md"]:
        here = set(re.findall(r"\w+", code(page))) | {"CytoSig"}  # a data set
        for name in sorted(quoted_names(markdown(page)) - FOREIGN.keys()):
            known = ours | here | set(dir(builtins)) | {"shape", "mean"}
            if not set(name.split(".")) <= known:
                missing.setdefault(page.name, []).append(name)
    assert missing == {}


def test_quoted_names_are_told_from_other_code():
    text = "`make_pairs`, `RidgeShift()`, `plotting.plot_cells`, `EnergyLoss`, `f(x)`, `k`, `a.txt`"
    assert quoted_names(text) == {
        "make_pairs",
        "RidgeShift",
        "plotting.plot_cells",
        "EnergyLoss",
        "f",
    }
    assert quoted_names('```\nfoo_bar\n```\n{term}`screen_x` `make book` `-p` `"ot"`') == set()
