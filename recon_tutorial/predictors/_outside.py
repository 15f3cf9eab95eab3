"""How a package from outside is called: found or named, kept quiet, its errors made ours."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import sys
import textwrap
import warnings
from collections.abc import Iterator

import numpy as np


def require(module: str, name: str, how: str):
    """Import a module of an optional package, or say how to install the package.

    Its output is not caught: loggers made on import would write to where it went ever after.
    """
    try:
        with _contained():
            return importlib.import_module(module)
    except Exception as error:  # versions that do not fit raise anything
        raise ImportError(f"{name} cannot be imported ({_said(error)}): {how}") from error


@contextlib.contextmanager
def inside(name: str, doing: str) -> Iterator[None]:
    """Run code of a package from outside: no output, and one kind of error, with its cause.

    Anything may be raised in there, so `Exception` is caught; Ctrl-C passes.
    """
    silent = io.StringIO()
    try:
        with _contained(), contextlib.redirect_stdout(silent), contextlib.redirect_stderr(silent):
            yield
    except Exception as error:
        raise RuntimeError(
            f"{name} failed while {doing} ({_said(error)}): see the error above for the place, "
            "and check the data for constant columns or very large values"
        ) from error


@contextlib.contextmanager
def _contained():
    """Drop warnings to that package's developers, and undo what it does to path and numpy."""
    path, state = list(sys.path), np.random.get_state()  # noqa: NPY002 - not ours: it is kept
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        np.random.set_state(state)  # noqa: NPY002 - jax draws from it when imported
        # STATE appends "../", where any file could pass for a module
        sys.path[:] = [p for p in sys.path if p in path or os.path.isabs(p)]


def _said(error):  # in part: a compiler's complaint fills pages
    return f"{type(error).__name__}: {textwrap.shorten(str(error), 200, placeholder=' ...')}"
