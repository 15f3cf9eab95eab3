"""What every room asks of the single values that it is given, in one sentence."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from numbers import Integral, Real


def is_number(value) -> bool:
    """Whether this is one finite number, of Python or of numpy."""
    return isinstance(value, Real) and math.isfinite(value)


def is_whole(value) -> bool:
    """Whether this is one whole number, of Python or of numpy."""
    return isinstance(value, Integral)


def at_least(least: int, **named) -> None:
    """Refuse the first of these that is no whole number of `least` or more."""
    for name, value in named.items():
        if not is_whole(value):
            raise ValueError(f"{name}={value!r} must be a whole number, {least} or more")
        if value < least:
            raise ValueError(f"{name}={value} must be at least {least}")


def above_zero(**named) -> None:
    """Refuse the first of these that is no finite number above 0."""
    for name, value in named.items():
        if not is_number(value) or not value > 0:
            raise ValueError(f"{name}={value!r} must be a number above 0")


def a_path(value, name: str):
    """The path as it was given, if it is one."""
    if not isinstance(value, str | os.PathLike):
        raise ValueError(f"{name} is a {type(value).__name__}: pass a path")
    return value


def names(value, name: str) -> list[str]:
    """Names as text, in a list."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise ValueError(f"{name}={value!r} is no list: pass names in one")
    return [str(each) for each in value]
