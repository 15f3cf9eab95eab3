"""Tests of the two optional models: run where they are expected, skipped aloud elsewhere."""

import os

import pytest

from recon_tutorial.predictors._outside import require

MODULES = {"cellflow": "cellflow.model", "state": "state.tx.models.state_transition"}


def needs(extra):
    """Go on if the extra imports; else fail where it was promised, and skip where it was not.

    RECON_TUTORIAL_EXTRAS names what was promised, and `make` sets it to what it has installed.
    """
    promised = os.environ.get("RECON_TUTORIAL_EXTRAS", "cellflow state").split()
    try:
        require(MODULES[extra], extra, f"make {extra} brings it")
    except ImportError as error:
        if extra in promised:
            raise
        pytest.skip(str(error))
