"""The reference pages: every public name documented, every term and source in order."""

import importlib
import inspect
import pkgutil
import re

import recon_tutorial


def listed_modules(root):
    text = (root / "book" / "reference" / "api.md").read_text(encoding="utf8")
    return re.findall(r"^\.\. automodule:: (\S+)$", text, re.MULTILINE)


def shown(module):
    """Return what automodule documents of a module: `__all__`, else what was written there."""
    if hasattr(module, "__all__"):
        return [getattr(module, name) for name in module.__all__]
    return [v for v in vars(module).values() if getattr(v, "__module__", "") == module.__name__]


def public_objects():
    """Yield every public function and class of every module without an underscore."""
    for info in pkgutil.walk_packages(recon_tutorial.__path__, "recon_tutorial."):
        if any(part.startswith("_") for part in info.name.split(".")):
            continue
        for name, value in vars(importlib.import_module(info.name)).items():
            kind = inspect.isfunction(value) or inspect.isclass(value)
            if kind and value.__module__ == info.name and not name.startswith("_"):
                yield value


def test_every_public_name_is_on_the_api_page(root):
    documented = [x for name in listed_modules(root) for x in shown(importlib.import_module(name))]
    missing = [
        f"{value.__module__}.{value.__qualname__}"
        for value in public_objects()
        if not any(value is other for other in documented)
    ]
    assert missing == []


def test_every_public_name_has_a_docstring():
    assert [value for value in public_objects() if not inspect.getdoc(value)] == []


def test_each_source_can_be_found(root):
    text = (root / "book" / "references.bib").read_text(encoding="utf8")
    entries = re.split(r"^@", text, flags=re.MULTILINE)[1:]
    assert len(entries) > 10
    assert [
        e.splitlines()[0] for e in entries if not re.search(r"^\s+(doi|url)\s+=", e, re.M)
    ] == []


def test_glossary_terms_are_unique(root):
    text = (root / "book" / "reference" / "glossary.md").read_text(encoding="utf8")
    body = text.split(":::{glossary}")[1].split("\n:::")[0]
    terms = [line for line in body.splitlines() if line and not line.startswith(" ")]
    assert len(terms) > 30
    assert len(terms) == len(set(terms))
