"""Every benchmark side by side, and the page that shows them: `make benchmark`.

    python benchmarks/run.py [NAME ...] [--page FILE]

Without names all of them run, and their tables go to book/reference/benchmarks.md with the machine
and the versions they were measured on. With names, only those run and nothing but the screen sees
them, unless --page names a file.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

import building
import distances
import evaluate
import evaluators
import fit
import pandas as pd
import readings
import stream
import sweep
import torch
from side_by_side import markdown

PAGE = Path(__file__).resolve().parents[1] / "book" / "reference" / "benchmarks.md"
PACKAGES = (
    "numpy",
    "scipy",
    "scikit-learn",
    "torch",
    "anndata",
    "distributed",
    "pertpy",
    "cell-eval",
)


class Benchmark(NamedTuple):
    """A question, how it is measured, and a sentence that is true of whatever table came out."""

    title: str
    question: str
    measure: Callable[[], pd.DataFrame]
    reading: Callable[[pd.DataFrame], str]


BENCHMARKS = {
    "fit": Benchmark(
        "A fit of equal quality",
        "How much sooner does the shift network reach the reference network's own test error?",
        lambda: fit.compare(3),
        readings.fit,
    ),
    "distances": Benchmark(
        "Distances between many cells",
        "What do distances cost against scikit-learn's formulas, on the same float64 cells?",
        distances.compare,
        readings.distances,
    ),
    "growth": Benchmark(
        "Distances as cells grow",
        "How do seconds and memory grow up to 100,000 x 100,000 cells?",
        distances.growth,
        readings.growth,
    ),
    "evaluators": Benchmark(
        "Against other evaluators",
        "What do the same numbers cost in pertpy and in cell-eval?",
        evaluators.compare,
        readings.evaluators,
    ),
    "evaluate": Benchmark(
        "A whole evaluation",
        "What does `evaluate` cost with every metric?",
        evaluate.compare,
        readings.evaluate,
    ),
    "stream": Benchmark(
        "A million rows",
        "What does a fit cost that never has its rows in memory?",
        stream.compare,
        readings.stream,
    ),
    "sweep": Benchmark(
        "A sweep of 16 runs",
        "How much sooner are two workers done than one, and what does Dask add to each run?",
        lambda: sweep.compare(2),
        readings.sweep,
    ),
    "book": Benchmark(
        "The book itself",
        "How long does `make book` take, cold and warm?",
        building.compare,
        readings.book,
    ),
}


def machine() -> list[str]:
    """What the numbers were measured on, a line each."""
    memory = ""
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        memory = (
            f", {os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.0f} GiB memory"
        )
    found = {name: _version(name) for name in PACKAGES}
    gpu = (
        torch.cuda.get_device_name()
        if torch.cuda.is_available()
        else "none: nothing here ran on one"
    )
    return [
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.system()} on {platform.machine()}, "
        f"{os.cpu_count()} cores{memory}, {torch.get_num_threads()} torch threads",
        f"GPU: {gpu}",
        f"Python {platform.python_version()}, "
        + ", ".join(f"{name} {version}" for name, version in found.items() if version),
    ]


def _version(name):
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def page(tables: dict[str, pd.DataFrame], made_on: list[str]) -> str:
    """The page in Markdown."""
    lines = [
        "# Benchmarks",
        "",
        "What things cost, measured side by side: each pair of rows was timed in turn, A B A B, in "
        "one process, and the table shows medians.",
        "Seconds are those of one machine and of one day; what carries over are the ratios and the "
        "exponents.",
        "`make benchmark` measures all of it again and writes this page.",
        "",
        *(f"- {line}" for line in made_on),
    ]
    for name, table in tables.items():
        what = BENCHMARKS[name]
        lines += ["", f"## {what.title}", "", what.question, "", markdown(table), ""]
        lines += [what.reading(table)]
    return "\n".join(lines) + "\n"


def main(arguments: list[str] | None = None) -> None:
    """Measure what was asked for; print it, and write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--page", type=Path, help="the page to write")
    options = parser.parse_args(arguments)
    unknown = set(options.names) - set(BENCHMARKS)
    if unknown:
        parser.error(f"{', '.join(sorted(unknown))}: choose from {', '.join(BENCHMARKS)}")
    tables = {}
    for name in options.names or BENCHMARKS:
        print(f"{BENCHMARKS[name].question}", file=sys.stderr, flush=True)
        tables[name] = BENCHMARKS[name].measure()
        print(
            f"\n{markdown(tables[name])}\n\n{BENCHMARKS[name].reading(tables[name])}\n", flush=True
        )
    target = options.page or (None if options.names else PAGE)
    if target is not None:
        draft = target.with_name(f".{target.stem}.{uuid.uuid4().hex}.md")
        draft.write_text(page(tables, machine()), encoding="utf-8")
        os.replace(draft, target)
        print(f"wrote {target}", file=sys.stderr)


if __name__ == "__main__":
    main()
