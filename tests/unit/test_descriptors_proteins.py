"""Protein descriptors on a tiny ESM with random weights and the vocabulary of the real ones."""

import sys

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file, save_file

from recon_tutorial.descriptors import protein

LETTERS = "LAGVSERTIDPKQNFYMHWCXBUZO.-"
VOCABULARY = ["<cls>", "<pad>", "<eos>", "<unk>", *LETTERS, "<null_1>", "<mask>"]
PROTEINS = {
    "short": "MKV",
    "long": "MALWMRLLPLLALLALWGPDPAAAFVNQHLC",
    "middle": "GIVEQCCTSICSLYQ",
}


@pytest.fixture(scope="module")
def transformers():
    return pytest.importorskip("transformers", reason="it comes with the extra `descriptors`")


@pytest.fixture(scope="module")
def tiny_esm(transformers, tmp_path_factory):
    """A folder as on the hub: a language model, whose part below the head is wanted."""
    folder = tmp_path_factory.mktemp("esm")
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY))
    config = transformers.EsmConfig(
        vocab_size=len(VOCABULARY),
        pad_token_id=1,
        mask_token_id=32,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=40,
        position_embedding_type="rotary",
        token_dropout=True,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = transformers.EsmForMaskedLM(config)
        for weight in network.parameters():  # fresh weights are so small that all tokens look alike
            torch.nn.init.normal_(weight, std=0.3)
    network.save_pretrained(folder)
    return folder


def _by_hand(transformers, folder, sequences):
    """Mean over residues from one padded batch, through the library's own tokenizer."""
    tokenizer = transformers.EsmTokenizer.from_pretrained(folder)
    network = transformers.EsmForMaskedLM.from_pretrained(folder).eval().esm
    batch = tokenizer(list(sequences), padding=True, return_tensors="pt")
    with torch.no_grad():
        states = network(**batch).last_hidden_state
    special = torch.isin(batch["input_ids"], torch.tensor([0, 1, 2]))  # begin, padding, end
    return np.stack([s[~m].mean(dim=0).numpy() for s, m in zip(states, special)])


def test_protein_is_the_mean_over_residues_and_padding_changes_nothing(transformers, tiny_esm):
    table = protein(PROTEINS, model=str(tiny_esm))
    assert table.shape == (3, 16) and (table.dtypes == np.float32).all()
    assert list(table.index) == list(PROTEINS) and table.columns[0] == "e0"
    expected = _by_hand(transformers, tiny_esm, PROTEINS.values())
    np.testing.assert_allclose(table, expected, atol=1e-5)
    assert np.abs(expected[0] - expected[1]).max() > 0.05  # else the comparison would prove little


def test_a_row_depends_on_its_own_sequence_alone(tiny_esm):
    table = protein(PROTEINS, model=str(tiny_esm))
    turned = protein(pd.Series(PROTEINS).iloc[::-1], model=str(tiny_esm))
    assert list(turned.index) == list(PROTEINS)[::-1]
    assert turned.loc[table.index].equals(table)
    alone = protein({"short": PROTEINS["short"]}, model=str(tiny_esm))
    assert alone.equals(table.iloc[:1])


def test_the_order_of_residues_counts(tiny_esm):
    table = protein({"one": "MKVAAG", "other": "GAAVKM"}, model=str(tiny_esm))
    assert np.abs(table.loc["one"] - table.loc["other"]).max() > 1e-3


@pytest.mark.parametrize(
    ("sequence", "odd"), [("MKJ", "J"), ("mkv", "kmv"), ("MK V", " "), ("MK-V*", "*-"), ("M1", "1")]
)
def test_invalid_letters_are_named_before_anything_is_loaded(sequence, odd):
    with pytest.raises(ValueError) as caught:
        protein({"good": "MKV", "bad": sequence}, model="no/such-model")
    assert f"sequence of 'bad' holds {odd!r}:" in str(caught.value)


def test_rare_residues_are_read(tiny_esm):
    table = protein({"a": "MXV", "b": "MUV", "c": "MOV", "d": "MBV", "e": "MZV"}, model=tiny_esm)
    assert len(table.drop_duplicates()) == 5


def test_a_sequence_must_fit_into_the_model(tiny_esm):
    assert len(protein({"fits": "A" * 36}, model=str(tiny_esm))) == 1
    with pytest.raises(ValueError, match="'titin' has 37 residues but .* reads at most 36"):
        protein({"fits": "A" * 36, "titin": "A" * 37}, model=str(tiny_esm))


def test_a_missing_sequence_is_refused():
    with pytest.raises(ValueError, match="'b' has no sequence but nan"):
        protein({"a": "MKV", "b": float("nan")})


def test_another_kind_of_model_is_refused(transformers, tmp_path):
    transformers.BertConfig().save_pretrained(tmp_path)
    with pytest.raises(ValueError, match="model of type 'bert': pass an ESM-2 model"):
        protein(PROTEINS, model=str(tmp_path))


def _copy(tiny_esm, folder):
    """Copy all but the weights, and return these."""
    for name in ("vocab.txt", "config.json"):
        (folder / name).write_text((tiny_esm / name).read_text())
    return load_file(tiny_esm / "model.safetensors")


@pytest.mark.parametrize(
    "key", ["esm.encoder.layer.1.output.dense.weight", "esm.embeddings.word_embeddings.weight"]
)
def test_a_model_that_lacks_weights_is_refused(tiny_esm, tmp_path, key):
    weights = _copy(tiny_esm, tmp_path)
    del weights[key]
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ValueError, match=f"lacks weights .first: {key.removeprefix('esm.')}"):
        protein(PROTEINS, model=str(tmp_path))


def test_weights_in_half_precision_are_read_too(tiny_esm, tmp_path):
    halves = {key: weight.bfloat16() for key, weight in _copy(tiny_esm, tmp_path).items()}
    config = (tiny_esm / "config.json").read_text()
    (tmp_path / "config.json").write_text(config.replace('"float32"', '"bfloat16"'))
    save_file(halves, tmp_path / "model.safetensors", metadata={"format": "pt"})
    table = protein(PROTEINS, model=str(tmp_path))
    np.testing.assert_allclose(table, protein(PROTEINS, model=str(tiny_esm)), atol=0.05)


def test_pickled_weights_are_never_opened(tiny_esm, tmp_path):
    _copy(tiny_esm, tmp_path)
    torch.save({}, tmp_path / "pytorch_model.bin")
    with pytest.raises(RuntimeError, match="could not be loaded .*safetensors"):
        protein(PROTEINS, model=str(tmp_path))


def test_offline_without_a_cache_one_sentence_says_what_to_run(transformers, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(RuntimeError) as caught:
        protein(PROTEINS, model="recon-tutorial/no-such-model")
    said = str(caught.value)
    assert said.startswith("the model 'recon-tutorial/no-such-model' could not be loaded (")
    assert "when online, run `python -c" in said and "or pass a folder that holds it" in said
    assert "\n" not in said


def test_without_transformers_the_command_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(ImportError, match="run `pip install transformers`"):
        protein(PROTEINS)
