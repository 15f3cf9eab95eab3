"""The habits that flow and set models share: seeds, threads, interrupts, histories, refusals."""

import numpy as np
import pytest
import torch

from recon_tutorial.predictors import FlowMatchingPredictor, SetPredictor, _descent
from recon_tutorial.predictors._sets import CellSets

RNG = np.random.default_rng(0)
COV = RNG.normal(size=(4, 2)).astype(np.float32)[RNG.integers(4, size=40)]
CTRL = RNG.normal(size=(40, 3)).astype(np.float32)
PERT = (CTRL + COV @ RNG.normal(size=(2, 3))).astype(np.float32)

KINDS = {
    "flow": (FlowMatchingPredictor, {}, "field"),
    "flow, given": (FlowMatchingPredictor, {"coupling": "given"}, "field"),
    "sets": (SetPredictor, {}, "network"),
    "sets, attention": (SetPredictor, {"attention": True}, "network"),
    "sets, mse": (SetPredictor, {"loss": "mse"}, "network"),
}
every = pytest.mark.parametrize("kind", KINDS)
each_class = pytest.mark.parametrize("kind", ["flow", "sets"])


def untrained(kind, **knobs):
    build, own, _ = KINDS[kind]
    return build(3, 2, **({"n_hidden": 8} | own | knobs))


def fitted(kind, iterations=3, **knobs):
    model = untrained(kind, **knobs)
    model.train(CTRL, PERT, COV, iterations=iterations)
    return model


# Fitting.


@every
def test_it_learns(kind):
    model = fitted(kind, iterations=150, n_hidden=32, lr=1e-2)
    assert [entry["iteration"] for entry in model.history] == [0, 50, 100]
    assert model.history[-1]["loss"] < 0.8 * model.history[0]["loss"]
    assert not getattr(model, KINDS[kind][2]).training
    moved, due = (x.mean(axis=0) for x in (model.predict(CTRL, COV), PERT))
    assert np.square(moved - due).sum() < 0.2 * np.square(CTRL.mean(axis=0) - due).sum()


@every
def test_same_seed_same_bits(kind):
    one, two, other = (fitted(kind, seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(one.predict(CTRL, COV), two.predict(CTRL, COV))
    assert one.history == two.history
    assert not np.array_equal(one.predict(CTRL, COV), other.predict(CTRL, COV))


@every
def test_training_twice_starts_from_scratch(kind):
    model = fitted(kind)
    first, kept = model.predict(CTRL, COV), model.history
    model.train(CTRL, PERT, COV, iterations=3)
    np.testing.assert_array_equal(first, model.predict(CTRL, COV))
    assert model.history == kept


@each_class
def test_threads_and_random_state_are_restored(kind, monkeypatch):
    seen = {"train": [], "predict": []}
    before, draw = torch.get_num_threads(), CellSets.draw

    def watched(*args, **options):
        seen["train"].append(torch.get_num_threads())
        return draw(*args, **options)

    monkeypatch.setattr(CellSets, "draw", watched)
    state = torch.random.get_rng_state()
    torch.set_num_threads(2)
    try:
        model = fitted(kind)
        module = getattr(model, KINDS[kind][2])
        watch = lambda *_: seen["predict"].append(torch.get_num_threads())  # noqa: E731
        module.register_forward_hook(watch)
        model.predict(CTRL, COV)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert set(seen["train"]) == set(seen["predict"]) == {1}
    assert torch.equal(torch.random.get_rng_state(), state)


@each_class
def test_numpys_random_state_is_left_alone(kind):
    state = np.random.get_state()[1]  # noqa: NPY002
    fitted(kind).predict(CTRL, COV)
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002


@every
def test_an_interrupted_fit_keeps_the_previous_one(kind, monkeypatch):
    model, fresh = fitted(kind), untrained(kind)
    before, kept = model.predict(CTRL, COV), model.history
    draw, calls = CellSets.draw, []

    def interrupted(*args, **options):
        calls.append(1)
        if len(calls) % 3 == 0:
            raise KeyboardInterrupt
        return draw(*args, **options)

    monkeypatch.setattr(CellSets, "draw", interrupted)
    for one in (model, fresh):
        with pytest.raises(KeyboardInterrupt):
            one.train(CTRL, -PERT, COV, iterations=9)
    assert len(calls) == 6
    monkeypatch.undo()
    np.testing.assert_array_equal(before, model.predict(CTRL, COV))
    assert model.history is kept
    assert fresh.history == [] and getattr(fresh, KINDS[kind][2]) is None
    with pytest.raises(RuntimeError, match="predict was called before train: call train first"):
        fresh.predict(CTRL, COV)


@each_class
def test_a_bar_appears_only_on_request(kind, capsys):
    fitted(kind)
    fitted(kind, progress=False)
    assert capsys.readouterr().err == ""
    fitted(kind, progress=True)
    shown = capsys.readouterr().err
    assert shown.startswith(f"\r{kind}:") and "3/3" in shown and "step/s" in shown


# What both take, and what they refuse.


@each_class
def test_defaults(kind, monkeypatch):
    steps = []
    monkeypatch.setattr(_descent, "tqdm", lambda each, **_: steps.append(len(each)) or Stop())
    with pytest.raises(StopIteration):
        untrained(kind).train(CTRL, PERT, COV)
    model = KINDS[kind][0](embed_dim=3, cov_dim=2)
    due = {"flow": (500, 128, 4e-3), "sets": (400, 256, 2e-3)}
    assert (*steps, model.n_hidden, model.lr) == due[kind]
    assert (model.seed, model.progress, model.history) == (0, None, [])
    assert getattr(model, "coupling", "ot") == "ot" and getattr(model, "n_steps", 20) == 20
    assert getattr(model, "loss", "energy") == "energy" and getattr(model, "set_size", 32) == 32
    assert not getattr(model, "attention", False)


class Stop:
    def __enter__(self):
        raise StopIteration

    def __exit__(self, *_):
        pass


@every
def test_single_rows_no_rows_lists_and_doubles(kind):
    model = fitted(kind)
    answer = model.predict(CTRL, COV)
    assert answer.shape == (40, 3) and answer.dtype == np.float32
    for turn in (np.float64, np.ndarray.tolist):
        np.testing.assert_array_equal(answer, model.predict(turn(CTRL), turn(COV)))
    assert model.predict(CTRL[:1], COV[:1]).shape == (1, 3)
    assert model.predict(CTRL[:0], COV[:0]).shape == (0, 3)
    lists = untrained(kind)
    lists.train(CTRL.tolist(), PERT.astype(np.float64), COV.tolist(), iterations=3)
    np.testing.assert_array_equal(answer, lists.predict(CTRL, COV))
    one = untrained(kind)
    one.train(CTRL[:1], PERT[:1], COV[:1], iterations=2)
    assert np.isfinite(one.predict(CTRL, COV)).all()


@every
def test_inputs_are_left_as_they_were(kind):
    ctrl, pert, cov = CTRL.copy(), PERT.copy(), COV.copy()
    model = untrained(kind)
    model.train(ctrl, pert, cov, iterations=3)
    answer = model.predict(ctrl, cov)
    answer += 1  # a prediction is nobody else's memory
    for now, before in ((ctrl, CTRL), (pert, PERT), (cov, COV)):
        np.testing.assert_array_equal(now, before)


@each_class
def test_rows_and_sizes_are_checked(kind):
    model = untrained(kind)
    with pytest.raises(RuntimeError, match="predict was called before train: call train first"):
        model.predict(CTRL, COV)
    for wrong, words in (
        ((CTRL[:, :2], PERT[:, :2], COV), "ctrl_emb has 2 columns but .* built for embed_dim=3"),
        ((CTRL, PERT, COV[:, :1]), "pert_cov has 1 columns but .* built for cov_dim=2"),
        ((CTRL, PERT[:3], COV), "have 40, 3 and 40 rows"),
        ((CTRL[:0], PERT[:0], COV[:0]), "there is no row to train on"),
        ((CTRL * np.nan, PERT, COV), "ctrl_emb holds NaN or infinite values"),
    ):
        with pytest.raises(ValueError, match=words):
            model.train(*wrong, iterations=1)
    with pytest.raises(ValueError, match="iterations=0 must be at least 1"):
        model.train(CTRL, PERT, COV, iterations=0)
    trained = fitted(kind)
    with pytest.raises(ValueError, match="ctrl_emb has 3 rows but pert_cov has 40"):
        trained.predict(CTRL[:3], COV)
    with pytest.raises(ValueError, match="ctrl_emb has 2 columns but .* built for embed_dim=3"):
        trained.predict(CTRL[:, :2], COV)
    with pytest.raises(ValueError, match="pert_cov has 1 columns but .* built for cov_dim=2"):
        trained.predict(CTRL, COV[:, :1])


@each_class
@pytest.mark.parametrize("name", ["embed_dim", "cov_dim", "n_hidden"])
def test_widths_must_be_positive(kind, name):
    sizes = {"embed_dim": 3, "cov_dim": 2, "n_hidden": 4}
    with pytest.raises(ValueError, match=f"{name}=0 must be at least 1"):
        KINDS[kind][0](**(sizes | {name: 0}))
    KINDS[kind][0](**(sizes | {name: 1}))
    with pytest.raises(ValueError, match="device='abacus' is unknown"):
        untrained(kind, device="abacus")
    if not torch.cuda.is_available():
        with pytest.raises(ValueError, match="device='cuda' needs a GPU but torch finds none here"):
            untrained(kind, device="cuda")
