"""The contract of a perturbation predictor, and the check that a predictor keeps it."""

import copy
import inspect
from collections.abc import Callable
from functools import partial
from typing import Protocol, runtime_checkable

import numpy as np

from recon_tutorial._given import at_least, is_whole
from recon_tutorial._rules import RULES

__all__ = ["RULES", "ContractError", "PerturbationPredictor", "check_predictor"]

_ARGUMENTS = {"train": ("ctrl_emb", "pert_emb", "pert_cov"), "predict": ("ctrl_emb", "pert_cov")}
_N_PERTURBATIONS, _N_CELLS = _GRID = 6, 60  # tiny, with cells enough to tell means apart


@runtime_checkable
class PerturbationPredictor(Protocol):
    """What every predictor can do: learn from pairs of cells, then answer for new cells.

    A class with both methods is one; `check_predictor` tests the rest.

    Derived in chapter 2.
    """

    def train(self, ctrl_emb, pert_emb, pert_cov, **kwargs) -> None:
        """Learn how perturbations move cells, from n pairs.

        Parameters
        ----------
        ctrl_emb, pert_emb : array of shape (n, embed_dim)
        pert_cov : array of shape (n, cov_dim)
            The descriptor of each row; a ValueError refuses shapes that do not fit together.
        **kwargs
            The predictor's own options, each with a default.
        """

    def predict(self, ctrl_emb, pert_cov) -> np.ndarray:
        """Move each control cell as its row's descriptor says.

        Parameters
        ----------
        ctrl_emb, pert_cov : array of shape (n, embed_dim) and (n, cov_dim)

        Returns
        -------
        array of shape (n, embed_dim), float32
            Row i answers row i; a ValueError refuses shapes that do not fit those of `train`.
        """


class ContractError(AssertionError):
    """A predictor broke `rule`, a key of `RULES`.

    An `AssertionError`: to a test runner a failure, and never taken for a refusal (ValueError).

    Derived in chapter 2.
    """

    rule: str = ""


def check_predictor(
    factory: Callable[..., PerturbationPredictor],
    *,
    embed_dim: int = 8,
    cov_dim: int = 4,
    seed: int = 0,
) -> None:
    """Check that a predictor keeps the contract: silence means yes.

    What scikit-learn's `check_estimator` is to estimators: the rules of `RULES` are tried on a
    tiny linear world, the basic ones first, with three fits in all.

    Parameters
    ----------
    factory : class or function
        Builds an untrained predictor. It gets the keywords `embed_dim` and `cov_dim` if its
        signature names both, else nothing.
    embed_dim, cov_dim : int
        Width of the cells (2 or more) and of the descriptors (1 or more).
    seed : int
        Seed of the world.

    Raises
    ------
    ContractError
        At the first rule broken: says which, what was seen and how to mend it.
    TypeError
        If `factory` cannot be called, or is a predictor rather than what builds one.
    ValueError
        If `embed_dim` or `cov_dim` is too small.

    Examples
    --------
    >>> from recon_tutorial.predictors import MeanShift, RidgeShift
    >>> check_predictor(RidgeShift)  # silence: it keeps the contract
    >>> check_predictor(MeanShift)
    Traceback (most recent call last):
    recon_tutorial.protocol.ContractError: [uses the descriptor] two descriptors gave the same ...

    Derived in chapter 2.
    """
    if not (is_whole(embed_dim) and is_whole(cov_dim)) or embed_dim < 2 or cov_dim < 1:
        raise ValueError(f"{embed_dim=} and {cov_dim=} make no world: ask for at least 2 and 1")
    at_least(0, seed=seed)
    build = partial(_build, factory, embed_dim=embed_dim, cov_dim=cov_dim)
    descriptors, cells, (ctrl, pert, cov), order = _make_world(embed_dim, cov_dim, seed)
    model, untrained = build(), build()
    if model is untrained:
        raise _broken("factory", "two calls of the factory returned the same object")
    if missing := [name for name in _ARGUMENTS if not callable(getattr(model, name, None))]:
        raise _broken("protocol", f"{type(model).__name__} has no method {missing[0]}")
    _call("train", model, "train", *cells)
    answer = _predict("predict", model, ctrl, cov)
    rule = "predict is repeatable"
    _agree(rule, answer, _predict(rule, model, ctrl, cov), "two calls of predict in a row")
    _predict("single row", model, ctrl[:1], cov[:1])
    rule = "float64 and lists"
    for kind, turn in {"float64 arrays": np.float64, "nested lists": np.ndarray.tolist}.items():
        other = _predict(rule, model, turn(ctrl), turn(cov))
        _agree(rule, answer, other, f"predictions from float32 arrays and {kind}")
    _check_row_order(model, ctrl, cov, answer, order)
    _check_descriptor(model, ctrl[:_N_CELLS], descriptors)
    _check_beats_no_change(answer, ctrl, pert)
    _check_refusals(model, build, cells, ctrl, cov)
    if _attempt(untrained, "predict", ctrl, cov)[1] is None:
        raise _broken("untrained predict is refused", "predict answered before train was called")
    lists = np.float64(cells[0]), cells[1].tolist(), cells[2].tolist()
    for rule, how, given in (
        ("same seed, same answer", "twice on the same cells", cells),
        ("float64 and lists", "on float32 arrays and on float64 and lists", lists),
    ):
        fresh = build()
        _call(rule, fresh, "train", *given)
        _agree(rule, answer, _predict(rule, fresh, ctrl, cov), f"predictors trained {how}")


def _build(factory, **sizes):
    built = isinstance(factory, PerturbationPredictor) and not inspect.isclass(factory)
    if built or not callable(factory):
        raise TypeError(f"factory is a {type(factory).__name__} object: {RULES['factory']}")
    try:
        names = inspect.signature(factory).parameters
        return factory(**sizes) if sizes.keys() <= names.keys() else factory()
    except Exception as error:  # a stranger's code: whatever it raises is the finding
        raise _broken("factory", f"the factory raised {_said(error)}") from error


def _make_world(embed_dim, cov_dim, seed):
    """Descriptors (the last not in training), training pairs, held-out pairs, a row order."""
    rng = np.random.default_rng(seed)
    descriptors = rng.normal(size=(_N_PERTURBATIONS + 1, cov_dim)).astype(np.float32)
    weights = rng.normal(0, 1.5 / np.sqrt(cov_dim), (cov_dim, embed_dim))

    def draw(order):
        cov = np.repeat(descriptors[:-1], _N_CELLS, axis=0)[order]
        ctrl = rng.normal(size=(len(cov), embed_dim)).astype(np.float32)
        pert = ctrl + cov @ weights + rng.normal(0, 0.1, ctrl.shape)
        return ctrl, pert.astype(np.float32), cov

    # One stream: a shuffle equal to one inside the predictor would undo it and hide it.
    first, second = (rng.permutation(_N_PERTURBATIONS * _N_CELLS) for _ in range(2))
    return descriptors, draw(first), draw(slice(None)), second


def _broken(rule, seen):
    error = ContractError(f"[{rule}] {seen}: {RULES[rule]}")
    error.rule = rule
    return error


def _said(error):  # on one line, the first sentence only
    return f"{type(error).__name__} ({' '.join(str(error).split()).split('. ')[0].rstrip('.')})"


def _attempt(model, method, *arrays):
    try:
        return getattr(model, method)(*arrays), None
    except Exception as error:  # a stranger's code: whatever it raises is the finding
        return None, error


def _call(rule, model, method, *arrays):
    given = copy.deepcopy(arrays)
    answer, error = _attempt(model, method, *given)
    if error is not None:
        raise _broken(rule, f"{method} raised {_said(error)}") from error
    for name, before, after in zip(_ARGUMENTS[method], arrays, given, strict=True):
        if not np.array_equal(before, after):
            raise _broken("inputs unchanged", f"{method} changed {name}")
    return answer


def _predict(rule, model, ctrl, cov):
    out, due = _call(rule, model, "predict", ctrl, cov), np.shape(ctrl)
    if not isinstance(out, np.ndarray):
        flaw, seen = "dtype", f"a {type(out).__name__}, not a numpy array"
    elif out.shape != due:
        flaw, seen = "shape", f"shape {out.shape} where {due} was due"
    elif out.dtype != np.float32:
        flaw, seen = "dtype", f"{out.dtype}, not float32"
    elif not np.isfinite(out).all():
        flaw, seen = "finite", "numbers that are NaN or infinite"
    else:
        return out.astype(np.float64)
    raise _broken(flaw if rule == "predict" else rule, f"predict returned {seen}")


def _agree(rule, one, two, what):
    gap = np.abs(one - two).max()
    if gap > 1e-3 * one.std():
        raise _broken(rule, f"{what} differ by up to {gap:.2g}")


def _check_row_order(model, ctrl, cov, answer, order):
    # Half as far as a cell treated alike, not equal: a model of sets of cells sees other sets.
    # The small term admits models that give all cells of a perturbation one answer.
    back = np.empty_like(answer)
    back[order] = _predict("row order", model, ctrl[order], cov[order])
    alike = np.roll(answer.reshape(*_GRID, -1), 1, axis=1).reshape(answer.shape)
    own, other = (np.square(x - answer).mean() for x in (back, alike))
    if own > 0.25 * other + 1e-3 * answer.var():
        seen = f"asked in another order, rows moved by {own**0.5:.2g}"
        raise _broken("row order", f"{seen} (cells treated alike are {other**0.5:.2g} apart)")


def _check_descriptor(model, ctrl, descriptors):
    rule, asked = "uses the descriptor", [np.tile(row, (len(ctrl), 1)) for row in descriptors]
    answers = np.array([_predict(rule, model, ctrl, cov) for cov in asked[:-1]])
    if (gap := np.ptp(answers, axis=0).max()) < 1e-5:
        seen = "two descriptors gave the same prediction for the same controls"
        raise _broken(rule, f"{seen} (largest difference {gap:.2g})")
    mixed = np.where(np.arange(len(ctrl))[:, None] % 2, asked[0], asked[-1])
    _predict("unseen descriptor", model, ctrl, mixed)


def _check_beats_no_change(answer, ctrl, pert):
    ours, none = (np.square((x - pert).reshape(*_GRID, -1).mean(1)).mean() for x in (answer, ctrl))
    if ours > 0.9 * none:  # of means, because not every model learns from pairs
        seen = f"on the mean of held-out cells its squared error is {ours / none:.2g} times"
        raise _broken("beats no change", f"{seen} that of predicting no change")


def _check_refusals(model, build, cells, ctrl, cov):
    for method, seen, arrays in (
        ("train", "pert_emb one row short", (cells[0], cells[1][:-1], cells[2])),
        ("train", "pert_cov one row short", (*cells[:2], cells[2][:-1])),
        ("train", "pert_emb one column short", (cells[0], cells[1][:, :-1], cells[2])),
        ("predict", "ctrl_emb one column too wide", (np.insert(ctrl, 0, 0, axis=1), cov)),
        ("predict", "ctrl_emb of one column", (ctrl[:, :1], cov)),
        ("predict", "pert_cov one column too wide", (ctrl, np.insert(cov, 0, 0, axis=1))),
        ("predict", "pert_cov one row short", (ctrl, cov[:-1])),
        ("predict", "one row of pert_cov for many cells", (ctrl, cov[:1])),
    ):
        _, error = _attempt(build() if method == "train" else model, method, *arrays)
        if not isinstance(error, ValueError):
            what = "took it" if error is None else f"raised {_said(error)}"
            raise _broken("refuses mismatched shapes", f"given {seen}, {method} {what}") from error
