"""Chapter 11 keeps its claims with other settings, and what it derives is what it imports."""

import os
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LinearRegression, RidgeCV

from recon_tutorial.descriptors import combined, morgan, multi_hot, random, text
from recon_tutorial.signatures import leave_one_out

NAME = "11_real_cytokines"
BOOK = Path(__file__).parents[2] / "book"
REAL = ("text", "receptors", "family", "pathway", "combined")
PAIRS = ("IL4-IL13", "IFNG-IL27", "TGFB1-TGFB2", "IL1B-TNFA", "IL2-IL15")
LETTERS = "LAGVSERTIDPKQNFYMHWCXBUZO.-"
VOCABULARY = ["<cls>", "<pad>", "<eos>", "<unk>", *LETTERS, "<null_1>", "<mask>"]


@pytest.fixture
def derived(definition):
    """Return a function: name and what it reads from the page -> the chapter's own function."""
    tools = {tool.__name__: tool for tool in (LinearRegression, RidgeCV, TfidfVectorizer)}
    return partial(definition, NAME, np=np, pd=pd, **tools)


def test_labels_become_columns(derived):
    column = pd.Series({"a": "x;y", "b": "", "c": "z", "d": "y"})
    pd.testing.assert_frame_equal(derived("multi_hot_by_hand")(column), multi_hot(column))


def test_words_become_directions(derived):
    said = {
        "a": "red wine and bread",
        "b": "red bread",
        "c": "wine, old wine",
        "d": "cold red water",
    }
    mine, ours = derived("text_by_hand")(said.values(), 2), text(said, dim=2).to_numpy()
    np.testing.assert_allclose(mine @ mine.T, ours @ ours.T, atol=1e-6)
    assert np.abs(mine).max() > 0.5


def test_tables_speak_equally_loud(derived):
    tables = random(list("abcd"), 2), 9 + 5 * random(list("abcd"), 7, seed=1)
    mine = derived("combined_by_hand")(*tables)
    np.testing.assert_allclose(mine, combined(*tables), atol=1e-6)


def test_one_is_left_out(derived):
    rng = np.random.default_rng(3)
    names = list("abcdefgh")
    descriptors = random(names, 2)
    told = rng.normal(size=(20, 2)) @ descriptors.to_numpy().T
    signatures = pd.DataFrame(told + rng.normal(size=(20, 8)), columns=names)
    mine = derived("leave_one_out_by_hand")(signatures, descriptors, [0.1, 10])
    ours = leave_one_out(signatures, descriptors, alphas=[0.1, 10]).change
    np.testing.assert_allclose(mine, ours, atol=1e-9)
    assert mine.abs().to_numpy().mean() > 0.1


def test_the_oracle_reaches_what_others_span_and_no_more(derived):
    rng = np.random.default_rng(4)
    table = pd.DataFrame(rng.normal(size=(400, 5)), columns=list("abcde"))
    table["twin of a"] = table["a"] + 0.01 * rng.normal(size=400)
    table["b + c - d"] = table["b"] + table["c"] - table["d"]
    alone = pd.Series(table.columns, table.columns)
    chosen = {name: np.arange(400) for name in table}
    reach = derived("reach_by_hand", signatures=table)(chosen, alone)
    assert reach.loc["b + c - d", "any weights"] == pytest.approx(1)
    assert reach.loc["a", "one to copy"] > 0.99 > 0.8 > reach.loc["b + c - d", "one to copy"]
    assert reach.loc["e", "any weights"] < 0.6  # what the centroid and chance leave
    apart = derived("reach_by_hand", signatures=table)(chosen, alone.replace("twin of a", "a"))
    assert apart.loc["a", "any weights"] < 0.7  # the twin may not help


def test_a_fingerprint_is_hashes_modulo_its_width(derived):
    chem = pytest.importorskip("rdkit.Chem", reason="it comes with the extra `descriptors`")
    smiles = {"caffeine": "Cn1cnc2c1c(=O)n(C)c(=O)n2C", "aspirin": "CC(=O)Oc1ccccc1C(=O)O"}
    for bits in (1024, 16):
        for written, ours in zip(smiles.values(), morgan(smiles, bits=bits).to_numpy()):
            mine = derived("morgan_by_hand")(chem.MolFromSmiles(written), bits)
            assert np.array_equal(mine, ours) and mine.sum() > 5


@pytest.fixture
def tiny_esm(tmp_path):
    """A folder as on the hub, with a tiny network of random weights."""
    transformers = pytest.importorskip("transformers", reason="it comes with `descriptors`")
    (tmp_path / "vocab.txt").write_text("\n".join(VOCABULARY))
    config = transformers.EsmConfig(
        vocab_size=len(VOCABULARY),
        pad_token_id=1,
        mask_token_id=32,
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=8,
        max_position_embeddings=100,
        position_embedding_type="rotary",
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        transformers.EsmForMaskedLM(config).save_pretrained(tmp_path)
    return tmp_path


def check_claims(numbers):
    """What the page says in words."""
    assert all(numbers["equal"].values()) and numbers["one_hot_change"] == 0
    assert [numbers["near"][pair][way] for pair in PAIRS for way in ("rank", "back")] == [1] * 10
    assert numbers["near"]["IL1A-TNFA"]["rank"] == 1 < numbers["near"]["IL1A-TNFA"]["back"]
    fooled = list(numbers["ignorant"].values())
    assert fooled[0] > 0.15 and fooled[1:3] == pytest.approx([1, -1]) and fooled[5] == 0
    assert 0.03 < fooled[4] < fooled[3] - 0.03  # the milder form, and what stays
    board, score = numbers["board"], "centred Pearson"
    assert board["one_hot"][score] == 0 and board["one_hot"]["PDS"] == 0.5
    assert max(abs(s) for kind in ("random", "shuffled") for s in numbers["spread"][kind]) < 0.12
    assert min(board[kind][score] for kind in ("family", "pathway", "combined")) > 0.3
    for control in ("random", "shuffled"):
        gains = numbers["against"][control]
        assert all(min(gains[k]["low"], gains[k]["low, families"]) > 0 for k in REAL)
    gains = numbers["against"]["no change"]
    assert all(gains[k]["low, families"] > 0 for k in ("family", "pathway", "combined"))
    assert all(gains[k]["low, families"] < 0 for k in ("text", "receptors"))
    check_comparisons(numbers)
    check_strangers(numbers)


def check_comparisons(numbers):
    among, reach = numbers["among"], numbers["reach"]
    assert all(among[kind]["high, families"] < 0 for kind in ("text", "receptors"))
    assert all(among[k]["low"] < 0 < among[k]["high"] for k in ("pathway", "combined"))
    best = numbers["board"]["pathway"]["centred Pearson"]
    assert best < reach["one to copy"] - 0.05 < reach["any weights"] - 0.1 < 0.8
    for row in numbers["by_genes"].values():
        assert row["chosen with it"] == pytest.approx(row["chosen without it"], abs=0.01)
        assert row["all genes"] < row["chosen without it"] - 0.03
    groups = numbers["by_relatives"]
    assert all(groups[k]["has a relative"] > groups[k]["has none"] + 0.1 for k in REAL)
    assert all(groups[k]["has none"] < groups["no change"]["has none"] for k in REAL)
    assert numbers["link"] > 0.6


def check_strangers(numbers):
    easy, hard = numbers["board"], numbers["board_apart"]
    score, harder = "centred Pearson", numbers["harder"]
    assert all(hard[kind][score] < easy[kind][score] - 0.05 for kind in REAL)
    assert hard["family"]["low, families"] > 0 and hard["family"][score] < hard["no change"][score]
    for comparison in ("family", "PDS, family"):
        for kind in ("pathway", "combined"):
            assert min(harder[comparison][kind][k] for k in ("low", "low, families")) > 0
    assert max(harder["family"][kind]["gain"] for kind in ("text", "receptors")) < 0
    assert harder["family"]["text"]["high"] < 0 < harder["PDS, family"]["text"]["gain"]
    for kind in ("pathway", "combined"):
        assert harder["no change"][kind]["low"] < 0 < harder["no change"][kind]["high"]


@pytest.mark.index
def test_other_settings_tell_the_same_story(run_chapter, tiny_esm):
    pytest.importorskip("rdkit", reason="it comes with the extra `descriptors`")
    numbers = run_chapter(NAME, seed=7, n_random=3, n_genes=800, esm=str(tiny_esm))[0]["numbers"]
    check_claims(numbers)
    assert numbers["missing"] == {} and numbers["no_protein"] is None
    assert set(numbers["equal"]) == {"multi_hot", "text", "combined", "leave_one_out", "morgan"}
    likeness, alike = numbers["tanimoto"], numbers["resemblance"]
    assert likeness["PGE2"]["PGD2"] > 0.6 > 0.25 < likeness["hydrocortisone"]["dexamethasone"]
    assert max(v for name, v in likeness["NO"].items() if name != "NO") < 0.1
    assert list(alike) == ["EGF", "TGFA", "IGF1"] and alike["EGF"]["EGF"] == pytest.approx(1)


@pytest.mark.index
def test_without_rdkit_and_weights_the_page_says_so_and_goes_on(run_chapter, tmp_path, monkeypatch):
    (tmp_path / "rdkit").mkdir()
    (tmp_path / "rdkit" / "__init__.py").write_text('raise ImportError("hidden by a test")')
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), str(BOOK.parent)]))
    recorded, notebook = run_chapter(NAME, n_random=2, n_genes=1200)
    numbers = recorded["numbers"]
    check_claims(numbers)
    assert numbers["tanimoto"] is None and numbers["resemblance"] is None
    assert list(numbers["missing"]) == ["rdkit"] and "morgan" not in numbers["equal"]
    said = "".join(
        output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", [])
    )
    assert "Fingerprints are left out of this page: " in said
    assert "Protein descriptors are left out of this page: " in said
    assert numbers["no_protein"] in said
