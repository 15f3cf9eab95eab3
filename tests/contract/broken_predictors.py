"""Predictors with one fault each, made from the sound one.

In the edits, y is the prediction, x the controls, z the perturbed cells, d the descriptors.
"""

from functools import partial

import numpy as np

from .sound_predictors import Changed, Good, after, array, before, noise, regrouped, teach


class NoPredict:
    train = Good.train


class NoTrain:
    predict = Good.predict


class PredictIsText:
    train, predict = Good.train, "later"


def needs_a_path(path):
    return Good()


def cannot_start():
    raise OSError("no\nweights here. Sorry.")


_only = Good()


def the_same_again():
    return _only


class MeanShift(Good):
    def train(self, ctrl_emb, pert_emb, pert_cov):
        super().train(ctrl_emb, pert_emb, pert_cov)
        self.shift = (array(pert_emb) - array(ctrl_emb)).mean(axis=0)

    def predict(self, ctrl_emb, pert_cov):
        super().predict(ctrl_emb, pert_cov)
        return array(ctrl_emb) + self.shift


class AnswersUntrained(Good):
    def predict(self, ctrl_emb, pert_cov):
        return array(ctrl_emb) if self.weights is None else super().predict(ctrl_emb, pert_cov)


class Drifts(Good):
    n_calls = 0

    def predict(self, ctrl_emb, pert_cov):
        self.n_calls += 1
        return super().predict(ctrl_emb, pert_cov) + np.float32(0.1 * self.n_calls)


class LooksUp(Good):
    """Gives its answer, and which rows it has no business to know, to `unknown`."""

    def __init__(self, unknown):
        self.unknown = unknown

    def train(self, ctrl_emb, pert_emb, pert_cov):
        super().train(ctrl_emb, pert_emb, pert_cov)
        self.seen = {tuple(row) for row in array(pert_cov)}

    def predict(self, ctrl_emb, pert_cov):
        new = np.array([tuple(row) not in self.seen for row in array(pert_cov)])
        return self.unknown(super().predict(ctrl_emb, pert_cov), new)


def fail(error, when=True):
    """Raise the error, or be nothing: `fail(...) or y` is y."""
    if when:
        raise error


def crash(error, when):
    """A predictor that raises in predict when(x) holds."""
    return after(lambda y, x, d: y if not when(x) else fail(error))


def write(position):
    """An edit that writes into one of its arguments, array or list."""

    def edit(*given):
        given[position][0][0] += 1
        return given

    return edit


def spoil(value):
    """An edit that puts a value into the prediction."""

    def edit(y, x, d):
        y[3, 2] = value
        return y

    return edit


def grow(y, x, d):
    if isinstance(d, list):
        d.append(d[0])
    return y


def new_weights(good, x, z, d):
    good.train(x, z, d)
    good.weights = good.weights + noise(None, good.weights)


def refuse_as_torch_does(good, x, d):
    try:
        return good.predict(x, d)
    except ValueError as error:
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied") from error


def is_double(x):
    return not isinstance(x, list) and x.dtype == np.float64


def is_list(x):
    return isinstance(x, list)


def widen(x, like):
    return np.pad(array(x), ((0, 0), (0, np.shape(like)[1] - np.shape(x)[1])))


LISTS, ORDER, USES, SHAPES = (
    "float64 and lists",
    "row order",
    "uses the descriptor",
    "refuses mismatched shapes",
)
SHORT_P, SHORT_D, THIN_P, WIDE_X, ONE_X, WIDE_D, FEW_D, ONE_D = (
    "given pert_emb one row short, train took it",
    "given pert_cov one row short, train took it",
    "given pert_emb one column short, train took it",
    "given ctrl_emb one column too wide, predict took it",
    "given ctrl_emb of one column, predict took it",
    "given pert_cov one column too wide, predict took it",
    "given pert_cov one row short, predict took it",
    "given one row of pert_cov for many cells, predict took it",
)

BROKEN = {  # what it does: the rule it breaks, words its message must hold, how to build it
    "same object": ("factory", "same object", the_same_again),
    "needs a path": ("factory", "TypeError (needs_a_path() missing", needs_a_path),
    "cannot start": ("factory", "OSError (no weights here)", cannot_start),
    "no predict": ("protocol", "NoPredict has no method predict", NoPredict),
    "no train": ("protocol", "NoTrain has no method train", NoTrain),
    "predict is text": ("protocol", "no method predict", PredictIsText),
    "train fails": ("train", "train raised OSError (a)", teach(lambda *_: fail(OSError("a. b")))),
    "predict fails": ("predict", "predict raised KeyError", crash(KeyError("a"), len)),
    "train writes x": ("inputs unchanged", "train changed ctrl_emb", teach(write(0))),
    "train writes z": ("inputs unchanged", "train changed pert_emb", teach(write(1))),
    "train writes d": ("inputs unchanged", "train changed pert_cov", teach(write(2))),
    "writes x": ("inputs unchanged", "predict changed ctrl_emb", after(lambda *a: write(1)(*a)[0])),
    "writes d": ("inputs unchanged", "predict changed pert_cov", after(lambda *a: write(2)(*a)[0])),
    "grows a list": ("inputs unchanged", "predict changed pert_cov", after(grow)),
    "float64": ("dtype", "returned float64", after(lambda y, x, d: y.astype(np.float64))),
    "integers": ("dtype", "returned int32", after(lambda y, x, d: y.astype(np.int32))),
    "list": ("dtype", "returned a list", after(lambda y, x, d: y.tolist())),
    "narrow": ("shape", "shape (360, 7) where (360, 8)", after(lambda y, x, d: y[:, 1:])),
    "row too many": ("shape", "(361, 8)", after(lambda y, x, d: np.vstack([y, y[:1]]))),
    "one NaN": ("finite", "NaN", after(spoil(np.nan))),
    "one infinity": ("finite", "infinite", after(spoil(np.inf))),
    "drifts": ("predict is repeatable", "differ by up to 0.1", Drifts),
    "squeezes": ("single row", "shape (8,)", after(lambda y, x, d: y[0] if len(y) == 1 else y)),
    "many rows only": ("single row", "IndexError", crash(IndexError("n"), lambda x: len(x) == 1)),
    "predict, no lists": (
        LISTS,
        "predict raised AttributeError",
        crash(AttributeError("a"), is_list),
    ),
    "predict, no double": (LISTS, "predict raised TypeError", crash(TypeError("a"), is_double)),
    "lists differ": (LISTS, "nested lists differ", after(lambda y, x, d: y + array(is_list(x)))),
    "double differs": (
        LISTS,
        "float64 arrays differ",
        after(lambda y, x, d: y + array(is_double(x))),
    ),
    "train, no lists": (LISTS, "train raised Att", teach(lambda x, z, d: (x, z.view(), d))),
    "train, no double": (
        LISTS,
        "TypeError",
        teach(lambda *a: fail(TypeError("a"), is_double(a[0])) or a),
    ),
    "learns other": (
        LISTS,
        "trained on",
        teach(lambda x, z, d: (x, array(z) * (1 + is_list(z)), d)),
    ),
    "shuffles": (ORDER, "another", after(lambda y, x, d: np.random.default_rng(0).permutation(y))),
    "sorts huge rows": (ORDER, "another", after(lambda y, x, d: array(1e30) * y[np.lexsort(y.T)])),
    "sorts": (ORDER, "another order", after(lambda y, x, d: y[np.lexsort(y.T)])),
    "groups": (ORDER, "another order", after(lambda y, x, d: y[np.lexsort(array(d).T)])),
    "scrambles each group": (ORDER, "another order", after(lambda y, x, d: regrouped(y, d))),
    "scrambles means": (ORDER, "another", after(lambda y, x, d: (y - array(x))[np.lexsort(y.T)])),
    "first descriptor": (
        ORDER,
        "another",
        before(lambda x, d: (x, np.repeat(d[:1], len(d), axis=0))),
    ),
    "no change": (USES, "(largest difference 0)", after(lambda y, x, d: array(x))),
    "mean shift": (USES, "(largest difference 0)", MeanShift),
    "noise by position": (
        USES,
        "(largest difference 0)",
        after(lambda y, x, d: array(x) + noise(7, y)),
    ),
    "unknown fails": (
        "unseen descriptor",
        "KeyError",
        partial(LooksUp, lambda y, new: fail(KeyError("a"), new.any()) or y),
    ),
    "unknown is NaN": (
        "unseen descriptor",
        "NaN",
        partial(LooksUp, lambda y, new: np.where(new[:, None], array(np.nan), y)),
    ),
    "unknown is dropped": (
        "unseen descriptor",
        "shape (30, 8)",
        partial(LooksUp, lambda y, new: y[~new]),
    ),
    "an epsilon": (
        "beats no change",
        "1 times",
        after(lambda y, x, d: y - array(0.999) * (y - array(x))),
    ),
    "opposite": ("beats no change", "4 times", after(lambda y, x, d: 2 * array(x) - y)),
    "few perturbed": (SHAPES, SHORT_P, teach(lambda x, z, d: (x[: len(z)], z, d[: len(z)]))),
    "few descriptors": (SHAPES, SHORT_D, teach(lambda x, z, d: (x[: len(d)], z[: len(d)], d))),
    "thin perturbed": (SHAPES, THIN_P, teach(lambda x, z, d: (x, widen(z, x), d))),
    "cuts wide cells": (SHAPES, WIDE_X, before(lambda x, d: (x[:, :8], d))),
    "stretches one column": (
        SHAPES,
        ONE_X,
        before(lambda x, d: (x + np.zeros_like(x, shape=8), d)),
    ),
    "cuts wide descriptors": (SHAPES, WIDE_D, before(lambda x, d: (x, d[:, :4]))),
    "as many as descriptors": (SHAPES, FEW_D, before(lambda x, d: (x[: len(d)], d))),
    "repeats a descriptor": (SHAPES, ONE_D, before(lambda x, d: (x, d + 0 * x[:, :1]))),
    "refuses otherwise": (SHAPES, "RuntimeError", partial(Changed, predict=refuse_as_torch_does)),
    "untrained": ("untrained predict is refused", "before train", AnswersUntrained),
    "new weights": ("same seed, same answer", "twice", partial(Changed, train=new_weights)),
}
