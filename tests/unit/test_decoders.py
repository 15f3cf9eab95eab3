import json
import pickle
import struct

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from scipy import sparse
from torch import nn

from recon_tutorial.decoders import (
    FrozenDecoder,
    MLPDecoder,
    decoder_floor,
    error_split,
    train_decoder,
)

RNG = np.random.default_rng(0)
EMB = RNG.normal(size=(300, 5)).astype(np.float32)
GENES = [f"gene{j}" for j in range(8)]
EXPRESSION = np.maximum(0, EMB @ RNG.normal(size=(5, 8))).astype(np.float32)


@pytest.fixture(scope="module")
def decoder():
    return train_decoder(
        EMB, EXPRESSION, gene_names=GENES, n_hidden=32, epochs=60, lr=1e-2, batch_size=32
    )


@pytest.fixture
def path(decoder, tmp_path):
    return decoder.save(tmp_path / "decoder.safetensors")


def test_it_learns_and_remembers_how(decoder):
    error = np.mean((decoder.decode(EMB) - EXPRESSION) ** 2)
    assert error < 0.05 * EXPRESSION.var()
    record = decoder.training_record
    assert (record["cells"], record["epochs"], record["seed"]) == (300, 60, 0)
    assert record["final_loss"] == pytest.approx(error, rel=0.3)


def test_sizes_and_names(decoder):
    assert (decoder.n_input, decoder.n_output, decoder.gene_dim()) == (5, 8, 8)
    assert decoder.gene_names == GENES
    assert train_decoder(EMB, EXPRESSION, epochs=1).gene_names == GENES


def test_sparse_expression_gives_the_same_decoder(decoder):
    again = train_decoder(
        EMB,
        sparse.csr_matrix(EXPRESSION),
        gene_names=GENES,
        n_hidden=32,
        epochs=60,
        lr=1e-2,
        batch_size=32,
    )
    np.testing.assert_array_equal(again.decode(EMB), decoder.decode(EMB))


def test_seeds(decoder):
    other = train_decoder(EMB, EXPRESSION, n_hidden=32, epochs=60, lr=1e-2, batch_size=32, seed=1)
    assert not np.array_equal(other.decode(EMB), decoder.decode(EMB))


def test_expression_is_never_negative(decoder):
    assert decoder.decode(EMB * 100).min() == 0


def test_any_leading_dimensions(decoder):
    x = torch.from_numpy(EMB[:12])
    np.testing.assert_allclose(
        decoder(x.reshape(3, 4, 5)).reshape(12, 8), decoder(x), rtol=1e-5, atol=1e-6
    )


def test_training_through_it_changes_nothing_in_it(decoder):
    before = {k: v.clone() for k, v in decoder.state_dict().items()}
    predictor = nn.Linear(5, 5)
    whole = nn.Sequential(predictor, decoder).train()
    assert not decoder.training and predictor.training
    assert not any(p.requires_grad for p in decoder.parameters())
    optimizer = torch.optim.SGD([p for p in whole.parameters() if p.requires_grad], lr=0.1)
    loss = (whole(torch.from_numpy(EMB)) - 1).square().mean()
    loss.backward()
    optimizer.step()
    assert predictor.weight.grad.abs().sum() > 0
    after = decoder.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[k], after[k]) for k in before)


def test_freezing_copies_the_weights():
    network = MLPDecoder(5, 8)
    frozen = FrozenDecoder(network, GENES)
    before = frozen.decode(EMB)
    with torch.no_grad():
        network.layers[0].weight.zero_()
    np.testing.assert_array_equal(before, frozen.decode(EMB))


def test_saved_and_loaded_bit_for_bit(decoder, path):
    again = FrozenDecoder.load(path, gene_names=GENES)
    np.testing.assert_array_equal(again.decode(EMB), decoder.decode(EMB))
    assert again.gene_names == GENES and again.training_record == decoder.training_record
    assert not again.training and not any(p.requires_grad for p in again.parameters())
    assert [p.name for p in path.parent.iterdir()] == ["decoder.safetensors"]


def test_a_failed_save_keeps_the_old_file(decoder, path, monkeypatch):
    before = path.read_bytes()
    monkeypatch.setattr("recon_tutorial.decoders._file.save", lambda *a, **k: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        decoder.save(path)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == ["decoder.safetensors"]


def flip(path, position):
    data = bytearray(path.read_bytes())
    data[position] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("position", [-1, -500])
def test_a_flipped_weight_bit_is_refused(path, position):
    flip(path, position)
    with pytest.raises(ValueError, match="was changed after it was saved"):
        FrozenDecoder.load(path)


def test_a_changed_header_is_refused(path):
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = data[8 : 8 + length].replace(b"gene3", b"gene9", 1)
    path.write_bytes(data[:8] + header + data[8 + length :])
    with pytest.raises(ValueError, match="was changed after it was saved"):
        FrozenDecoder.load(path)


def test_pickles_are_refused_unread(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "exploded"), "w"))

    for protocol in (2, 3, 4, 5):
        (tmp_path / "bomb").write_bytes(pickle.dumps(Bomb(), protocol=protocol))
        with pytest.raises(ValueError, match="is a pickle"):
            FrozenDecoder.load(tmp_path / "bomb")
    torch.save(MLPDecoder(2, 3).state_dict(), tmp_path / "bomb.pt")
    with pytest.raises(ValueError, match="is a pickle"):
        FrozenDecoder.load(tmp_path / "bomb.pt")
    assert not (tmp_path / "exploded").exists()


def test_other_files_are_refused(tmp_path, path):
    with pytest.raises(FileNotFoundError, match="there is no decoder at"):
        FrozenDecoder.load(tmp_path / "nothing")
    for content in (b"", b"hello", path.read_bytes()[:200]):
        (tmp_path / "odd").write_bytes(content)
        with pytest.raises(ValueError, match="no readable safetensors file"):
            FrozenDecoder.load(tmp_path / "odd")
    for header in ("{}", "[]", json.dumps({"format": "other"})):
        save_file({"w": torch.ones(2)}, tmp_path / "odd", metadata={"header": header})
        with pytest.raises(ValueError, match="is no decoder of this package"):
            FrozenDecoder.load(tmp_path / "odd")


def test_other_genes_are_refused(path):
    with pytest.raises(ValueError, match="for example 'ISG15'"):
        FrozenDecoder.load(path, gene_names=["ISG15", *GENES[1:]])
    with pytest.raises(ValueError, match="in another order"):
        FrozenDecoder.load(path, gene_names=GENES[::-1])


def test_floor_is_the_error_of_decoding_the_truth(decoder):
    expected = np.mean((decoder.decode(EMB) - EXPRESSION) ** 2)
    assert decoder_floor(decoder, EMB, EXPRESSION) == pytest.approx(expected, rel=1e-5)
    assert decoder_floor(decoder, EMB, decoder.decode(EMB)) == 0


def test_the_split_adds_up(decoder):
    predicted = EMB + RNG.normal(size=EMB.shape).astype(np.float32)
    parts = error_split(decoder, predicted, EMB, EXPRESSION)
    total = np.mean((decoder.decode(predicted).astype(float) - EXPRESSION) ** 2)
    assert parts["total"] == pytest.approx(total, rel=1e-9)
    assert parts["floor"] + parts["shift"] + parts["cross"] == pytest.approx(total, rel=1e-9)
    assert parts["floor"] == pytest.approx(decoder_floor(decoder, EMB, EXPRESSION))
    perfect = error_split(decoder, EMB, EMB, EXPRESSION)
    assert perfect["shift"] == perfect["cross"] == 0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda d: train_decoder(EMB, EXPRESSION[:9]), "the same cells in their rows"),
        (lambda d: train_decoder(EMB[:0], EXPRESSION[:0]), "the same cells in their rows"),
        (lambda d: train_decoder(EMB[0], EXPRESSION[0]), "the same cells in their rows"),
        (lambda d: train_decoder(EMB * np.nan, EXPRESSION), "embedding holds NaN"),
        (lambda d: train_decoder(EMB, EXPRESSION * np.inf), "expression holds NaN"),
        (lambda d: train_decoder(EMB, EXPRESSION, gene_names=["a"]), "1 gene names for 8 outputs"),
        (lambda d: train_decoder(EMB, EXPRESSION, epochs=0), "epochs=0"),
        (lambda d: train_decoder(EMB, EXPRESSION, device="abacus"), "device='abacus'"),
        (lambda d: d.decode(EMB[:, :3]), r"this decoder reads \(n, 5\)"),
        (lambda d: d.decode(EMB[0]), r"this decoder reads \(n, 5\)"),
        (lambda d: error_split(d, EMB[:3], EMB, EXPRESSION), "3 predicted cells for 300 true"),
    ],
)
def test_bad_input_gets_one_sentence(decoder, call, words):
    with np.errstate(invalid="ignore"), pytest.raises(ValueError, match=words) as caught:
        call(decoder)
    assert "\n" not in str(caught.value)
