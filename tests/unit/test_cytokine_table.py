"""The annotations of 51 cytokines: complete, in a controlled vocabulary, and right where known."""

import re

import pytest

from recon_tutorial.descriptors import combined, cytokine_table, multi_hot, text

LISTED = (
    "Activin A;BDNF;BMP2;BMP4;BMP6;CD40L;CXCL12;EGF;FGF2;GCSF;GDF11;GDNF;GMCSF;HGF;HMGB1;IFN1;IFNG;"
    "IFNL;IGF1;IL10;IL12;IL13;IL15;IL17A;IL1A;IL1B;IL2;IL21;IL22;IL27;IL3;IL36;IL4;IL6;INS;LIF;LTA;"
    "MCSF;NO;NRG1;OSM;PGE2;TGFA;TGFB1;TGFB2;TGFB3;TNFA;TRAIL;TWEAK;VEGFA;WNT3A"
)
CYTOSIG = LISTED.split(";")
COLUMNS = ["symbol", "kind", "family", "receptors", "pathway", "description", "source"]
SMALL = ["NO", "PGE2"]

KINDS = {"alarmin", "chemokine", "cytokine", "growth factor", "hormone", "small molecule"}
FAMILIES = {
    *("interferon", "type I interferon", "type II interferon", "type III interferon"),
    *("IL-1 family", "IL-6 family", "IL-10 family", "IL-12 family", "IL-17 family"),
    *("common gamma chain", "common beta chain", "IL-4/IL-13", "colony-stimulating factor"),
    *("TGF-beta superfamily", "TGF-beta", "BMP", "activin", "TNF superfamily"),
    *("EGF family", "FGF family", "HGF family", "PDGF/VEGF family", "insulin family"),
    *("neurotrophin", "GDNF family", "Wnt family", "CXC chemokine", "HMGB family"),
    *("gasotransmitter", "prostanoid"),
}
PATHWAYS = {
    *("STAT1", "STAT2", "STAT3", "STAT4", "STAT5", "STAT6", "SMAD2/3", "SMAD1/5/9"),
    *("NF-kB", "noncanonical NF-kB", "MAPK", "PI3K-AKT", "beta-catenin", "caspase-8"),
    *("Gi", "cAMP-PKA", "cGMP-PKG"),
}
SYMBOL = re.compile(r"[A-Z][A-Z0-9]{1,9}")  # none of these genes has a hyphen or an "orf"
SOURCE = re.compile(
    r"UniProt:(?:[OPQ]\d[A-Z0-9]{3}\d|[A-NR-Z]\d(?:[A-Z][A-Z0-9]{2}\d){1,2})"
    r"|CHEBI:\d+|doi:10\.\d{4,9}/\S+"
)


@pytest.fixture(scope="module")
def table():
    return cytokine_table()


def _labels(table, column):
    return {name: set(cell.split(";")) - {""} for name, cell in table[column].items()}


def test_the_rows_are_the_columns_of_cytosig(table):
    assert list(table.index) == CYTOSIG and len(set(CYTOSIG)) == 51
    assert table.index.name == "name" and list(table.columns) == COLUMNS


def test_only_small_molecules_lack_a_gene_and_nothing_else_is_empty(table):
    empty = [(name, column) for column in COLUMNS for name in table.index[table[column] == ""]]
    assert empty == [(name, "symbol") for name in SMALL]
    assert list(table.index[table["kind"] == "small molecule"]) == SMALL


@pytest.mark.parametrize(
    ("column", "vocabulary"), [("kind", KINDS), ("family", FAMILIES), ("pathway", PATHWAYS)]
)
def test_categories_use_exactly_their_vocabulary(table, column, vocabulary):
    assert set().union(*_labels(table, column).values()) == vocabulary


@pytest.mark.parametrize("column", ["symbol", "receptors"])
def test_symbols_look_like_those_of_hgnc(table, column):
    for name, cell in table[column].items():
        symbols = cell.split(";") if cell else []
        assert [s for s in symbols if not SYMBOL.fullmatch(s)] == [], name
        assert len(set(symbols)) == len(symbols), name


def test_nobody_is_its_own_receptor_and_no_two_rows_share_a_ligand(table):
    ligands = [s for cell in table["symbol"] for s in cell.split(";") if s]
    receptors = {s for cell in table["receptors"] for s in cell.split(";")}
    assert len(set(ligands)) == len(ligands)
    assert set(ligands) & receptors == set()


def test_descriptions_are_distinct_sentences_of_ten_to_twenty_five_words(table):
    assert table["description"].is_unique
    for name, sentence in table["description"].items():
        assert 10 <= len(sentence.split()) <= 25, name
        assert re.fullmatch(r"[A-Z][^.;]*\.", sentence), name


def test_a_description_does_not_name_its_subject(table):
    """Else the words of a row would be a name tag."""
    for name, sentence in table["description"].items():
        words = set(re.findall(r"[\w-]+", sentence))
        assert words.isdisjoint({name, *table.loc[name, "symbol"].split(";")} - {""}), name


def test_every_row_names_its_molecule_and_a_review(table):
    for name, cell in table["source"].items():
        sources = cell.split(";")
        assert [s for s in sources if not SOURCE.fullmatch(s)] == [], name
        proteins = [s for s in sources if s.startswith("UniProt:")]
        assert len(proteins) == len(_labels(table, "symbol")[name]), name
        assert any(s.startswith("CHEBI:") for s in sources) == (name in SMALL), name
        assert any(s.startswith("doi:") for s in sources), name


def test_an_accession_belongs_to_one_row(table):
    found = [s for cell in table["source"] for s in cell.split(";") if not s.startswith("doi:")]
    assert len(set(found)) == len(found)


# --- facts of textbooks


@pytest.mark.parametrize(
    ("one", "other", "column", "shared"),
    [
        ("IL4", "IL13", "receptors", {"IL4R", "IL13RA1"}),
        ("IL4", "IL13", "pathway", {"STAT6"}),
        ("IL4", "IL13", "family", {"IL-4/IL-13"}),
        ("IL2", "IL15", "receptors", {"IL2RB", "IL2RG"}),
        ("IL2", "IL21", "receptors", {"IL2RG"}),
        ("IL3", "GMCSF", "receptors", {"CSF2RB"}),
        ("IL6", "LIF", "receptors", {"IL6ST"}),
        ("OSM", "LIF", "receptors", {"IL6ST", "LIFR"}),
        ("IL6", "IL27", "receptors", {"IL6ST"}),
        ("IL10", "IL22", "receptors", {"IL10RB"}),
        ("IL10", "IFNL", "receptors", {"IL10RB"}),
        ("IL1A", "IL1B", "receptors", {"IL1R1", "IL1RAP"}),
        ("IL1B", "IL36", "receptors", {"IL1RAP"}),
        ("TNFA", "LTA", "receptors", {"TNFRSF1A", "TNFRSF1B"}),
        ("EGF", "TGFA", "receptors", {"EGFR"}),
        ("TGFB1", "TGFB3", "receptors", {"TGFBR1", "TGFBR2"}),
        ("TGFB1", "Activin A", "pathway", {"SMAD2/3"}),
        ("BMP2", "BMP6", "pathway", {"SMAD1/5/9"}),
        ("IFN1", "IFNL", "pathway", {"STAT1", "STAT2"}),
        ("IFN1", "IFNG", "pathway", {"STAT1"}),
        ("IFNG", "IL27", "pathway", {"STAT1"}),
        ("IFN1", "IFNG", "receptors", set()),
        ("IFN1", "IFNG", "family", {"interferon"}),
        ("TGFB1", "BMP2", "pathway", set()),
        ("EGF", "NRG1", "receptors", set()),
    ],
)
def test_what_two_cytokines_share(table, one, other, column, shared):
    labels = _labels(table, column)
    assert labels[one] & labels[other] == shared


@pytest.mark.parametrize(
    ("column", "label", "names"),
    [
        ("family", "type II interferon", "IFNG"),
        ("family", "TGF-beta", "TGFB1 TGFB2 TGFB3"),
        ("family", "TNF superfamily", "CD40L LTA TNFA TRAIL TWEAK"),
        ("family", "IL-1 family", "IL1A IL1B IL36"),
        ("pathway", "STAT4", "IL12"),
        ("pathway", "STAT6", "IL13 IL4"),
        ("pathway", "STAT5", "GMCSF IL15 IL2 IL3"),
        ("receptors", "IL4R", "IL13 IL4"),
        ("receptors", "CXCR4", "CXCL12"),
        ("receptors", "TGFBR3", "TGFB2"),
        ("receptors", "CSF1R", "MCSF"),
        ("receptors", "MET", "HGF"),
        ("kind", "hormone", "INS"),
    ],
)
def test_who_carries_a_label(table, column, label, names):
    assert [n for n, own in _labels(table, column).items() if label in own] == names.split()


@pytest.mark.parametrize(
    ("name", "symbol", "accessions"),
    [
        ("Activin A", "INHBA", ["P08476"]),
        ("GCSF", "CSF3", ["P09919"]),
        ("GMCSF", "CSF2", ["P04141"]),
        ("IL12", "IL12A;IL12B", ["P29459", "P29460"]),
        ("IL27", "EBI3;IL27", ["Q14213", "Q8NEV9"]),
        ("TNFA", "TNF", ["P01375"]),
        ("TWEAK", "TNFSF12", ["O43508"]),
        ("IFN1", "IFNA2;IFNB1", ["P01563", "P01574"]),
    ],
)
def test_names_of_cytosig_lead_to_the_right_genes(table, name, symbol, accessions):
    assert table.loc[name, "symbol"] == symbol
    assert re.findall(r"UniProt:(\w+)", table.loc[name, "source"]) == accessions


def test_the_table_becomes_descriptors(table):
    labels = [multi_hot(table[column]) for column in ("receptors", "family", "pathway")]
    assert [one.shape[0] for one in labels] == [51] * 3
    assert all((one.sum(axis=1) > 0).all() for one in labels)
    assert combined(*labels, text(table["description"])).shape[0] == 51
