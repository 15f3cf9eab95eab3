"""The frame of every check: nothing tried, cannot be read, not yet, right, and three hints."""

from __future__ import annotations

import inspect
from numbers import Real

import numpy as np

from recon_tutorial.exercises.feedback import Feedback

_MORE = "Three hints are ready: add `hint=1`, then 2, then 3 to the call."


def judge(answer, look, *, asked: str, hints: tuple[str, str, str], hint: int) -> Feedback:
    """Feedback on an answer: `look` reads it and returns `right(...)` or `wrong(...)`."""
    if hint not in range(4):
        raise ValueError(f"hint={hint!r} is no step: pass hint=1, hint=2 or hint=3")
    if _untried(answer):
        found = Feedback(False, f"**Not tried yet:** put {asked} in place of `...`.", tried=False)
    else:
        try:
            found = look(answer)
        except (TypeError, ValueError) as error:  # what was given does not fit: it says so itself
            found = wrong(f"{_sentence(error)} This exercise asks for {asked}.")
    if found.passed:
        return found
    more = f"**Hint {hint} of 3.** {hints[hint - 1]}" if hint else _MORE
    return Feedback(False, f"{found.message}\n\n{more}", tried=found.tried)


def _sentence(error):
    said = str(error).rstrip(".")
    return f"{said[:1].upper()}{said[1:]}."


def _untried(answer):
    """Whether `...` is the answer or a part of it."""
    return answer is ... or (isinstance(answer, tuple) and any(part is ... for part in answer))


def right(why: str) -> Feedback:
    """The answer passes."""
    return Feedback(True, f"**Right.** {why}")


def wrong(seen: str) -> Feedback:
    """The answer does not pass."""
    return Feedback(False, f"**Not yet.** {seen}")


def array(answer) -> np.ndarray:
    """The answer as a float64 array, or a TypeError."""
    try:
        return np.asarray(answer, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise TypeError(f"this {type(answer).__name__} is no array of numbers") from error


def cells_like(answer, like) -> np.ndarray:
    """The answer as float64 cells of the shape of `like`, or a ValueError."""
    cells = array(answer)
    if cells.shape != np.shape(like):
        raise ValueError(
            f"the answer has shape {cells.shape} where {np.shape(like)} is due: "
            "one row for each test cell, in their order"
        )
    if not np.isfinite(cells).all():
        raise ValueError("the answer holds NaN or infinite values: look for a division by zero")
    return cells


def number(answer) -> float:
    """The answer as one finite number, or a TypeError or ValueError."""
    if not isinstance(answer, Real) or isinstance(answer, bool):
        raise TypeError(f"{answer!r} is not one number")
    value = float(answer)
    if not np.isfinite(value):
        raise ValueError(f"{answer!r} is not a finite number")
    return value


def names(answer) -> list[str]:
    """The answer as a list of names without repeats, or a TypeError."""
    if isinstance(answer, str) or not np.iterable(answer):
        raise TypeError(f"{answer!r} is not a list of names: write [...] around the names")
    return sorted({str(name) for name in answer})


def groups(pairs) -> dict[str, np.ndarray]:
    """Rows of each perturbation, by name."""
    return {str(p): np.flatnonzero(pairs.perturbation == p) for p in np.unique(pairs.perturbation)}


def apart(score, pairs, pred) -> float:
    """Mean over perturbations of score(true cells, predicted cells)."""
    return float(np.mean([score(pairs.pert[r], pred[r]) for r in groups(pairs).values()]))


def answer_of(predictor, train, test) -> np.ndarray:
    """What a reader's predictor, or one built by a reader's class, says of the test rows."""
    kind = predictor if inspect.isclass(predictor) else type(predictor)
    if missing := [name for name in ("train", "predict") if not hasattr(kind, name)]:
        raise TypeError(f"{kind.__name__} has no method {missing[0]}: it is no predictor")
    try:
        model = predictor() if inspect.isclass(predictor) else predictor
        model.train(*train[:3])
        pred = model.predict(test.ctrl, test.cov)
    except Exception as error:  # a reader's code: whatever it raises is the finding
        raise ValueError(f"{kind.__name__} raised {type(error).__name__}: {error}") from error
    return cells_like(pred, test.pert)
