"""Fingerprints of real molecules: equal to RDKit's own reading of what they share."""

import sys

import numpy as np
import pandas as pd
import pytest

from recon_tutorial.descriptors import morgan

ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O"
SAME_ASPIRIN = "O=C(O)c1ccccc1OC(C)=O"
SALICYLIC = "O=C(O)c1ccccc1O"
PROSTAGLANDIN = "CCCCC[C@@H](/C=C/[C@H]1[C@@H](CC(=O)[C@@H]1C/C=C\\CCCC(=O)O)O)O"
SMILES = {"aspirin": ASPIRIN, "salicylic acid": SALICYLIC, "PGE2": PROSTAGLANDIN}


@pytest.fixture
def rdkit():
    return pytest.importorskip("rdkit", reason="RDKit comes with the extra `descriptors`")


def test_morgan_gives_bits_that_likeness_can_be_read_from(rdkit):
    table = morgan(SMILES)
    assert table.shape == (3, 1024) and (table.dtypes == np.float32).all()
    assert list(table.index) == list(SMILES) and table.columns[-1] == "bit1023"
    assert set(np.unique(table)) == {0, 1}
    shared = table.to_numpy() @ table.to_numpy().T
    assert shared[0, 1] > shared[0, 2]  # aspirin is salicylic acid with an acetyl group


def test_morgan_is_that_of_rdkit(rdkit):
    from rdkit import Chem
    from rdkit.Chem.rdFingerprintGenerator import GetMorganGenerator

    bits = GetMorganGenerator(radius=1, fpSize=256).GetFingerprint(Chem.MolFromSmiles(ASPIRIN))
    table = morgan(pd.Series(SMILES), radius=1, bits=256)
    assert list(np.flatnonzero(table.loc["aspirin"])) == list(bits.GetOnBits())


def test_morgan_knows_a_molecule_however_it_is_written(rdkit):
    table = morgan({"one": ASPIRIN, "other": SAME_ASPIRIN})
    assert (table.loc["one"] == table.loc["other"]).all()


def test_a_larger_radius_sees_more(rdkit):
    n_bits = [int(morgan(SMILES, radius=radius).loc["PGE2"].sum()) for radius in (0, 1, 2)]
    assert n_bits[0] < n_bits[1] < n_bits[2]


@pytest.mark.parametrize("written", ["C1CC", "not a molecule", "[]", " only-a-title"])
def test_an_invalid_smiles_is_named_and_rdkit_keeps_quiet(rdkit, written, capfd):
    with pytest.raises(ValueError, match="SMILES of 'wrong' is invalid") as caught:
        morgan({"aspirin": ASPIRIN, "wrong": written})
    assert repr(written) in str(caught.value)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("option", "value"), [("radius", -1), ("bits", 0)])
def test_options_out_of_range_are_refused(option, value):
    with pytest.raises(ValueError, match=f"{option}={value}.* make no fingerprint"):
        morgan(SMILES, **{option: value})


def test_a_missing_string_is_refused():
    with pytest.raises(ValueError, match="'b' has no SMILES but ''"):
        morgan({"a": ASPIRIN, "b": ""})


def test_without_rdkit_the_command_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "rdkit", None)
    with pytest.raises(ImportError, match="run `pip install rdkit`"):
        morgan(SMILES)
