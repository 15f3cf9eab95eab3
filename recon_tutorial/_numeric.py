"""What every room asks of the matrices, tables and seeds that it computes with."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse

from recon_tutorial._given import at_least

# Sums of squares of larger values overflow in float32, and then a score or a loss is NaN.
LARGEST = 1e15


def generator(seed, *stream: int) -> np.random.Generator:
    """A generator of this seed, or of one of its streams."""
    at_least(0, seed=seed)
    return np.random.default_rng([seed, *stream] if stream else seed)


def numbers(value, name: str) -> np.ndarray:
    """A dense array of real numbers, of whatever shape."""
    try:
        array = value.toarray() if sparse.issparse(value) else np.asarray(value)
    except ValueError as error:  # numpy's, of rows of different lengths
        raise ValueError(f"{name} has rows of different lengths: pass one table") from error
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{name} holds {array.dtype} values: pass numbers")
    return array


def finite(array: np.ndarray, name: str, what: str = "cells or features") -> np.ndarray:
    """The array, if no value is missing, infinite or too large to be squared."""
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds NaN or infinite values: remove those {what}")
    if array.size:
        furthest = max(float(array.max()), -float(array.min()))
        if furthest > LARGEST:
            raise ValueError(
                f"{name} reaches {furthest:.0e}, more than {LARGEST:.0e}: its squares would "
                "overflow, so bring it to smaller units"
            )
    return array


def a_table(value, name: str, *columns: str) -> pd.DataFrame:
    """The DataFrame as it was given, if it is one with these columns and at least one row."""
    if not isinstance(value, pd.DataFrame):
        raise ValueError(f"{name} is a {type(value).__name__}: pass a DataFrame")
    lacking = [column for column in columns if column not in value]
    if lacking:
        raise ValueError(f"{name} has no column {lacking[0]!r}: pass the table it is made from")
    if 0 in value.shape:
        raise ValueError(f"{name} has {value.shape[0]} rows and {value.shape[1]} columns: fill it")
    return value
