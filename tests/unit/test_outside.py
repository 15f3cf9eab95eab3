"""A package from outside is found or named, kept quiet, and changes nothing of the reader's."""

import importlib.metadata
import inspect
import io
import logging
import os
import re
import sys
import warnings

import numpy as np
import pytest

from recon_tutorial.predictors import CellFlowPredictor, StatePredictor
from recon_tutorial.predictors import cellflow as cellflow_module
from recon_tutorial.predictors._outside import inside, require

from .optional import MODULES, needs
from .project_files import pins

CLASSES = {"cellflow": CellFlowPredictor, "state": StatePredictor}
COMMANDS = {
    "cellflow": ("`make cellflow`", "pip install --no-deps cellflow-tools=="),
    "state": ("`make state`", "pip install 'recon-tutorial[state]'"),
}
PACKAGES = {"cellflow": "cellflow-tools", "state": "arc-state"}
LICENCES = {
    "cellflow": ("MIT", "PolyForm-Noncommercial-1.0.0", "(Klein et al., 2025)"),
    "state": ("CC BY-NC-SA 4.0", "not for commercial use", "(Adduri et al., 2025)"),
}

NOISY = """
import logging, os, sys, warnings
import numpy as np
np.random.rand()
sys.path += ["../", os.path.abspath("vendored")]
warnings.warn("to developers", DeprecationWarning, stacklevel=2)
warnings.simplefilter("always")
logger = logging.getLogger("noisy_package")
logger.addHandler(logging.StreamHandler())
value = 7
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Write a module that can be imported in this test; its name is its argument."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(name, text):
        (tmp_path / f"{name}.py").write_text(text)
        monkeypatch.delitem(sys.modules, name, raising=False)
        return name

    yield write
    logging.getLogger("noisy_package").handlers.clear()


def test_an_import_keeps_its_side_effects_to_itself(package, monkeypatch):
    path = list(sys.path)
    monkeypatch.setattr(sys, "path", list(path))
    np.random.seed(3)  # noqa: NPY002 - a reader may well do this
    expected = np.random.RandomState(3).rand()
    with warnings.catch_warnings(record=True) as told:
        filters = list(warnings.filters)
        assert require(package("noisy_package", NOISY), "Noisy", "install it").value == 7
        assert warnings.filters == filters
    assert told == []
    assert np.random.rand() == expected  # noqa: NPY002
    assert sys.path == [*path, os.path.abspath("vendored")]


def test_a_logger_made_on_import_is_heard_afterwards(package, capsys):
    stderr = sys.stderr
    module = require(package("noisy_package", NOISY), "Noisy", "install it")
    assert [h.stream for h in module.logger.handlers] == [stderr]
    module.logger.warning("heard")
    assert "heard" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import no_such_package_9", "ModuleNotFoundError: No module named 'no_such_package_9'"),
        ("import sys\nsys.no_such_thing", "AttributeError: module 'sys' has no attribute"),
        (
            "raise ValueError('first line\\nsecond line')",
            "(ValueError: first line second line): install it",
        ),
    ],
)
def test_whatever_an_import_raises_says_how_to_install(package, text, said):
    with pytest.raises(ImportError) as caught:
        require(package("broken_package", text), "Broken", "install it")
    assert str(caught.value).startswith("Broken cannot be imported (") and said in str(caught.value)
    assert str(caught.value).endswith(": install it")
    assert type(caught.value.__cause__).__name__ in said


def test_ctrl_c_during_an_import_passes(package):
    with pytest.raises(KeyboardInterrupt):
        require(package("slow_package", "raise KeyboardInterrupt"), "Slow", "install it")


def test_inside_nothing_is_said_and_nothing_stays(capfd):
    before = (sys.stdout, sys.stderr, list(sys.path), list(warnings.filters))
    np.random.seed(3)  # noqa: NPY002
    with inside("Noisy", "training"):
        print("out")
        print("err", file=sys.stderr)
        warnings.warn("to developers", UserWarning, stacklevel=1)
        logging.getLogger("unheard").warning("no handler")
        np.random.seed(4)  # noqa: NPY002
        sys.path.append("../")
        warnings.simplefilter("always")
    assert (sys.stdout, sys.stderr, list(sys.path), list(warnings.filters)) == before
    assert np.random.rand() == np.random.RandomState(3).rand()  # noqa: NPY002
    assert capfd.readouterr() == ("", "")


def test_an_error_inside_is_one_sentence_with_its_cause(capsys):
    stdout, stderr = sys.stdout, sys.stderr
    error = ValueError("boom\n" + "and a page\nof shapes\n" * 99)
    with pytest.raises(RuntimeError) as caught, inside("Noisy", "predicting"):
        raise error
    assert caught.value.__cause__ is error
    words = str(caught.value)
    assert words.startswith("Noisy failed while predicting (ValueError: boom and a page of shapes")
    assert " ...): see the error above" in words and "\n" not in words and len(words) < 400
    assert sys.stdout is stdout and sys.stderr is stderr


def test_ctrl_c_inside_passes_and_restores():
    stdout, stderr, filters = sys.stdout, sys.stderr, list(warnings.filters)
    with pytest.raises(KeyboardInterrupt), inside("Noisy", "training"):
        warnings.simplefilter("always")
        raise KeyboardInterrupt
    assert sys.stdout is stdout and sys.stderr is stderr and warnings.filters == filters


@pytest.mark.parametrize("extra", MODULES)
def test_a_promised_extra_must_be_there_and_another_is_skipped_aloud(extra, monkeypatch):
    monkeypatch.setitem(sys.modules, MODULES[extra], None)
    for promised in (extra, "cellflow state"):
        monkeypatch.setenv("RECON_TUTORIAL_EXTRAS", promised)
        with pytest.raises(ImportError):
            needs(extra)
    monkeypatch.delenv("RECON_TUTORIAL_EXTRAS")
    with pytest.raises(ImportError):
        needs(extra)
    for promised in ("", *(MODULES.keys() - {extra})):
        monkeypatch.setenv("RECON_TUTORIAL_EXTRAS", promised)
        with pytest.raises(pytest.skip.Exception, match=f"make {extra}"):
            needs(extra)
    monkeypatch.setitem(sys.modules, MODULES[extra], io)
    needs(extra)


@pytest.mark.parametrize("extra", CLASSES)
def test_without_the_package_the_message_says_how_to_get_it(extra, monkeypatch):
    monkeypatch.setitem(sys.modules, MODULES[extra], None)
    with pytest.raises(ImportError) as caught:
        CLASSES[extra](4, 3)
    assert isinstance(caught.value.__cause__, ImportError)
    for command in COMMANDS[extra]:
        assert command in str(caught.value)


@pytest.mark.parametrize("extra", CLASSES)
def test_arguments_are_checked_before_the_package_is_sought(extra, monkeypatch):
    monkeypatch.setitem(sys.modules, MODULES[extra], None)
    with pytest.raises(ValueError, match="embed_dim=0"):
        CLASSES[extra](0, 3)


def test_the_message_names_the_pinned_version():
    assert re.findall(r"cellflow-tools==([0-9.]+[0-9])", cellflow_module.INSTALL) == [
        pins()["cellflow-tools"]
    ]


@pytest.mark.parametrize("extra", CLASSES)
def test_version_licence_and_citation_are_named(extra):
    text = " ".join(inspect.getdoc(CLASSES[extra]).split())
    assert f"Needs {PACKAGES[extra]} {pins()[PACKAGES[extra]]}" in text
    for words in LICENCES[extra]:
        assert words in text
    assert "no part of it is here" in text


@pytest.mark.parametrize("extra", CLASSES)
def test_the_licences_named_are_those_of_the_package(extra):
    needs(extra)
    package = importlib.metadata.distribution(PACKAGES[extra])
    assert package.version == pins()[PACKAGES[extra]]
    (path,) = (f for f in package.files if f.name == "LICENSE" and "dist-info" in str(f))
    title = path.read_text().splitlines()[0]
    if extra == "cellflow":
        assert title == "MIT License"
        assert package.metadata["License-Expression"] == "PolyForm-Noncommercial-1.0.0"
    else:
        assert title == "Attribution-NonCommercial-ShareAlike 4.0 International"
