"""A predictor in another process that keeps, or breaks, the contract as if it were in this one."""

from __future__ import annotations

import math
import re

import numpy as np

from recon_tutorial.grading._worker import Stopped, Worker

DTYPE = re.compile(r"[<>|=][fiub][1248]|[<>|=]f16")


class SubmissionError(Exception):
    """What the submission raised, under the name it had there."""


class RemotePredictor:
    """Stands for one predictor of a submission; what it cannot know, the worker tells it.

    Parameters
    ----------
    worker : Worker
    which : int
        The number of the predictor in its process.
    """

    def __init__(self, worker: Worker, which: int) -> None:
        self._worker, self._which = worker, which

    def train(self, ctrl_emb, pert_emb, pert_cov) -> None:
        """Let the submission train; raises what it raised."""
        self._ask("train", ctrl_emb, pert_emb, pert_cov)

    def predict(self, ctrl_emb, pert_cov) -> np.ndarray:
        """Return what the submission answers, whatever its shape and type."""
        answer = self._ask("predict", ctrl_emb, pert_cov)
        if "shape" not in answer:
            return _instance_of(answer.get("type"))
        return _array(answer, np.shape(ctrl_emb), self._worker.read)

    def _ask(self, method, *arrays):
        answer = self._worker.ask({"do": method, "which": self._which}, arrays)
        _raise(answer)
        if answer.get("changed"):
            self._mirror(answer["changed"], method, arrays)
        return answer

    def _mirror(self, changed, method, arrays):
        """Change the grader's copy, too, where the submission changed its own."""


class _Mirroring(RemotePredictor):
    def _mirror(self, changed, method, arrays):
        names = (
            ("ctrl_emb", "pert_emb", "pert_cov") if method == "train" else ("ctrl_emb", "pert_cov")
        )
        for name, array in zip(names, arrays, strict=True):
            if name in changed:
                array[:] = [] if isinstance(array, list) else np.nan


def remote_factory(worker: Worker, *, mirror: bool = False):
    """Return the submission's ``make_predictor``, whose predictors stay in their process.

    Parameters
    ----------
    worker : Worker
        One that has loaded the submission.
    mirror : bool
        Let arrays that the submission changes change here, for `check_predictor` to see.
    """
    known = {}

    def make_predictor(embed_dim, cov_dim):
        answer = worker.ask({"do": "new", "sizes": {"embed_dim": embed_dim, "cov_dim": cov_dim}})
        _raise(answer)
        which = answer.get("which")
        if which not in known:
            kind = _Mirroring if mirror else RemotePredictor
            # Named as the submission's class, for messages name it.
            model = type(_name(answer.get("type")), (kind,), {})(worker, which)
            for method in {"train", "predict"}.difference(answer.get("methods") or ()):
                setattr(model, method, None)
            known[which] = model
        return known[which]

    return make_predictor


def _raise(answer):
    """Raise an error of the name and kind that the submission raised."""
    if "error" not in answer:
        return
    name, message = _name(answer["error"]), str(answer.get("message"))
    if name == "MemoryError":
        raise Stopped("out of memory", "it asked for more memory than it was given")
    kinds = (SubmissionError, ValueError) if answer.get("is_value_error") else (SubmissionError,)
    raise type(name, kinds, {})(message)


def _array(answer, due, read):
    """Check what the answer claims to be before a byte of it is read."""
    shape, dtype = answer["shape"], answer.get("dtype")
    sizes = isinstance(shape, list) and len(shape) <= 32
    if not (sizes and all(type(size) is int and size >= 0 for size in shape)):
        raise Stopped("crashed", "it answered with a shape that is none")
    if not (isinstance(dtype, str) and DTYPE.fullmatch(dtype)):
        return _instance_of(f"array of {dtype}")
    dtype = np.dtype(dtype)
    if tuple(shape) != due:  # no numbers follow
        if math.prod(shape) > 1 << 40 or len(shape) > 8:
            return _instance_of("far too large array")
        return np.broadcast_to(dtype.type(0), shape)
    return np.frombuffer(read(int(np.prod(due)) * dtype.itemsize), dtype).reshape(due)


def _instance_of(name):
    return type(_name(name), (), {})()


def _name(words):
    """A stranger's word as a name: letters, digits and a few signs, never long."""
    return re.sub(r"[^\w. ]", "", str(words))[:60] or "unnamed"
