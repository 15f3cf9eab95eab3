"""Score one fit under several claims without fitting again."""

from __future__ import annotations

import hashlib
from time import perf_counter

import numpy as np

from recon_tutorial._mapped import is_mapped, pieces, release


class FitOnce:
    """A predictor that is not fitted again on rows it was just fitted on.

    `evaluate` fits whatever it is given; where two splits share their training cells, as those of
    `split_both` do, the second fit would only repeat the first.
    Other rows, another order or other options are fitted as usual.

    Parameters
    ----------
    model : predictor
        Any predictor whose fit depends on rows and options alone (same seed, same answer).

    Attributes
    ----------
    seconds : float
        What the last real fit took; NaN before.
    n_fits : int
        How many real fits there were.

    Derived in chapter 7.
    """

    def __init__(self, model) -> None:
        self.model, self.seconds, self.n_fits, self._fitted_on = model, float("nan"), 0, None

    def train(self, ctrl_emb, pert_emb, pert_cov, **options) -> None:
        """Fit, unless the last fit was on the same rows with the same options.

        Parameters
        ----------
        ctrl_emb, pert_emb : array of shape (n, embed_dim)
        pert_cov : array of shape (n, cov_dim)
        **options
            Passed on to the model. One that is neither plain (numbers, text, None, lists, tuples
            and dicts of them) nor an array of numbers or text is taken for another one each time.
        """
        rows = [_array(x) for x in (ctrl_emb, pert_emb, pert_cov)]
        given = _fingerprint([*rows, *sorted(options.items())])
        if given is not None and given == self._fitted_on:
            return
        self._fitted_on = None  # a fit that fails or is interrupted counts for nothing
        start = perf_counter()
        self.model.train(ctrl_emb, pert_emb, pert_cov, **options)
        self.seconds, self.n_fits = perf_counter() - start, self.n_fits + 1
        self._fitted_on = given

    def predict(self, ctrl_emb, pert_cov) -> np.ndarray:
        """Ask the model: (n, embed_dim) and (n, cov_dim) to (n, embed_dim), float32."""
        return self.model.predict(ctrl_emb, pert_cov)


def _array(rows):
    """What can be fingerprinted; rows of different lengths are left for the model to refuse."""
    try:
        return rows if is_mapped(rows) else np.asarray(rows)
    except ValueError:
        return rows


def _fingerprint(value):
    """Digest of type and content; None where there is a value whose content it cannot read."""
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        return _array_fingerprint(value)
    elif isinstance(value, dict | list | tuple):
        parts = [_fingerprint(x) for x in (value.items() if isinstance(value, dict) else value)]
        if None in parts:
            return None
        kind, content = f"{type(value)} {len(parts)}", "".join(parts).encode()
    elif value is None or isinstance(value, bool | int | float | str | np.generic):
        kind, content = f"{type(value)}", repr(value).encode()
    else:
        return None
    return hashlib.sha256(f"{kind} ".encode() + content).hexdigest()


def _array_fingerprint(array):
    digest = hashlib.sha256(f"{array.dtype} {array.shape} ".encode())
    rows_of = np.atleast_1d(array)
    for rows in pieces(len(rows_of), array.size // max(1, len(rows_of))):
        digest.update(rows_of[rows].tobytes())
        release(array)
    return digest.hexdigest()
