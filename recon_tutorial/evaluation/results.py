"""Results that can be read again, with what is needed to trust them."""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from pathlib import Path

import pandas as pd


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

    Derived in chapter 5.
    """
    path = _csv(path)
    text = results.to_csv(index=False)
    header = dict(results.attrs) | {"sha256": _sha256(text.encode())}
    _write(path, text)
    _write(path.with_suffix(".json"), json.dumps(header, indent=2, allow_nan=False) + "\n")
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
        raise ValueError(f"{path.with_suffix('.json')} is no header of results") from error
    if _sha256(path.read_bytes()) != expected:
        raise ValueError(f"{path} was changed after it was saved (wrong SHA-256): evaluate again")
    results = pd.read_csv(path, keep_default_na=True)
    results["note"] = results["note"].fillna("")
    results.attrs = header
    return results


def _csv(path):
    path = Path(path)
    if path.suffix != ".csv":
        raise ValueError(f"{path} does not end in .csv: results are a table and a header")
    return path


def _sha256(data):
    return hashlib.sha256(data).hexdigest()


def _write(path, text):
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        draft.write_text(text, encoding="utf-8", newline="")
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
