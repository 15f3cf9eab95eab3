"""STATE behind the contract: its sets of cells, and its gene decoder."""

import sys

import numpy as np
import pytest
import torch
from scipy import sparse

from recon_tutorial.decoders import train_decoder
from recon_tutorial.predictors import StatePredictor
from recon_tutorial.predictors.state import MODULE

from .optional import needs

RNG = np.random.default_rng(0)
D, C, GENES = 6, 3, 9
SIZES = [40, 23, 7, 1]  # the last population is a single cell
DESCRIPTORS = RNG.normal(size=(4, C)).astype(np.float32)
DESCRIPTORS[1] = 0
GROUP = np.repeat(np.arange(4), SIZES)[RNG.permutation(sum(SIZES))]
COV = DESCRIPTORS[GROUP]
CTRL = RNG.normal(size=(len(COV), D)).astype(np.float32)
PERT = (CTRL - 2 + COV @ RNG.normal(size=(C, D))).astype(np.float32)
MANY = RNG.normal(size=(130, D)).astype(np.float32)


@pytest.fixture(scope="module", autouse=True)
def package():
    needs("state")


@pytest.fixture(scope="module")
def decoder():
    return train_decoder(PERT, np.abs(PERT @ RNG.normal(size=(D, GENES))), n_hidden=8, epochs=1)


def build(**knobs):
    return StatePredictor(D, C, **({"n_hidden": 16, "device": "cpu"} | knobs))


def fit(iterations=10, expression=None, **knobs):
    model = build(**knobs)
    model.train(CTRL, PERT, COV, iterations=iterations, expression=expression)
    return model


@pytest.fixture(scope="module")
def fitted():
    return fit()


def the_class():
    return sys.modules[MODULE].StateTransitionPerturbationModel


@pytest.fixture
def batches(monkeypatch):
    """The batches that reach STATE's training step."""
    seen, step = [], the_class().training_step

    def note(self, batch, *rest):
        seen.append({name: value.numpy() for name, value in batch.items()})
        return step(self, batch, *rest)

    monkeypatch.setattr(the_class(), "training_step", note)
    return seen


@pytest.fixture
def sets(monkeypatch):
    """The cells of each set that reaches STATE's forward pass."""
    seen, forward = [], the_class().forward

    def note(self, batch, **options):
        seen.append(batch["ctrl_cell_emb"].numpy())
        return forward(self, batch, **options)

    monkeypatch.setattr(the_class(), "forward", note)
    return seen


def test_it_learns_from_shuffled_pairs():
    ctrl, pert, cov = CTRL[GROUP < 2], PERT[GROUP < 2], COV[GROUP < 2]
    model = build()
    model.train(np.roll(ctrl, 5, axis=0), pert, cov, iterations=120)
    for g in (0, 1):
        cells = g == GROUP
        answer, truth = model.predict(CTRL[cells], COV[cells]).mean(0), PERT[cells].mean(0)
        assert np.mean((answer - truth) ** 2) < 0.1 * np.mean((CTRL[cells].mean(0) - truth) ** 2)
    losses = [h["loss"] for h in model.history]
    assert [h["iteration"] for h in model.history] == [0, 50, 100]
    assert losses[-1] < 0.5 * losses[0]


def test_same_seed_same_bits(fitted):
    again = fit(iterations=3)
    again.train(CTRL, PERT, COV, iterations=10)  # from scratch
    one, two, other = (m.predict(CTRL, COV) for m in (fitted, again, fit(seed=1)))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("n", [0, 1, 31, 32, 33, 130])
def test_a_perturbation_is_cut_into_near_equal_sets_in_order(fitted, sets, n):
    answer = fitted.predict(MANY[:n], np.tile(DESCRIPTORS[:1], (n, 1)))
    assert answer.shape == (n, D) and answer.dtype == np.float32
    sizes = [len(s) for s in sets]
    assert len(sizes) == -(-n // 32) and max(sizes, default=0) - min(sizes, default=0) <= 1
    np.testing.assert_array_equal(np.concatenate([MANY[:0], *sets]), MANY[:n])
    first = sizes[0] if sizes else 0
    alone = fitted.predict(MANY[:first], np.tile(DESCRIPTORS[:1], (first, 1)))
    np.testing.assert_array_equal(answer[:first], alone)


def test_rows_of_other_perturbations_change_nothing(fitted):
    whole = fitted.predict(CTRL, COV)
    for g in range(4):
        rows = g == GROUP
        np.testing.assert_array_equal(whole[rows], fitted.predict(CTRL[rows], COV[rows]))


def test_a_set_has_no_order_but_its_cells_see_each_other(fitted):
    cov, order = np.tile(DESCRIPTORS[:1], (30, 1)), RNG.permutation(30)
    answer = fitted.predict(MANY[:30], cov)
    shuffled = fitted.predict(MANY[order], cov)
    np.testing.assert_allclose(shuffled, answer[order], atol=1e-5)
    company = MANY[:30].copy()
    company[29] += 5
    assert np.abs(fitted.predict(company, cov)[0] - answer[0]).max() > 1e-5


@pytest.mark.parametrize("decoded", [False, True])
def test_predictions_may_be_negative(decoder, decoded):
    answer = fit(iterations=60, decoder=decoder if decoded else None).predict(CTRL, COV)
    assert PERT.mean() < -1 and answer.mean() == pytest.approx(PERT.mean(), abs=0.5)


def test_a_training_set_is_one_population(batches):
    centre = 100.0 * GROUP[:, None]  # contexts far apart, told apart by the descriptor
    ctrl, pert = (CTRL + centre).astype(np.float32), (PERT - centre - 500).astype(np.float32)
    build(set_size=5).train(ctrl, pert, COV, iterations=4)
    seen, paired = set(), True
    for batch in batches:
        assert set(batch) == {"ctrl_cell_emb", "pert_emb", "pert_cell_emb"}
        descriptors = batch["pert_emb"].reshape(16, 5, C)
        for s in range(16):
            (g,) = np.flatnonzero((descriptors[s, 0] == DESCRIPTORS).all(1))
            assert (descriptors[s] == DESCRIPTORS[g]).all()
            chosen = []
            for name, rows in (("ctrl_cell_emb", ctrl), ("pert_cell_emb", pert)):
                own = {row.tobytes(): i for i, row in enumerate(rows) if GROUP[i] == g}
                chosen.append([own[row.tobytes()] for row in batch[name].reshape(16, 5, D)[s]])
            paired &= chosen[0] == chosen[1]
            seen.add(g)
    assert seen == {0, 1, 2, 3} and not paired


def test_settings_reach_the_package(batches, monkeypatch):
    told, schedule = {}, torch.optim.lr_scheduler.OneCycleLR

    def note(optimizer, **settings):
        told.update(settings, optimizer=type(optimizer))
        return schedule(optimizer, **settings)

    monkeypatch.setattr(torch.optim.lr_scheduler, "OneCycleLR", note)
    inner = fit(iterations=12, n_hidden=24, set_size=7, lr=0.02).model
    assert told.pop("optimizer") is torch.optim.AdamW
    assert told == {"max_lr": 0.02, "total_steps": 12, "pct_start": 0.1}
    assert len(batches) == 12 and batches[0]["ctrl_cell_emb"].shape == (16 * 7, D)
    assert (inner.hidden_dim, inner.cell_sentence_len, inner.dropout) == (24, 7, 0)
    assert len(inner.transformer_backbone.layers) == 1 and inner.predict_residual
    assert not inner.training


@pytest.mark.parametrize("n_hidden", [8, 24, 40])
def test_any_multiple_of_8_is_a_width(n_hidden):
    assert np.isfinite(fit(1, n_hidden=n_hidden, set_size=2).predict(CTRL, COV)).all()


def test_a_decoder_is_trained_through_but_never_changed(decoder):
    state = {name: value.clone() for name, value in decoder.state_dict().items()}
    answers = []
    for weight in (0, 0.1, 1):
        model = fit(decoder=decoder, decoder_weight=weight)
        answers.append(model.predict(CTRL, COV))
        assert model.model.gene_decoder is not decoder
        model.model.on_load_checkpoint({"hyper_parameters": {"decoder_cfg": None}})
        for kept in (decoder.state_dict(), model.model.gene_decoder.state_dict()):
            assert kept.keys() == state.keys() and all(torch.equal(kept[k], state[k]) for k in kept)
    without = fit().predict(CTRL, COV)
    np.testing.assert_array_equal(answers[0], without)
    assert not np.array_equal(answers[1], without) and not np.array_equal(answers[2], answers[1])


def test_genes_are_by_default_the_decoded_cells(decoder):
    genes = decoder.decode(PERT)
    given = [None, genes, sparse.csr_matrix(genes), genes.astype(np.float64).tolist(), genes + 1]
    knobs = {"iterations": 5, "decoder": decoder, "decoder_weight": 1}
    answers = [fit(expression=x, **knobs).predict(CTRL, COV) for x in given]
    for same in answers[1:4]:
        np.testing.assert_array_equal(same, answers[0])
    assert not np.array_equal(answers[4], answers[0])


def test_genes_stay_with_their_cell(decoder, batches):
    genes = np.arange(len(PERT) * GENES, dtype=np.float32).reshape(len(PERT), GENES)
    fit(iterations=2, decoder=decoder, decoder_weight=0.1, expression=genes)
    row_of = {row.tobytes(): i for i, row in enumerate(PERT)}
    for batch in batches:
        rows = [row_of[cell.tobytes()] for cell in batch["pert_cell_emb"]]
        np.testing.assert_array_equal(batch["pert_cell_counts"], genes[rows])


def test_one_thread_inside_the_callers_outside(monkeypatch):
    forward, seen, threads = the_class().forward, [], torch.get_num_threads()

    def note(self, batch, **options):
        seen.append(torch.get_num_threads())
        return forward(self, batch, **options)

    monkeypatch.setattr(the_class(), "forward", note)
    torch.set_num_threads(2)
    try:
        state = torch.get_rng_state()
        fit(iterations=2).predict(CTRL, COV)
        assert seen == [1] * 7 and torch.get_num_threads() == 2
        assert torch.equal(torch.get_rng_state(), state)
    finally:
        torch.set_num_threads(threads)


@pytest.mark.parametrize(
    ("knobs", "words"),
    [
        ({"n_hidden": 20}, "n_hidden=20 a multiple of 8"),
        ({"set_size": 1}, "set_size=1 must be at least 2"),
        ({"decoder_weight": 0.1}, "decoder_weight=0.1 needs a decoder"),
        ({"decoder_weight": -1}, "decoder_weight=-1 needs a decoder, and must not be negative"),
        ({"device": "abacus"}, "device='abacus' is unknown"),
    ],
)
def test_bad_settings_are_refused(knobs, words):
    with pytest.raises(ValueError) as caught:
        StatePredictor(D, C, **knobs)
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_genes_that_do_not_fit_are_refused(decoder):
    with pytest.raises(ValueError, match=f"^the decoder reads {D} columns but embed_dim=5: "):
        StatePredictor(5, C, decoder=decoder, decoder_weight=0.1)
    genes = decoder.decode(PERT)
    for wrong, words in (
        (genes[:, :-1], "expression has 8 columns"),
        (genes[:-1], "expression has 70 rows but pert_emb has 71"),
        (genes[0], "expression has 1 dimension"),
        (genes * np.nan, "expression holds NaN"),
    ):
        with pytest.raises(ValueError, match=words):
            fit(decoder=decoder, decoder_weight=0.1, expression=wrong)
