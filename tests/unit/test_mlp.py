import numpy as np
import pytest
import torch

from recon_tutorial.predictors import MLPPerturbationPredictor
from recon_tutorial.predictors import mlp as mlp_module

RNG = np.random.default_rng(0)
D, C, N = 6, 3, 240
COV = np.repeat(RNG.normal(size=(6, C)), N // 6, axis=0).astype(np.float32)
CTRL = RNG.normal(size=(N, D)).astype(np.float32)
PERT = (CTRL + COV @ RNG.normal(size=(C, D))).astype(np.float32)


def fitted(**knobs):
    train = {k: knobs.pop(k) for k in list(knobs) if k in TRAIN_KNOBS}
    model = MLPPerturbationPredictor(D, C, 32, **knobs)
    model.train(CTRL, PERT, COV, **({"epochs": 15} | train))
    return model


TRAIN_KNOBS = ("epochs", "batch_size", "validation_fraction", "patience")


@pytest.mark.parametrize("predict", ["embedding", "shift"])
def test_it_learns(predict):
    model = fitted(predict=predict, epochs=150, batch_size=64)
    error = np.mean((model.predict(CTRL, COV) - PERT) ** 2)
    assert error < 0.1 * np.mean((CTRL - PERT) ** 2)
    losses = [h["loss"] for h in model.history]
    assert len(losses) == 150 and losses[-1] < 0.1 * losses[0]
    assert error == pytest.approx(losses[-1], rel=0.5)


def test_a_shift_network_starts_from_the_control():
    model = fitted(predict="shift", epochs=1)
    with torch.no_grad():
        for parameter in model.network.parameters():
            parameter.zero_()
    np.testing.assert_array_equal(model.predict(CTRL, COV), CTRL)


@pytest.mark.parametrize("predict", ["embedding", "shift"])
def test_same_seed_same_bits(predict):
    one, two, other = (fitted(predict=predict, seed=s).predict(CTRL, COV) for s in (1, 1, 2))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)


def test_training_twice_starts_from_scratch():
    model = fitted()
    first = model.predict(CTRL, COV)
    model.train(CTRL, PERT, COV, epochs=15)
    np.testing.assert_array_equal(first, model.predict(CTRL, COV))


def test_threads_and_random_state_are_restored():
    torch.manual_seed(7)
    expected = torch.rand(3)
    threads = torch.get_num_threads()
    seen = []

    torch.set_num_threads(2)
    torch.manual_seed(7)
    original = torch.nn.functional.mse_loss
    try:
        torch.nn.functional.mse_loss = lambda *a: (
            seen.append(torch.get_num_threads()) or original(*a)
        )
        fitted(epochs=1)
        assert set(seen) == {1}
        assert torch.get_num_threads() == 2
    finally:
        torch.nn.functional.mse_loss = original
        torch.set_num_threads(threads)
    assert torch.equal(torch.rand(3), expected)


def test_published_defaults():
    counted = []

    class Bar:
        def __init__(self, epochs, **_):
            counted.append(len(epochs))

        def __iter__(self):
            return iter(range(1))

    original, mlp_module.tqdm = mlp_module.tqdm, Bar
    try:
        for predict in ("embedding", "shift"):
            MLPPerturbationPredictor(D, C, predict=predict).train(CTRL, PERT, COV)
    finally:
        mlp_module.tqdm = original
    assert counted == [300, 80]
    model = MLPPerturbationPredictor(embed_dim=D, cov_dim=C)
    assert (model.n_hidden, model.lr, model.target) == (256, 1e-3, "embedding")


def test_early_stopping_keeps_the_best_network():
    rng = np.random.default_rng(1)
    noise = rng.normal(size=PERT.shape).astype(np.float32) * 3
    model = MLPPerturbationPredictor(D, C, 128, lr=1e-2)
    model.train(
        CTRL, CTRL + noise, COV, epochs=200, batch_size=32, validation_fraction=0.3, patience=5
    )
    losses = [h["validation_loss"] for h in model.history]
    best = int(np.argmin(losses))
    assert len(losses) == best + 6 < 200
    with torch.random.fork_rng():
        torch.manual_seed(0)
        held_out = torch.randperm(N)[: round(0.3 * N)].numpy()
    error = np.mean((model.predict(CTRL, COV) - CTRL - noise)[held_out] ** 2)
    assert error == pytest.approx(losses[best], rel=1e-4)


def test_an_interrupted_fit_keeps_the_previous_network(monkeypatch):
    model = fitted()
    before, history = model.predict(CTRL, COV), model.history

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(torch.nn.functional, "mse_loss", interrupt)
    with pytest.raises(KeyboardInterrupt):
        model.train(CTRL, CTRL, COV, epochs=3)
    monkeypatch.undo()
    np.testing.assert_array_equal(before, model.predict(CTRL, COV))
    assert model.history is history


def test_a_bar_appears_only_on_request(capsys):
    fitted(epochs=2)
    assert capsys.readouterr().err == ""
    fitted(epochs=2, progress=True)
    assert "MLP" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("knobs", "words"),
    [
        ({"predict": "genes"}, "predict='genes' is unknown"),
        ({"device": "abacus"}, "device='abacus' is unknown"),
        ({"epochs": 0}, "epochs=0"),
        ({"batch_size": 0}, "batch_size=0"),
        ({"patience": 0}, "patience=0"),
        ({"validation_fraction": 1.0}, "must leave rows to train on"),
        ({"validation_fraction": 0.999}, "must leave rows to train on"),
        ({"validation_fraction": -0.1}, "must leave rows to train on"),
    ],
)
def test_bad_knobs_are_refused(knobs, words):
    with pytest.raises(ValueError, match=words):
        fitted(**knobs)


@pytest.mark.parametrize("sizes", [(0, 3), (3, 0)])
def test_widths_must_be_positive(sizes):
    with pytest.raises(ValueError, match="=0 must be at least 1"):
        MLPPerturbationPredictor(*sizes)
    with pytest.raises(ValueError, match="n_hidden=0 must be at least 1"):
        MLPPerturbationPredictor(3, 3, 0)


def test_rows_are_checked():
    model = MLPPerturbationPredictor(D, C)
    with pytest.raises(RuntimeError, match="before train"):
        model.predict(CTRL, COV)
    with pytest.raises(ValueError, match="built for embed_dim=6"):
        model.train(CTRL[:, :5], PERT[:, :5], COV)
    trained = fitted(epochs=1)
    with pytest.raises(ValueError, match="ctrl_emb has 3 rows but pert_cov has 240"):
        trained.predict(CTRL[:3], COV)
