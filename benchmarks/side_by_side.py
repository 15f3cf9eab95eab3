"""Two or more ways to do one thing, timed in turn in one process, and tables of what came out."""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import pandas as pd


def in_turn(ways: dict[str, Callable], rounds: int) -> tuple[dict[str, list[float]], dict]:
    """Call each way `rounds` times, A B A B; return the seconds of each, and its last value.

    Each is called once before, so that none pays for what the first call loads.
    """
    for way in ways.values():
        way()
    seconds, values = {name: [] for name in ways}, {}
    for _ in range(rounds):
        for name, way in ways.items():
            start = perf_counter()
            values[name] = way()
            seconds[name].append(perf_counter() - start)
    return seconds, values


def peak_memory() -> float:
    """Most memory that this process has held so far, in MB."""
    status = Path("/proc/self/status")
    if status.exists():  # ru_maxrss would start from what the parent process held
        (line,) = [li for li in status.read_text().splitlines() if li.startswith("VmHWM")]
        return int(line.split()[1]) / 2**10
    unit = 2**20 if sys.platform == "darwin" else 2**10  # bytes there, kilobytes elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def markdown(table: pd.DataFrame) -> str:
    """A table in Markdown, numbers to three digits and at the right."""
    numbers = [pd.api.types.is_numeric_dtype(dtype) for dtype in table.dtypes]
    lines = [list(table.columns), ["---:" if number else "---" for number in numbers]]
    lines += [[_cell(value) for value in row] for row in table.itertuples(index=False)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cell(value):
    if not isinstance(value, float):
        return f"{value:,}" if isinstance(value, int) else str(value)
    if value != value:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
