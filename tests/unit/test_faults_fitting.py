"""Ctrl-C at every line of a fit: the model is the old one or the new one, never a mixture."""

import os
import signal

import numpy as np
import pytest
import torch

from recon_tutorial import predictors
from recon_tutorial.decoders import train_decoder
from recon_tutorial.predictors import (
    FlowMatchingPredictor,
    MLPPerturbationPredictor,
    SetPredictor,
)

from .faults import at_every_line, interrupted_at_every_line

RNG = np.random.default_rng(0)
BASELINES = [
    *("NoChange", "MeanShift", "PerturbationMeanShift", "RidgeShift", "RidgeRegression"),
    *("Additive", "NearestPerturbation", "KNNShift"),
]
NETWORKS = {
    "MLP": (MLPPerturbationPredictor, {"epochs": 1, "validation_fraction": 0.5}),
    "flow": (FlowMatchingPredictor, {"iterations": 1}),
    "sets": (SetPredictor, {"iterations": 1}),
}
OF_FITS = ("train", "_fit", "descend")


def rows(embed_dim, cov_dim):
    """Twelve cells under three descriptors."""
    cov = np.repeat(RNG.normal(size=(3, cov_dim)), 4, axis=0)
    return [*RNG.normal(size=(2, 12, embed_dim)), cov]


def asked(given):
    """Controls under descriptors that were seen, and under others."""
    ctrl, _, cov = given
    return np.vstack([ctrl, ctrl]), np.vstack([cov, -cov])


def is_fit_of(model, given, due):
    try:
        return np.array_equal(model.predict(*asked(given)), due)
    except (RuntimeError, ValueError):  # of another width, or not fitted
        return False


@pytest.mark.parametrize("name", BASELINES)
def test_an_interrupted_baseline_is_wholly_the_old_or_the_new_one(name):
    make, old, new = getattr(predictors, name), rows(3, 2), rows(5, 4)
    due = []
    for given in (old, new):
        model = make()
        model.train(*given)
        due.append(model.predict(*asked(given)))
    model = make()
    model.train(*old)
    found = []
    for _ in interrupted_at_every_line(lambda: model.train(*new), names=OF_FITS):
        found.append([is_fit_of(model, old, due[0]), is_fit_of(model, new, due[1])])
        model.train(*old)
    assert len(found) > 1
    assert all(any(states) for states in found), found


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("name", NETWORKS)
def test_an_interrupted_network_is_the_old_or_the_new_one_and_torch_as_before(name, two_threads):
    (make, knobs), old, new = NETWORKS[name], rows(3, 2), rows(3, 2)
    due = []
    for given in (new, old):
        model = make(3, 2, n_hidden=8)
        model.train(*given, **knobs)
        due.append(model.predict(*asked(given)))
    kept, state, found = model.history, torch.get_rng_state(), []
    for _ in interrupted_at_every_line(lambda: model.train(*new, **knobs), names=OF_FITS):
        found.append("old" if is_fit_of(model, old, due[1]) else "new")
        assert (model.history is kept) == (found[-1] == "old")
        assert found[-1] == "old" or is_fit_of(model, new, due[0])
        assert torch.get_num_threads() == 2 and torch.equal(torch.get_rng_state(), state)
    assert found.count("old") > 15 and found == sorted(found, reverse=True)
    fresh = make(3, 2, n_hidden=8)
    next(interrupted_at_every_line(lambda: fresh.train(*new, **knobs), names=OF_FITS))
    with pytest.raises(RuntimeError, match="predict was called before train: call train first"):
        fresh.predict(*asked(new))


def test_an_interrupted_decoder_leaves_torch_as_before(two_threads):
    embedding, state = RNG.normal(size=(12, 3)), torch.get_rng_state()
    fit = lambda: train_decoder(embedding, embedding[:, :2], n_hidden=8, epochs=1)  # noqa: E731
    found = []
    for _ in interrupted_at_every_line(fit, names=["train_decoder"]):
        found.append(torch.get_num_threads() == 2 and torch.equal(torch.get_rng_state(), state))
    assert len(found) > 20 and all(found)


def test_a_fit_killed_at_any_line_leaves_no_file(tmp_path):
    def fit(room):
        os.chdir(room)  # of a copy of this process
        embedding = RNG.normal(size=(12, 3))
        train_decoder(embedding, embedding[:, :2], n_hidden=8, epochs=1)

    fit(".")  # what torch imports with its first fit, the copies need not import again
    (tmp_path / "before").mkdir()
    rooms = tmp_path / "rooms"
    knobs = {"names": ["train_decoder"], "number": signal.SIGKILL}
    at_every_line(fit, tmp_path / "before", rooms, **knobs)
    assert len(list(rooms.iterdir())) > 10
    assert not [file for room in rooms.iterdir() for file in room.iterdir()]
