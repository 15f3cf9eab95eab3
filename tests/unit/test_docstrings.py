"""The docstring of every public name: its sections complete and true, as numpydoc reads them."""

import ast
import builtins
import inspect
import re
import textwrap

import pytest
from numpydoc.docscrape import get_doc_object
from numpydoc.validate import validate

from recon_tutorial import protocol

from .public_names import is_code, public_names

# What numpydoc must not find. Left out: a type after a parameter that is "as for `evaluate`"
# (PR04), a description of what a type says already (PR07, RT03), and sections that few need
# (ES01, EX01, SA01). PR05, RT02 and SS05 misread "...", two values of one type, and plurals.
FLAWS = {"GL03", "GL05", "GL06", "GL07", "GL08", "GL10"}
FLAWS |= {"PR01", "PR02", "PR03", "PR06", "PR08", "PR09", "PR10"}
FLAWS |= {"RT01", "RT04", "RT05", "SS01", "SS02", "SS03", "SS04", "SS06", "YD01"}
# What these take and return is told by the contract, `PerturbationPredictor`.
CONTRACT = {"train", "predict"}
BEGIN = ("__init__", "__post_init__")
TOLD_BY_PAGES = re.compile(r"\n+ *(Derived in chapters?|Described on the page) .*\s*\Z")

CODE = {name: value for name, value in public_names().items() if is_code(value)}
PROTOCOL = CODE["protocol.PerturbationPredictor"]  # nobody makes one, so it takes nothing


def methods(value):
    """The public methods that a class of ours writes down."""
    for name, method in vars(value).items() if inspect.isclass(value) else ():
        if inspect.isfunction(method) and not name.startswith("_"):
            yield name, method


CALLABLES = {name: value for name, value in CODE.items() if value is not PROTOCOL} | {
    f"{name}.{short}": method
    for name, value in CODE.items()
    for short, method in methods(value)
    if short not in CONTRACT or value is PROTOCOL
}


def sections(value):
    return get_doc_object(value, doc=TOLD_BY_PAGES.sub("\n", value.__doc__), config={})


@pytest.mark.parametrize("name", CALLABLES)
def test_a_docstring_has_the_sections_of_what_it_tells_of(name):
    doc = sections(CALLABLES[name])
    found = [(code, text) for code, text in validate(doc)["errors"] if code in FLAWS]
    told = {field for entry in doc["Attributes"] for field in entry.name.split(", ")}
    fields = set(getattr(CALLABLES[name], "__annotations__", {})) if told else set()
    if fields and told >= fields:  # who makes it is the package, and readers read its attributes
        found = [flaw for flaw in found if flaw[0] != "PR01"]
    assert found == []


# --- what is raised


def own_lines(node):
    """Yield what is under a node, without functions inside: what they raise, others may catch."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.Lambda):
            yield child
            yield from own_lines(child)


def raised_by(function):
    """The exceptions that the raise statements of a function's own lines make."""
    if function.__code__.co_filename.startswith("<"):  # a dataclass wrote it
        return set()
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    calls = [
        getattr(node.exc, "func", None) for node in own_lines(tree) if isinstance(node, ast.Raise)
    ]
    names = {call.id for call in calls if isinstance(call, ast.Name)}
    return {function.__globals__.get(name, getattr(builtins, name, None)) for name in names}


@pytest.mark.parametrize("name", CALLABLES)
def test_what_is_raised_is_told(name):
    value = CALLABLES[name]
    makers = [vars(value).get(way) for way in BEGIN] if inspect.isclass(value) else [value]
    raised = set().union(*map(raised_by, filter(inspect.isfunction, makers)))
    words = re.findall(r"\w+", " ".join(entry.type for entry in sections(value)["Raises"]))
    told = tuple(getattr(builtins, word, None) or vars(protocol)[word] for word in words)
    assert [
        error for error in raised if isinstance(error, type) and not issubclass(error, told)
    ] == []


def test_the_examples_of_flaws_are_found():
    def bad(a, b):
        """Sum.

        Parameters
        ----------
        a : int
            one
        c : int
            Two.
        """
        return a + b

    found = {code for code, _ in validate(sections(bad))["errors"]}
    assert found & FLAWS == {"PR01", "PR02", "PR08", "PR09", "RT01"}
