"""Results that can be read again, with what is needed to trust them."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path

import pandas as pd

from recon_tutorial._given import a_path
from recon_tutorial._numeric import a_table
from recon_tutorial._whole import keep_together


def save_results(results: pd.DataFrame, path) -> Path:
    """Write results as CSV, and beside it a JSON header with versions, seeds and hashes.

    Parameters
    ----------
    results : DataFrame
        From `evaluate`.
    path : str or Path
        Ends in ".csv"; the header gets the same name with ".json".

    Returns
    -------
    Path
        The CSV file.

    Raises
    ------
    ValueError
        If the name does not end in ".csv".
    OSError
        If there is no space or no right to write; older files are then as they were.

    Derived in chapter 5.
    """
    path = _csv(path)
    table = a_table(results, "results").to_csv(index=False).encode()
    header = dict(results.attrs) | {"sha256": _sha256(table)}
    text = json.dumps(header, indent=2, allow_nan=False) + "\n"
    keep_together({path: table, path.with_suffix(".json"): text.encode()})
    return path


def load_results(path) -> pd.DataFrame:
    """Read what `save_results` wrote.

    Parameters
    ----------
    path : str or Path
        The CSV file; its header must lie beside it.

    Returns
    -------
    DataFrame
        The results, ``attrs`` included.

    Raises
    ------
    FileNotFoundError
        If one of the two files is missing.
    ValueError
        If the header cannot be read or the table was changed after it was saved.

    Derived in chapter 5.
    """
    path = _csv(path)
    for file in (path, path.with_suffix(".json")):
        if not file.is_file():
            raise FileNotFoundError(f"there is no {file}: save_results writes a .csv and a .json")
    try:
        header = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        expected = header.pop("sha256")
    except (ValueError, AttributeError, KeyError, TypeError) as error:
        header = path.with_suffix(".json")
        raise ValueError(f"{header} is no header of results: evaluate again") from error
    table = path.read_bytes()  # once, for another process may put a new one in its place
    if _sha256(table) != expected:
        raise ValueError(f"{path} was changed after it was saved (wrong SHA-256): evaluate again")
    results = pd.read_csv(io.BytesIO(table), keep_default_na=True)
    results["note"] = results["note"].fillna("")
    results.attrs = header
    return results


def _csv(path):
    path = Path(a_path(path, "path"))
    if path.suffix != ".csv":
        raise ValueError(f"{path} does not end in .csv: results are a table and a header")
    return path


def _sha256(data):
    return hashlib.sha256(data).hexdigest()
