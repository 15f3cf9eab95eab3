"""How a package from outside is called: found or named, kept quiet, its errors made ours."""

from __future__ import annotations

import contextlib
import importlib
import io
import warnings
from collections.abc import Iterator


def require(module: str, name: str, how: str):
    """Import a module of an optional package, or say how to install the package."""
    try:
        with _silence():
            return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(f"{name} is not installed ({error}): {how}") from error


@contextlib.contextmanager
def inside(name: str, doing: str) -> Iterator[None]:
    """Run code of a package from outside: no output, and one kind of error, with its cause.

    Anything may be raised in there, so `Exception` is caught; Ctrl-C passes.
    """
    try:
        with _silence():
            yield
    except Exception as error:
        raise RuntimeError(
            f"{name} failed while {doing} ({type(error).__name__}: {error}): see the error above "
            "for the place, and check the data for constant columns or very large values"
        ) from error


@contextlib.contextmanager
def _silence():
    """Drop what is printed, and warnings that speak to that package's own developers."""
    with (
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        yield
