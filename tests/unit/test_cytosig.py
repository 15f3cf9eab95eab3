"""The table of cytokine responses: on a file of its form, and (marked) the real one."""

import numpy as np
import pandas as pd
import pytest

from recon_tutorial.datasets import cytosig, load_cytosig


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """A file of the same form: the header has no field for the column of genes."""
    path = tmp_path / "signature.centroid.expand"
    path.write_text("IFNG\tActivin A\nGBP1\t4.5\t-0.25\nNA\t1e-3\t0\nnan\t2\t\n")
    monkeypatch.setattr(
        cytosig, "fetch", lambda name, progress: {path.name: path} if name == "cytosig" else {}
    )
    return load_cytosig(progress=False)


def test_genes_are_rows_and_cytokines_columns(tiny):
    assert list(tiny.columns) == ["IFNG", "Activin A"]
    assert (tiny.index.name, tiny.columns.name) == ("gene", "cytokine")
    assert tiny.loc["GBP1"].tolist() == [4.5, -0.25]
    assert (tiny.dtypes == np.float64).all()


def test_a_gene_may_be_called_like_a_missing_value_and_a_number_may_be_missing(tiny):
    assert list(tiny.index) == ["GBP1", "NA", "nan"]
    assert tiny.isna().sum().sum() == 1
    assert np.isnan(tiny.loc["nan", "Activin A"])


def test_the_table_says_where_it_comes_from(tiny):
    assert set(tiny.attrs["source"]) == {"citation", "doi", "licence"}
    assert "GPL-3.0" in tiny.attrs["source"]["licence"]


@pytest.fixture(scope="module")
def signatures(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RECON_TUTORIAL_DATA", str(tmp_path_factory.mktemp("cache")))
        return load_cytosig(progress=False)


@pytest.mark.index
def test_the_real_table_has_the_published_size(signatures):
    assert signatures.shape == (6466, 51)
    assert signatures.index.is_unique and signatures.columns.is_unique
    assert np.isfinite(signatures.to_numpy()).all()
    assert signatures.abs().to_numpy().max() < 5  # log2 fold changes


@pytest.mark.index
@pytest.mark.parametrize(
    ("cytokine", "genes"),
    [
        ("IFN1", ["IFIT2", "IFIT3", "IFI44", "STAT1"]),
        ("IFNG", ["GBP1", "GBP2", "IRF1", "TAP1"]),
        ("TNFA", ["TNFAIP3", "NFKBIA", "CXCL8", "NFKB2"]),
        ("IL6", ["SOCS3", "STAT3"]),
    ],
)
def test_known_targets_rise_more_than_nearly_all_genes(signatures, cytokine, genes):
    rank = signatures[cytokine].rank(pct=True)
    assert (rank[genes] > 0.98).all()
    assert (signatures.loc[genes, cytokine] > 0.3).all()


@pytest.mark.index
@pytest.mark.parametrize(
    "pair", [("IL1B", "TNFA"), ("IL27", "IFNG"), ("IFNL", "IFN1"), ("TGFB1", "TGFB2")]
)
def test_cytokines_of_one_pathway_resemble_each_other(signatures, pair):
    correlation = signatures.corr()
    off_diagonal = correlation.where(~np.eye(51, dtype=bool)).stack()
    assert correlation.loc[pair] > off_diagonal.quantile(0.98)


@pytest.mark.index
def test_genes_that_a_reader_will_miss_are_missing(signatures):
    assert not signatures.index.isin(["ISG15", "MX1"]).any()
    assert isinstance(signatures.loc["IFI6"], pd.Series)
