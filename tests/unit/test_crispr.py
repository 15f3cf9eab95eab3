"""The two Perturb-seq screens: mapped from small data of the schema of pertpy's files."""

import sys
import types

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from recon_tutorial.datasets import (
    adamson_screen,
    load_adamson_2016,
    load_norman_2019,
    norman_screen,
)
from recon_tutorial.validation import validate_screen

from .optional import other_evaluator

NORMAN = ["control"] * 5 + ["TSC22D1"] * 5 + ["KLF1+MAP2K6"] * 5 + ["MAP2K6+KLF1"] * 5
ADAMSON = [
    *["63(mod)_pBA580"] * 5,
    *["Gal4-4(mod)_pBA582"] * 5,
    *["SEC61A1_pDS033", "SEC61A1_pDS032"] * 3,
    *["HSPA5_pDS017"] * 4,
    *["*", np.nan],
]


def _counts(n_cells, n_genes=30, seed=0):
    return np.random.default_rng(seed).poisson(2, (n_cells, n_genes)).astype(np.float32)


@pytest.fixture
def norman():
    """What pertpy 1.0.3 documents of its file, less the columns that nobody reads."""
    counts = _counts(len(NORMAN))
    counts[:, 7] = 0
    counts[:, 8:10] = 0
    counts[:2, 8] = counts[:3, 9] = 1
    obs = pd.DataFrame(
        {
            "guide_identity": "of no use here",
            "gemgroup": [1, 2] * 10,
            "perturbation_name": pd.Categorical(NORMAN),
        },
        index=[f"CELL{i}-1" for i in range(len(NORMAN))],
    )
    genes = ["SAME", "SAME", *(f"G{j}" for j in range(28))]
    adata = ad.AnnData(X=np.log1p(counts), obs=obs)  # normalised in some way that is not ours
    adata.var_names = genes
    adata.layers["counts"] = sparse.csc_matrix(counts)
    return adata


@pytest.fixture
def adamson():
    """What the script of scPerturb writes: raw counts, and the guide of each cell."""
    obs = pd.DataFrame(
        {"perturbation": pd.Categorical(ADAMSON), "celltype": "lymphoblasts"},
        index=[f"CELL{i}" for i in range(len(ADAMSON))],
    )
    var = pd.DataFrame(index=[f"G{j}" for j in range(30)])
    return ad.AnnData(X=sparse.csc_matrix(_counts(len(ADAMSON))), obs=obs, var=var)


def test_the_norman_screen_is_a_screen(norman):
    screen = norman_screen(norman)
    validate_screen(screen, use_rep=None)
    labels = screen.obs["perturbation"].value_counts().to_dict()
    assert labels == {"KLF1+MAP2K6": 10, "control": 5, "TSC22D1": 5}
    assert set(screen.obs["lane"]) == {"1", "2"}
    assert screen.uns["source"]["doi"] == "10.1126/science.aax4438"


def test_norman_expression_is_computed_from_the_counts(norman):
    screen = norman_screen(norman)
    assert screen.n_vars == 28  # one gene was never seen, and one in two cells only
    assert list(screen.var_names[:2]) == ["SAME", "SAME-1"]
    counts = norman.layers["counts"].toarray()[:, ~np.isin(np.arange(30), [7, 8])]
    assert (screen.layers["counts"].toarray() == counts).all()
    expected = np.log1p(1e4 * counts / counts.sum(axis=1, keepdims=True))
    assert np.allclose(screen.X.toarray(), expected, rtol=1e-5)
    assert screen.X.dtype == np.float32


def test_norman_descriptors_mark_the_genes_of_a_pair(norman):
    table = norman_screen(norman).uns["descriptors"]
    assert list(table.columns) == ["KLF1", "MAP2K6", "TSC22D1"]
    assert (table.dtypes == np.float32).all()
    assert table.loc["KLF1+MAP2K6"].tolist() == [1, 1, 0]
    assert table.loc["TSC22D1"].tolist() == [0, 0, 1]
    assert "control" not in table.index


def test_the_adamson_screen_is_a_screen(adamson):
    screen = adamson_screen(adamson)
    validate_screen(screen, use_rep=None)
    labels = screen.obs["perturbation"].value_counts().to_dict()
    assert labels == {"control": 10, "SEC61A1": 6, "HSPA5": 4}
    assert set(screen.obs.loc[screen.obs["perturbation"] == "SEC61A1", "guide"]) == {
        "SEC61A1_pDS033",
        "SEC61A1_pDS032",
    }
    assert screen.uns["descriptors"].loc["HSPA5"].tolist() == [1, 0]
    assert (screen.layers["counts"] != adamson.X.tocsr()[: screen.n_obs]).nnz == 0


def test_other_controls_may_be_chosen(adamson):
    screen = adamson_screen(adamson, controls=["Gal4-4(mod)_pBA582"])
    labels = screen.obs["perturbation"].value_counts().to_dict()
    assert labels == {"SEC61A1": 6, "control": 5, "63(mod)": 5, "HSPA5": 4}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda a: a.obs.pop("perturbation_name"), r"should have obs\['perturbation_name'\]"),
        (lambda a: a.layers.pop("counts"), r'should have layers\["counts"\] but has none'),
        (lambda a: a.layers.update(counts=a.X), "should hold raw counts but .* is none"),
        (lambda a: a.layers.update(counts=-a.layers["counts"]), "should hold raw counts but -"),
    ],
)
def test_a_norman_file_of_another_form_is_refused(norman, change, words):
    change(norman)
    with pytest.raises(ValueError, match=words):
        norman_screen(norman)


def test_an_adamson_file_of_another_form_is_refused(adamson):
    with pytest.raises(ValueError, match=r"no cell has one of the control guides \['NT'\]"):
        adamson_screen(adamson, controls=["NT"])
    del adamson.obs["perturbation"]
    with pytest.raises(ValueError, match=r"should have obs\['perturbation'\] but has celltype"):
        adamson_screen(adamson)


# --- loading


def _stand_in(monkeypatch, **functions):
    """A pertpy with these data sets; the real one reaches for the network."""
    data = types.ModuleType("pertpy.data")
    vars(data).update(functions)
    monkeypatch.setitem(sys.modules, "pertpy", types.ModuleType("pertpy"))
    monkeypatch.setitem(sys.modules, "pertpy.data", data)


def test_the_loaders_ask_pertpy_for_its_files(monkeypatch, norman, adamson):
    _stand_in(monkeypatch, norman_2019=lambda: norman, adamson_2016_upr_perturb_seq=lambda: adamson)
    assert load_norman_2019().n_obs == 20
    assert load_adamson_2016(controls=["63(mod)_pBA580"]).n_obs == 20


def test_a_failed_download_is_one_sentence(monkeypatch):
    def offline():
        raise ConnectionError("no route to host")

    _stand_in(monkeypatch, norman_2019=offline)
    with pytest.raises(RuntimeError, match=r"could not download norman_2019 \(no route to host\)"):
        load_norman_2019()


@pytest.mark.parametrize("load", [load_norman_2019, load_adamson_2016])
def test_without_pertpy_the_message_says_how_to_get_it(monkeypatch, load):
    monkeypatch.setitem(sys.modules, "pertpy.data", None)
    with pytest.raises(ImportError, match="run `pip install pertpy`"):
        load()


@pytest.mark.parametrize("name", ["norman_2019", "adamson_2016_upr_perturb_seq"])
def test_the_real_pertpy_has_these_functions(name):
    data = other_evaluator("pertpy.data")
    assert callable(getattr(data, name))
