"""From a submission file to a grade: the contract, then one hidden world after another."""

from __future__ import annotations

import hashlib
import os
import secrets
import time
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from recon_tutorial._given import a_path, names
from recon_tutorial.evaluation import evaluate
from recon_tutorial.grading._limits import MIB, Limits
from recon_tutorial.grading._remote import SubmissionError, remote_factory
from recon_tutorial.grading._sandbox.prctl import adopt_orphans, hide_memory
from recon_tutorial.grading._verdicts import BASELINE, METRIC, MODEL, Grade, row, verdict
from recon_tutorial.grading._worker import Stopped, Worker
from recon_tutorial.grading._worlds import DIMS, derived_seed, hidden_world
from recon_tutorial.predictors import RidgeShift
from recon_tutorial.protocol import ContractError, check_predictor
from recon_tutorial.screen import EFFECTS

MAX_SOURCE = MIB


def grade(
    submission: str | os.PathLike,
    *,
    seed: int | None = None,
    limits: Limits | None = None,
    worlds: tuple[str, ...] = EFFECTS,
) -> Grade:
    """Grade a predictor that somebody else wrote.

    `check_predictor` and `evaluate` run here, in this process; the submission runs in others,
    which get training rows, test controls and descriptors, and nothing else.
    No truth is written to a file. Whatever happens, its processes and its folder are gone when
    this returns.

    Parameters
    ----------
    submission : path
        A Python file with a function or class ``make_predictor(embed_dim, cov_dim)``.
    seed : int, optional
        Secret of the hidden worlds, 64 bits or more: the same one gives the same worlds. By default
        a new one of 128 bits is drawn, and told in the grade.
    limits : Limits, optional
        What each of its processes may use.
    worlds : tuple of str
        Effects of the hidden worlds, see `simulate_screen`.

    Returns
    -------
    Grade

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no small text file, a world is unknown or the seed is short.
    RuntimeError
        If its processes cannot be started, or cannot be ended.

    Described on the page teaching/project_brief.
    """
    path = Path(a_path(submission, "submission"))
    start, limits = time.monotonic(), limits or Limits()
    source, worlds = _read(path), tuple(names(worlds, "worlds"))
    if unknown := sorted(set(worlds) - set(EFFECTS)):
        raise ValueError(f"world {unknown[0]!r} is unknown: choose among {', '.join(EFFECTS)}")
    if not worlds:
        raise ValueError(f"there is no world to grade in: choose among {', '.join(EFFECTS)}")
    told = secrets.randbits(128) | 1 << 127 if seed is None else None
    secret = told if seed is None else seed
    derived_seed(secret)  # refuses a short one before anything runs
    result = Grade(path.name, hashlib.sha256(source).hexdigest(), limits=asdict(limits), seed=told)
    steps, tables = ["the contract", *(f"the {world} world" for world in worlds)], []
    with guarded():
        try:
            _check_contract(result, source, limits, secret)
            for world in worlds:
                tables.append(_score(result, source, limits, world, secret))
        except Stopped as stop:
            done = len(tables) + bool(result.contract.get("kept"))
            result.verdict, result.reason = stop.kind, f"in {steps[done]}: {stop}"
            result.unchecked = steps[done + 1 :]
    if len(tables) == len(worlds):
        every = pd.concat(tables)
        every.attrs = tables[0].attrs
        result.overall = row(every)
        result.versions = every.attrs["versions"]
        result.verdict, result.reason = verdict(result.overall)
    result.seconds = time.monotonic() - start
    return result


def _read(path):
    if not path.is_file():
        raise FileNotFoundError(f"there is no submission {path}: give the path of a .py file")
    if path.stat().st_size > MAX_SOURCE:
        raise ValueError(f"{path} is larger than 1 MiB: a submission is one file of Python")
    return path.read_bytes()


@contextmanager
def guarded():
    """Hide this process's memory from others of this user, and adopt what its children leave."""
    hide_memory()
    adopt_orphans()
    try:
        yield
    finally:
        adopt_orphans(False)
        hide_memory(False)


@contextmanager
def _visit(result, source, limits, seen):
    """Run the submission in a new process, and note in `seen` and `result` what it did."""
    worker = Worker(source, limits, name=result.submission)
    try:
        answer = worker.ask({"do": "load"})
        if "error" in answer:
            kind = "out of memory" if answer["error"] == "MemoryError" else "cannot be loaded"
            raise Stopped(kind, f"it raised {answer['error']} ({answer.get('message')})")
        yield worker
    finally:
        worker.close()
        seen |= {"seconds": worker.seconds, "peak_mib": worker.peak / MIB}
        result.output = worker.output.decode(errors="replace")
        result.trace, result.confined = worker.trace, worker.confined
        result.attempts += [words for words in worker.attempts if words not in result.attempts]


def _check_contract(result, source, limits, secret):
    seen = result.contract
    seen |= {"kept": False, "rule": None}
    with _visit(result, source, limits, seen) as worker:
        try:
            factory = remote_factory(worker, mirror=True)
            check_predictor(factory, seed=derived_seed(secret, "contract"))
        except ContractError as error:
            seen["rule"] = error.rule
            raise Stopped("broke the contract", str(error)) from error
        seen["kept"] = True


def _score(result, source, limits, effect, secret):
    """Scores of one world, in a process that knows of no other."""
    world, seen = hidden_world(effect, secret), {"world": effect}
    with _visit(result, source, limits, seen) as worker:
        try:
            models = {MODEL: remote_factory(worker)(**DIMS), BASELINE: RidgeShift()}
        except SubmissionError as error:
            raise Stopped("crashed", f"it raised {type(error).__name__} ({error})") from error
        options = {"metrics": [METRIC], "seed": world.seed, "progress": False}
        results = evaluate(models, world.screen, world.split, **options)
    failed = results[(results["model"] == MODEL) & results["metric"].isna()]
    if len(failed):
        raise Stopped("crashed", failed["note"].iloc[0].removeprefix("failed: "))
    floor = results.loc[results["model"] == MODEL, "note"].iloc[0].partition("floor: ")[2]
    result.worlds.append(seen | row(results) | {"floor_model": floor.partition(";")[0]})
    results.attrs["seed"] = world.seed
    return results.assign(perturbation=effect + " " + results["perturbation"].astype(str))
