"""Descriptors as a table of numbers, from whatever a reader has them in."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from recon_tutorial._numeric import finite
from recon_tutorial.descriptors import one_hot
from recon_tutorial.interop._labels import listed

ONE_HOT = (
    "no descriptors were given, so each perturbation got a one-hot column of its own: that can "
    "say nothing about a perturbation that was not seen in training; pass descriptors= to change "
    "it, or descriptors.one_hot(names) if one-hot is meant"
)


def descriptor_table(descriptors, names: list[str]) -> pd.DataFrame:
    """Descriptors of (at least) these perturbations, float32, or a ValueError."""
    if descriptors is None:
        warnings.warn(ONE_HOT, UserWarning, stacklevel=3)
        return one_hot(names)
    table = descriptors if isinstance(descriptors, pd.DataFrame) else _from_mapping(descriptors)
    rows, columns = ([str(name) for name in axis] for axis in table.axes)
    table = table.set_axis(rows).set_axis(columns, axis=1)
    if table.index.has_duplicates:
        twice = table.index[table.index.duplicated()][0]
        raise ValueError(f"descriptors have two rows for {twice!r}: keep one row per perturbation")
    missing = set(names).difference(table.index)
    if missing:
        raise ValueError(
            f"descriptors have no row for {len(missing)} of {len(names)} perturbations "
            f"({listed(missing)}; their rows are {listed(table.index) or 'none'}): add one per "
            "perturbation, under the name that the cells carry"
        )
    if table.shape[1] == 0:
        raise ValueError("descriptors have no column: give at least one number per perturbation")
    return _numbers(table)


def _from_mapping(descriptors):
    if not isinstance(descriptors, Mapping):
        raise ValueError(
            f"descriptors is a {type(descriptors).__name__}: pass a DataFrame with one row per "
            "perturbation, or a mapping from name to vector"
        )
    vectors = {str(name): np.atleast_1d(np.asarray(v)) for name, v in descriptors.items()}
    if len(vectors) < len(descriptors):
        raise ValueError("two descriptors carry names that print alike: keep one of them")
    shapes = {name: vector.shape for name, vector in vectors.items()}
    for name, shape in shapes.items():
        first = next(iter(shapes.values()))
        if len(shape) != 1 or shape != first:
            raise ValueError(
                f"descriptor of {name!r} has shape {shape} and the first one {first}: "
                "give every perturbation a vector of one length"
            )
    columns = [f"d{j}" for j in range(len(next(iter(vectors.values()), ())))]
    return pd.DataFrame(list(vectors.values()), index=list(vectors), columns=columns)


def _numbers(table):
    """The table as float32; a column of text or of missing values is named."""
    for position, name in enumerate(table.columns):  # by position: names may repeat
        column = table.iloc[:, position]
        if not (is_numeric_dtype(column) or is_bool_dtype(column)) or column.dtype.kind == "c":
            raise ValueError(
                f"descriptor column {name!r} is not numeric ({str(column.iloc[0])!r} for "
                f"{table.index[0]!r}): encode it as numbers"
            )
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
        if np.isfinite(values).all():
            finite(values, f"descriptor column {name!r}")
        else:
            at = table.index[~np.isfinite(values)][0]
            raise ValueError(
                f"descriptor column {name!r} is NaN or infinite for {at!r}: fill or drop it"
            )
    return table.astype(np.float32)
