"""Recorded numbers as lines to read, in a notebook and on the command line."""

from __future__ import annotations


def listing(numbers: dict) -> str:
    """Write recorded numbers as lines ``name: value`` of four digits, tables indented."""
    lines = []
    for name, value in numbers.items():
        if isinstance(value, dict):
            lines += [f"{name}:", *(f"  {key}: {_readable(v)}" for key, v in value.items())]
        else:
            lines.append(f"{name}: {_readable(value)}")
    return "\n".join(lines)


def _readable(value):
    if isinstance(value, float):
        return f"{value + 0.0:.4g}"  # + 0.0 turns -0.0 into 0
    if isinstance(value, list):
        return "[" + ", ".join(_readable(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_readable(item)}" for key, item in value.items()) + "}"
    return "undefined" if value is None else str(value)
