"""Fits and predictions on memory-mapped rows: as in memory, without ever being there whole."""

import numpy as np
import pytest
import torch

from recon_tutorial import _mapped
from recon_tutorial.predictors import (
    Additive,
    FitOnce,
    FlowMatchingPredictor,
    KNNShift,
    MeanShift,
    MLPPerturbationPredictor,
    NearestPerturbation,
    NoChange,
    PerturbationMeanShift,
    RidgeRegression,
    RidgeShift,
    SetPredictor,
    _epochs,
)
from recon_tutorial.predictors._epochs import Epochs

RNG = np.random.default_rng(0)
N, D, C = 900, 5, 3
COV = np.repeat(RNG.normal(size=(9, C)), N // 9, axis=0).astype(np.float32)  # one after another
CTRL = RNG.normal(size=(N, D)).astype(np.float32)
PERT = (CTRL + COV @ RNG.normal(size=(C, D)) + 0.1 * RNG.normal(size=(N, D))).astype(np.float32)
IN_MEMORY = CTRL, PERT, COV

NETWORKS = {
    "embedding": (MLPPerturbationPredictor, {}, {"epochs": 4}),
    "shift": (MLPPerturbationPredictor, {"predict": "shift"}, {"epochs": 4}),
    "early": (MLPPerturbationPredictor, {}, {"epochs": 9, "validation_fraction": 0.2}),
    "flow": (FlowMatchingPredictor, {}, {"iterations": 5}),
    "flow, given": (FlowMatchingPredictor, {"coupling": "given"}, {"iterations": 5}),
    "sets": (SetPredictor, {}, {"iterations": 5}),
    "attention": (SetPredictor, {"attention": True}, {"iterations": 5}),
}
BASELINES = [
    *(Additive, KNNShift, MeanShift, NearestPerturbation, NoChange, PerturbationMeanShift),
    *(RidgeShift, RidgeRegression),
]


@pytest.fixture
def mapped(tmp_path):
    """The three arrays as memory maps."""

    def save(array, name):
        np.save(tmp_path / name, array)
        return np.load(tmp_path / f"{name}.npy", mmap_mode="r")

    return [save(x, name) for x, name in zip(IN_MEMORY, ("ctrl", "pert", "cov"))]


@pytest.fixture
def small_pieces(monkeypatch):
    """Pieces of 100 rows of one array, and a buffer of 160 rows of the three in blocks of 8."""
    monkeypatch.setattr(_mapped, "PIECE", 4 * D * 100)
    monkeypatch.setattr(_epochs, "BUFFER", 4 * (2 * D + C) * 160)
    monkeypatch.setattr(_epochs, "BLOCK", 8)


def network(kind, **knobs):
    build, own, options = NETWORKS[kind]
    return build(D, C, **({"n_hidden": 16, "device": "cpu"} | own | knobs)), options


def fitted(kind, rows, **knobs):
    model, options = network(kind, **knobs)
    model.train(*rows, **options)
    return model


# The same fit.


@pytest.mark.parametrize("kind", NETWORKS)
def test_what_fits_into_the_buffer_is_fitted_bit_for_bit_as_in_memory(kind, mapped):
    one, two = fitted(kind, IN_MEMORY), fitted(kind, mapped)
    np.testing.assert_array_equal(one.predict(CTRL, COV), two.predict(CTRL, COV))
    assert one.history == two.history


@pytest.mark.parametrize("kind", ["flow", "flow, given", "sets", "attention"])
def test_flow_and_sets_draw_the_same_rows_from_disk_however_many(kind, mapped, small_pieces):
    one, two = fitted(kind, IN_MEMORY), fitted(kind, mapped)
    np.testing.assert_array_equal(one.predict(CTRL, COV), two.predict(CTRL, COV))


@pytest.mark.parametrize("build", BASELINES)
def test_baselines_are_bit_for_bit_as_in_memory(build, mapped, small_pieces, monkeypatch):
    one, two = build(), build()
    two.train(*mapped)
    with monkeypatch.context() as whole:
        whole.setattr(_mapped, "PIECE", 2**22)
        one.train(*IN_MEMORY)
    np.testing.assert_array_equal(one.predict(CTRL, COV), two.predict(CTRL, COV))
    np.testing.assert_array_equal(one.predict(CTRL, COV), two.predict(mapped[0], mapped[2]))


@pytest.mark.parametrize("kind", ["embedding", "shift", "early"])
def test_a_streamed_fit_is_as_good_and_decided_by_the_seed(kind, mapped, small_pieces):
    knobs = {"n_hidden": 32, "lr": 4e-3}
    build, own, _ = NETWORKS[kind]
    options = {"epochs": 25, "batch_size": 32}
    options |= {"validation_fraction": 0.2, "patience": 25} if kind == "early" else {}
    models = []
    for rows, seed in ((IN_MEMORY, 0), (mapped, 0), (mapped, 0), (mapped, 1)):
        models.append(build(D, C, **(own | knobs), seed=seed, device="cpu"))
        models[-1].train(*rows, **options)
    errors = [np.square(m.predict(CTRL, COV) - PERT).mean() for m in models]
    assert errors[1] == pytest.approx(errors[0], rel=0.25) and errors[0] < 0.03
    one, two, other = (m.predict(CTRL, COV) for m in models[1:])
    np.testing.assert_array_equal(one, two)
    assert models[1].history == models[2].history
    assert not np.array_equal(one, other)
    if kind == "early":  # the same rows are held out
        losses = [[entry["validation_loss"] for entry in m.history] for m in models[:2]]
        assert min(losses[0]) == pytest.approx(min(losses[1]), rel=0.25)


def test_other_number_types_are_read_as_float32(tmp_path, mapped, small_pieces):
    doubles = np.memmap(tmp_path / "doubles", np.float64, "w+", shape=CTRL.shape)
    doubles[:] = CTRL
    for kind in ("shift", "sets"):
        due = fitted(kind, mapped)
        model = fitted(kind, [doubles, mapped[1], COV.tolist()])
        np.testing.assert_array_equal(model.predict(CTRL, COV), due.predict(CTRL, COV))


# The order of a streamed epoch.


def epochs_of(rows, keep, batch_size=16):
    return Epochs(rows, keep, batch_size, torch.device("cpu"))


def test_an_epoch_has_each_row_once_in_whole_batches_and_in_a_new_order(mapped, small_pieces):
    keep = torch.arange(N)[torch.arange(N) % 7 > 0]
    given = keep[torch.randperm(len(keep), generator=torch.Generator().manual_seed(0))]
    numbered = [np.arange(N, dtype=np.float32)[:, None] + x * 0 for x in IN_MEMORY]
    for x, values in zip(mapped, numbered):
        np.save(x.filename, values)
    rows = [np.load(x.filename, mmap_mode="r") for x in mapped]
    epochs = epochs_of(rows, given)
    orders = []
    for _ in range(2):
        batches = list(epochs.batches())
        assert len(batches) == epochs.n_batches
        assert [len(p) for _, p in batches] == [16] * (len(keep) // 16) + [len(keep) % 16]
        for inputs, pert in batches:
            assert inputs.shape[1] == D + C and (inputs == pert[:, :1]).all()
        orders.append(torch.cat([p[:, 0] for _, p in batches]).long())
        assert orders[-1].sort().values.tolist() == keep.tolist()
    assert not torch.equal(*orders)
    buffer = orders[0][:160]  # blocks of 8 from all over, shuffled
    assert len(buffer) == 160 and buffer.max() - buffer.min() > N / 2
    assert (buffer.sort().values.diff() <= 2).float().mean() > 0.7
    assert (buffer.diff() == 1).float().mean() < 0.1
    assert torch.equal(torch.cat([p[:, 0] for _, p in epochs.in_order()]).long(), keep)


def test_a_buffer_holds_a_batch_at_least(mapped, small_pieces):
    assert [len(p) for _, p in epochs_of(mapped, torch.arange(N), 500).batches()] == [500, 400]


# Predictions.


@pytest.mark.parametrize("kind", NETWORKS)
def test_predictions_of_memory_maps_are_those_of_arrays(kind, mapped, small_pieces):
    model = fitted(kind, IN_MEMORY)
    due = model.predict(CTRL, COV)
    for ctrl, cov in ((mapped[0], mapped[2]), (CTRL, mapped[2]), (mapped[0], COV.tolist())):
        found = model.predict(ctrl, cov)
        assert type(found) is np.ndarray and found.dtype == np.float32
        np.testing.assert_allclose(found, due, rtol=1e-5, atol=1e-5)


def test_a_network_is_asked_for_a_piece_at_a_time(mapped, small_pieces):
    model, asked = fitted("shift", IN_MEMORY), []
    model.network.register_forward_hook(lambda _, given, __: asked.append(len(given[0])))
    model.predict(mapped[0], mapped[2])
    assert asked == [62] * 14 + [32]  # 500 numbers are 62 rows of 5 + 3


@pytest.mark.parametrize("kind", NETWORKS)
def test_no_rows_get_no_predictions(kind, mapped):
    model = fitted(kind, IN_MEMORY)
    assert model.predict(mapped[0][:0], mapped[2][:0]).shape == (0, D)


# What is refused.


@pytest.mark.parametrize("kind", ["shift", "flow", "sets"])
def test_memory_maps_are_checked_like_arrays(kind, mapped, small_pieces, tmp_path):
    ctrl, pert, cov = mapped
    model = network(kind)[0]
    for wrong, words in (
        ((ctrl[:, :2], pert[:, :2], cov), "ctrl_emb has 2 columns but .* built for embed_dim=5"),
        ((ctrl, pert[:9], cov), "have 900, 9 and 900 rows"),
        ((ctrl[:, 0], pert, cov), "ctrl_emb has 1 dimension"),
        ((ctrl[:0], pert[:0], cov[:0]), "there is no row to train on"),
    ):
        with pytest.raises(ValueError, match=words):
            model.train(*wrong)
    with pytest.raises(RuntimeError, match="before train"):
        model.predict(ctrl, cov)
    model = fitted(kind, IN_MEMORY)
    for wrong, words in (
        ((ctrl[:9], cov), "ctrl_emb has 9 rows but pert_cov has 900"),
        ((ctrl[:, 0], cov), "ctrl_emb has 1 dimension"),
        ((ctrl, cov[:, :1]), "pert_cov has 1 columns but"),
    ):
        with pytest.raises(ValueError, match=words):
            model.predict(*wrong)
    spoilt = np.memmap(tmp_path / "spoilt", np.float32, "w+", shape=CTRL.shape)
    spoilt[-1, -1] = np.nan  # in the last piece
    with pytest.raises(ValueError, match="pert_emb holds NaN or infinite values"):
        model.train(ctrl, spoilt, cov)


# Others that read them.


def test_fit_once_knows_mapped_rows_by_their_content(mapped, small_pieces):
    model = FitOnce(RidgeShift())
    model.train(*mapped)
    model.train(*IN_MEMORY)
    assert model.n_fits == 1
    changed = PERT.copy()
    changed[-1, -1] += 1
    model.train(CTRL, changed, COV)
    assert model.n_fits == 2


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device, which is absent")
@pytest.mark.parametrize("kind", NETWORKS)
@pytest.mark.parametrize("source", ["in memory", "mapped"])
def test_cuda_gives_the_numbers_of_the_cpu(kind, source, mapped, small_pieces):
    rows = IN_MEMORY if source == "in memory" else mapped
    on_gpu = fitted(kind, rows, device="auto")
    assert on_gpu.device.type == "cuda"
    found, due = on_gpu.predict(CTRL, COV), fitted(kind, rows).predict(CTRL, COV)
    np.testing.assert_allclose(found, due, atol=1e-3)
