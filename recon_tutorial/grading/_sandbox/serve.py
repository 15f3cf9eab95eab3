"""Answer the grader's questions with the submission's code: load, new, train, predict."""

from __future__ import annotations

import copy
import importlib.util
import inspect
import math
import os
import re
import sys
import traceback

import numpy as np
import wire

ANOTHER_PROCESS = re.compile(r"/proc/(\d+)(/|$)")
METHODS = {"train": ("ctrl_emb", "pert_emb", "pert_cov"), "predict": ("ctrl_emb", "pert_cov")}
MAX_ATTEMPTS, MAX_TEXT, MAX_TRACE = 20, 500, 4000


def serve(channel, path: str, confined: list[str]) -> None:
    """Answer until the grader closes the channel (EOFError)."""
    read, built, attempts, factory = wire.reader(channel), [], [], None
    wire.send(channel, {"confined": confined})
    sys.addaudithook(_noticer(attempts))
    while True:
        asked = wire.receive(read)
        arrays = [_unpacked(what, read) for what in asked.get("arrays", ())]
        parts = ()
        try:
            if asked["do"] == "load":
                factory, answer = _load(path), {}
            elif asked["do"] == "new":
                answer = _build(factory, built, asked["sizes"])
            else:
                answer, parts = _call(built[asked["which"]], asked["do"], arrays)
        # A stranger's code ran: whatever it raised, SystemExit too, is the answer.
        except BaseException as error:
            answer = {
                "error": type(error).__name__,
                "is_value_error": isinstance(error, ValueError),
                "message": str(error)[:MAX_TEXT],
                "trace": traceback.format_exc()[-MAX_TRACE:],
            }
        wire.send(channel, answer | {"attempts": attempts}, parts)


def _load(path):
    spec = importlib.util.spec_from_file_location("submission", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["submission"] = module  # as an import does it: dataclasses look there
    spec.loader.exec_module(module)
    if not callable(getattr(module, "make_predictor", None)):
        raise AttributeError("it has no function or class make_predictor")
    return module.make_predictor


def _build(factory, built, sizes):
    """Build a predictor as `check_predictor` does, and say which of all this one is."""
    names = inspect.signature(factory).parameters
    model = factory(**sizes) if sizes.keys() <= names.keys() else factory()
    which = next((i for i, other in enumerate(built) if other is model), len(built))
    if which == len(built):
        built.append(model)
    methods = [name for name in METHODS if callable(getattr(model, name, None))]
    return {"which": which, "type": type(model).__name__[:MAX_TEXT], "methods": methods}


def _call(model, method, arrays):
    before = copy.deepcopy(arrays)
    out = getattr(model, method)(*arrays)
    pairs = zip(METHODS[method], before, arrays)
    changed = [name for name, old, new in pairs if not np.array_equal(old, new)]
    if method == "train":
        return {"changed": changed}, ()
    answer, parts = {"changed": changed, "type": type(out).__name__[:MAX_TEXT]}, ()
    if isinstance(out, np.ndarray):
        answer |= {"shape": list(out.shape), "dtype": out.dtype.str}
        # Of a wrong shape or kind, the shape and kind are all the grader needs.
        if out.shape == np.shape(before[0]) and out.dtype.kind in "fiub":
            parts = (np.ascontiguousarray(out).tobytes(),)
    return answer, parts


def _unpacked(what, read):
    """Return an array, or the nested list that it was."""
    dtype, shape = np.dtype(what["dtype"]), what["shape"]
    data = bytearray(read(math.prod(shape) * dtype.itemsize))
    array = np.frombuffer(data, dtype).reshape(shape)
    return array.tolist() if what["list"] else array


def _noticer(attempts):
    """Note what a predictor has no reason to do, for the report.

    Information, not protection: code that knows of this hook can go around it.
    """

    def notice(event, details):
        words = ""
        if event == "open" and isinstance(details[0], str):
            found = ANOTHER_PROCESS.match(os.path.normpath(details[0]))
            if found and int(found[1]) != os.getpid():
                words = f"opened {details[0]}"
        elif event == "socket.connect":
            words = f"connected to {details[1]}"
        elif event in ("os.kill", "os.killpg") and details[0] != os.getpid():
            words = f"sent signal {details[1]} to process {details[0]}"
        if words and len(attempts) < MAX_ATTEMPTS and words[:MAX_TEXT] not in attempts:
            attempts.append(words[:MAX_TEXT])

    return notice
