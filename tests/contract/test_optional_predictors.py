"""What CellFlow and STATE have in common: the contract, and good manners."""

import importlib
import json
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from recon_tutorial.predictors import CellFlowPredictor, StatePredictor
from recon_tutorial.predictors.state import MODULE
from recon_tutorial.protocol import check_predictor

# By its path: the folders of tests have no package in common.
needs = runpy.run_path(str(Path(__file__).parents[1] / "unit/optional.py"))["needs"]

CLASSES = {"cellflow": CellFlowPredictor, "state": StatePredictor}
NAMES = {"cellflow": "CellFlow", "state": "STATE"}
INNER = {  # the class that does the work, its training step and its prediction
    "cellflow": ("cellflow.solvers", "OTFlowMatching", "step_fn", "predict"),
    "state": (MODULE, "StateTransitionPerturbationModel", "training_step", "forward"),
}
RNG = np.random.default_rng(0)
DESCRIPTORS = np.vstack([RNG.normal(size=(3, 3)), np.zeros((1, 3))]).astype(np.float32)
COV = np.repeat(DESCRIPTORS[1:], 20, axis=0)  # the first is seen in no training
CTRL = RNG.normal(size=(60, 4)).astype(np.float32)
PERT = (CTRL + COV @ RNG.normal(size=(3, 4))).astype(np.float32)

ALONE = """
import io, json, logging, os, random, sys, warnings
import numpy as np
import torch
from recon_tutorial import predictors

name, answer = sys.argv[1:]
rng = np.random.default_rng(0)
cov = np.repeat(rng.normal(size=(2, 3)), 20, axis=0)
ctrl, pert = rng.normal(size=(40, 4)), rng.normal(size=(40, 4))
torch.set_num_threads(2)
logging.captureWarnings(False)

def world():
    root, numpy_state = logging.getLogger(), np.random.get_state()
    return {
        "path": list(sys.path),
        "warnings": repr(warnings.filters),
        "show warning": repr(warnings.showwarning),
        "root logger": (root.level, list(root.handlers), root.disabled, root.manager.disable),
        "torch threads": torch.get_num_threads(),
        "torch random state": torch.get_rng_state().tolist(),
        "numpy random state": (numpy_state[1].tolist(), numpy_state[2:]),
        "random state": random.getstate(),
        "numpy errors": np.geterr(),
        "torch settings": (torch.get_default_dtype(), torch.is_grad_enabled()),
        "streams": (sys.stdout, sys.stderr, sys.excepthook),
        "folder": os.getcwd(),
    }

outside = {"cellflow", "diffrax", "flax", "jax", "lightning", "ott", "state", "transformers"}
seen = {"imported early": sorted(outside & sys.modules.keys())}
before = world()
model = getattr(predictors, name)(4, 3, n_hidden=8, progress=False)
environment = dict(os.environ)  # jax and lightning set variables on import, and read them later
model.train(ctrl, pert, cov, iterations=2)
model.predict(ctrl, cov)
after = world()
seen["environment"] = dict(os.environ) != environment
seen["changed"] = [key for key in before if before[key] != after[key]]
seen["loggers into the void"] = [
    key for key, logger in logging.root.manager.loggerDict.items()
    for handler in getattr(logger, "handlers", [])
    if isinstance(getattr(handler, "stream", None), io.StringIO)
]
with open(answer, "w") as file:
    json.dump(seen, file)
"""


@pytest.fixture(scope="module", params=CLASSES)
def extra(request):
    needs(request.param)
    return request.param


@pytest.fixture(scope="module")
def fitted(extra):
    model = build(extra)
    model.train(CTRL, PERT, COV, iterations=2)
    return model


def build(extra, **knobs):
    return CLASSES[extra](4, 3, n_hidden=8, **knobs)


def inner(extra):
    module, name, step, predict = INNER[extra]
    return getattr(importlib.import_module(module), name), step, predict


def raising(error, after=0):
    """A method that raises, after so many calls that give a loss of 1 and change no weight."""
    left = [None] * after

    def method(self, *_, **__):
        if not left:
            raise error
        left.pop()
        weights = self.parameters() if hasattr(self, "parameters") else []
        return sum((w.sum() * 0 for w in weights), 1.0)

    return method


def test_the_contract_is_kept(extra):
    check_predictor(CLASSES[extra])


def test_a_first_fit_is_silent_and_leaves_no_trace(extra, tmp_path):
    answer = tmp_path / "answer.json"
    command = [sys.executable, "-c", ALONE, CLASSES[extra].__name__, str(answer)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
    assert json.loads(answer.read_text()) == {
        "imported early": [],
        "environment": False,
        "changed": [],
        "loggers into the void": [],
    }


def test_each_descriptor_has_its_own_answer_the_zero_one_too(fitted):
    answers = [fitted.predict(CTRL, np.tile(row, (60, 1))) for row in DESCRIPTORS]
    assert np.isfinite(answers).all()
    for i, one in enumerate(answers):
        for other in answers[:i]:
            assert np.abs(one - other).mean() > 1e-4
    minus_zero = np.full((60, 3), -0.0, dtype=np.float32)
    np.testing.assert_array_equal(fitted.predict(CTRL, minus_zero), answers[-1])


def test_an_error_in_training_is_ours_and_leaves_no_model(extra, monkeypatch):
    boom, streams, model = ValueError("boom"), (sys.stdout, sys.stderr), build(extra)
    kind, step, _ = inner(extra)
    monkeypatch.setattr(kind, step, raising(boom))
    words = rf"^{NAMES[extra]} failed while training \(ValueError: boom\): "
    with pytest.raises(RuntimeError, match=words) as caught:
        model.train(CTRL, PERT, COV, iterations=2)
    assert caught.value.__cause__ is boom
    assert (sys.stdout, sys.stderr) == streams
    assert model.model is None and model.history == []
    with pytest.raises(RuntimeError, match="call train first"):
        model.predict(CTRL, COV)


def test_an_error_in_predicting_is_ours(extra, fitted, monkeypatch):
    boom, streams = TypeError("boom"), (sys.stdout, sys.stderr)
    kind, _, predict = inner(extra)
    monkeypatch.setattr(kind, predict, raising(boom))
    words = rf"^{NAMES[extra]} failed while predicting \(TypeError: boom\): "
    with pytest.raises(RuntimeError, match=words) as caught:
        fitted.predict(CTRL, COV)
    assert caught.value.__cause__ is boom
    assert (sys.stdout, sys.stderr) == streams


def test_an_interrupted_fit_changes_nothing(extra, fitted, monkeypatch):
    before, history, streams = fitted.predict(CTRL, COV), fitted.history, (sys.stdout, sys.stderr)
    fresh, (kind, step, _) = build(extra), inner(extra)
    for model in (fitted, fresh):
        monkeypatch.setattr(kind, step, raising(KeyboardInterrupt(), after=2))
        with pytest.raises(KeyboardInterrupt):
            model.train(PERT, CTRL, COV, iterations=5)
        assert (sys.stdout, sys.stderr) == streams
    np.testing.assert_array_equal(fitted.predict(CTRL, COV), before)
    assert fitted.history is history and fresh.history == []
    with pytest.raises(RuntimeError, match="call train first"):
        fresh.predict(CTRL, COV)


def test_a_bar_appears_only_on_request(extra, capfd, monkeypatch):
    kind, step, _ = inner(extra)
    monkeypatch.setattr(kind, step, raising(AssertionError(), after=4))
    build(extra, progress=False).train(CTRL, PERT, COV, iterations=2)
    assert capfd.readouterr() == ("", "")
    build(extra, progress=True).train(CTRL, PERT, COV, iterations=2)
    out, err = capfd.readouterr()
    assert out == "" and NAMES[extra] in err and "2/2" in err
    assert all(NAMES[extra] in line for line in err.splitlines() if line.strip())


@pytest.mark.parametrize("sizes", [(0, 3, 8), (4, 0, 8), (4, 3, 0)])
def test_widths_must_be_positive(extra, sizes):
    embed_dim, cov_dim, n_hidden = sizes
    with pytest.raises(ValueError, match=r"^\w+=0 must be at least 1$"):
        CLASSES[extra](embed_dim, cov_dim, n_hidden=n_hidden)


def test_rows_and_iterations_are_checked(extra, fitted):
    with pytest.raises(ValueError, match="^iterations=0 must be at least 1$"):
        build(extra).train(CTRL, PERT, COV, iterations=0)
    with pytest.raises(ValueError, match="built for embed_dim=4"):
        build(extra).train(CTRL[:, :-1], PERT[:, :-1], COV)
    with pytest.raises(ValueError, match="ctrl_emb has 3 rows but pert_cov has 60"):
        fitted.predict(CTRL[:3], COV)
