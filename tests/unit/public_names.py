"""Every public name of the package: what it is, who uses it, and which pages tell of it."""

import ast
import importlib
import inspect
import pkgutil
import re
import textwrap
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import nbformat

import recon_tutorial
from recon_tutorial.datasets import DATASETS
from recon_tutorial.metrics import METRICS

from .project_files import ROOT

BOOK, PACKAGE = ROOT / "book", ROOT / "recon_tutorial"
# Where a screen is checked: lower rooms import it, readers find its names in `screen`.
BEHIND = {"validation"}
# What two pages print from the package, so that their text does not hold it.
PRINTED = {
    "reference/datasets": " ".join(f"`{card.loader}`" for card in DATASETS.values()),
    "reference/metrics": " ".join(f"`{name}` {card.edge_cases}" for name, card in METRICS.items()),
}


def rooms():
    """Name -> module of each room that a reader may import."""
    names = {info.name for info in pkgutil.iter_modules(recon_tutorial.__path__)} - BEHIND
    public = sorted(name for name in names if not name.startswith("_"))
    return {name: importlib.import_module(f"recon_tutorial.{name}") for name in public}


@cache
def public_names():
    """ "room.name" -> object, for each public name, once, in the room that defines it."""
    found = {}
    for room, module in rooms().items():
        for name in module.__all__:
            value = getattr(module, name)
            if not any(value is other for other in found.values()):
                found[f"{room}.{name}"] = value
    return found


def is_code(value):
    return inspect.isfunction(value) or inspect.isclass(value)


# --- what code takes out of the package


def taken(source, namespace=None):
    """The ids of all objects of the package that a piece of code imports or names.

    `namespace` holds the globals of code that was imported, so that plain names count as well.
    """
    tree, modules, ids = ast.parse(textwrap.dedent(source)), {}, set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("recon_tutorial"):
            module = importlib.import_module(node.module)
            for alias in node.names:
                value = getattr(module, alias.name, None)
                if inspect.ismodule(value):
                    modules[alias.asname or alias.name] = value
                ids.add(id(value))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            ids.add(id(getattr(modules.get(node.value.id), node.attr, None)))
        elif isinstance(node, ast.Name) and namespace is not None:
            ids.add(id(namespace.get(node.id)))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and namespace:
            ids.add(id(namespace.get(node.value)))  # an annotation in quotes
    return ids - {id(None)}


@cache
def parts_of(code):
    """The ids of what a function or class names in its own lines, annotations included."""
    return frozenset(taken(inspect.getsource(code), vars(inspect.getmodule(code))))


def with_parts(ids):
    """Also what the public names among `ids` are made of, return or hold."""
    used = [value for value in public_names().values() if id(value) in ids]
    held = [value.values() for value in used if isinstance(value, Mapping)]
    kinds = {id(type(item)) for items in held for item in items}
    return kinds.union(ids, *(parts_of(value) for value in used if is_code(value)))


# --- pages


def text_of(path):
    """The text of a page, in Markdown."""
    if path.suffix == ".md":
        return path.read_text("utf8")
    cells = nbformat.read(path, as_version=4).cells
    return "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def code_of(path):
    """The code of a page: of its cells, or of its fenced code cells."""
    if path.suffix == ".md":
        cells = re.findall(r"```\{code-cell\}.*?\n(.*?)```", text_of(path), re.DOTALL)
        return "\n".join(re.sub(r"^:tags:.*$", "", cell, flags=re.MULTILINE) for cell in cells)
    cells = nbformat.read(path, as_version=4).cells
    return "\n".join(cell.source for cell in cells if cell.cell_type == "code")


@cache
def page(name):
    """The text and the code of a page, of chapters with solutions, and what the code takes (ids).

    `name` is a path in book/ without its ending.
    """
    paths = [BOOK / f"{name}.ipynb", BOOK / "solutions" / f"{name}.ipynb", BOOK / f"{name}.md"]
    text, code = PRINTED.get(name, ""), ""
    for path in filter(Path.is_file, paths):
        text += text_of(path)
        code += code_of(path) + "\n"
    return text, code, frozenset(taken(code))


def pages():
    """The names of all pages with code or text, chapters without their solutions."""
    every = [*BOOK.glob("*.ipynb"), *BOOK.glob("*.md"), *BOOK.glob("*/*.md")]
    return sorted(path.relative_to(BOOK).with_suffix("").as_posix() for path in every)


def chapter(number):
    """The page of a chapter, or None."""
    found = sorted(BOOK.glob(f"{int(number):02d}_*.ipynb"))
    return found[0].stem if found else None


def tells_of(name, value, where):
    """Whether a page takes a name or what returns it, makes it by hand, or says it as code."""
    text, code, ids = page(where)
    short = name.partition(".")[2]
    said = re.search(rf"`[^`\n]*\b{short}\b[^`\n]*`", text)
    by_hand = re.search(rf"\b{short}_by_hand\b|\bmetric_{short}\b", code)
    return bool(said or by_hand) or id(value) in with_parts(ids)
