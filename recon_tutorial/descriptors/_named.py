"""What the descriptors of words, molecules and proteins share: named strings, one row each."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd


def named(strings: Mapping[str, str] | pd.Series, what: str) -> dict[str, str]:
    """Return name -> string, refusing what has no name, a name twice, or nothing to read."""
    if not isinstance(strings, Mapping | pd.Series):
        raise ValueError(
            f"{what}s came as {type(strings).__name__}: "
            "pass a mapping or Series from perturbation name to string"
        )
    names = [str(name) for name in strings.keys()]  # noqa: SIM118 (a Series iterates over values)
    repeated = sorted({name for name in names if names.count(name) > 1})
    if not names or repeated:
        found = f"{repeated[0]!r} twice" if repeated else "none"
        raise ValueError(f"{what}s need distinct names but got {found}: name each one once")
    values = [value for _, value in strings.items()]
    for name, value in zip(names, values):
        if not isinstance(value, str) or not value.strip():
            raise ValueError(
                f"{name!r} has no {what} but {value!r}: give every perturbation one, or drop it"
            )
    return dict(zip(names, values))


def frame(rows, names, columns) -> pd.DataFrame:
    """Return the float32 table of `rows`, one per name."""
    return pd.DataFrame(np.asarray(rows, dtype=np.float32), index=list(names), columns=columns)
