"""Tests of what is optional: run where it is expected, skipped aloud elsewhere."""

import importlib
import os

import pytest

from recon_tutorial.predictors._outside import require

MODULES = {
    "cellflow": "cellflow.model",
    "state": "state.tx.models.state_transition",
    "sweep": "distributed",
}


def needs(extra):
    """Go on if the extra imports; else fail where it was promised, and skip where it was not.

    RECON_TUTORIAL_EXTRAS names what was promised, and `make` sets it to what it has installed.
    """
    try:
        how = "the extra `sweep` brings it" if extra == "sweep" else f"make {extra} brings it"
        require(MODULES[extra], extra, how)
    except ImportError as error:
        if extra in _promised():
            raise
        pytest.skip(str(error))


def other_evaluator(module):
    """Import a module of another evaluator, which the extra `interop` brings."""
    if "interop" in _promised():
        return importlib.import_module(module)
    return pytest.importorskip(module, reason="make interop brings it")


def _promised():
    return os.environ.get("RECON_TUTORIAL_EXTRAS", "cellflow state interop").split()
