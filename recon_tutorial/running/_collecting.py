"""All runs of a sweep in one tidy table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from recon_tutorial._given import a_path
from recon_tutorial.running._folder import read_manifest, read_record

if TYPE_CHECKING:
    import pandas as pd

LAST = ("seconds", "peak_memory_mib", "status", "error")
SHOWN = 5  # failures told in full


def collect(out_dir: str | Path) -> pd.DataFrame:
    """Collect what a sweep has kept, also of one that is still running or was broken off.

    Parameters
    ----------
    out_dir : path
        The folder of a `sweep`.

    Returns
    -------
    DataFrame
        One row per point: "run" (the name of its files), its parameters (defaults included, lists
        as JSON), its numbers ("scaled.ridge.mse" for an entry of a dict, "gain.0" for the first
        of a list), "seconds", "peak_memory_mib" (largest process of the run, in MiB), "status"
        ("done", "failed" or "pending") and "error" (empty unless it failed).
        A name that is taken is preceded by "parameter." or "recorded.".

    Raises
    ------
    FileNotFoundError, ValueError
        If the folder holds no sweep, or a file of it cannot be read.

    Derived in chapter 13.
    """
    folder = Path(a_path(out_dir, "out_dir")).absolute()
    points = read_manifest(folder)["points"]
    return frame_of(points, {point: read_record(folder, point) for point in points})


def frame_of(points: dict[str, dict], records: dict[str, dict | None]) -> pd.DataFrame:
    """Make the table of `collect` from parameters and records by the name of a point."""
    import pandas as pd  # here, because a notebook that only records starts quicker without

    rows = []
    for point, parameters in points.items():
        record = records[point] or {"status": "pending"}
        row = {"run": point}
        for name, value in parameters.items():
            is_table = isinstance(value, list | dict)
            _add(row, name, json.dumps(value) if is_table else value, "parameter")
        for name, value in _flat(record.get("numbers", {})):
            _add(row, name, value, "recorded")
        rows.append(row | {name: record.get(name) for name in LAST})
    columns = dict.fromkeys(name for row in rows for name in row if name not in LAST)
    frame = pd.DataFrame(rows, columns=[*columns, *LAST])
    return frame.astype({"seconds": float, "peak_memory_mib": float}).fillna({"error": ""})


def report(records: dict[str, dict]) -> str:
    """Tell which runs failed, with notebook and traceback, the first few in full."""
    failed = {point: record for point, record in records.items() if record["status"] == "failed"}
    lines = [f"{len(failed)} of {len(records)} runs failed:"]
    for point, record in list(failed.items())[:SHOWN]:
        lines += ["", f"{point}: {record['error']}"]
        lines += [f"    {line}" for line in record.get("traceback", "").splitlines()]
    if len(failed) > SHOWN:
        lines += ["", "and " + ", ".join(list(failed)[SHOWN:])]
    return "\n".join(lines)


def _add(row, name, value, kind):
    """Add a value under its name, or a longer one where that is taken by another value."""
    while name in LAST or row.get(name, value) != value:
        name = f"{kind}.{name}"
    row[name] = value


def _flat(numbers, above=""):
    """Yield name and value of everything in nested dicts and lists."""
    items = numbers.items() if isinstance(numbers, dict) else enumerate(numbers)
    for key, value in items:
        if isinstance(value, dict | list):
            yield from _flat(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value
