"""Any AnnData that scanpy or pertpy leave behind becomes a screen, or one sentence says why not."""

import warnings

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData, read_h5ad
from scipy import sparse

from recon_tutorial.descriptors import one_hot
from recon_tutorial.evaluation import evaluate
from recon_tutorial.interop import screen_from_anndata
from recon_tutorial.predictors import RidgeShift
from recon_tutorial.screen import simulate_screen
from recon_tutorial.splits import hold_out_combinations, split_cells
from recon_tutorial.validation import validate_screen

LABELS = ["non-targeting", "A", "B", "A+B", "A_B", "non-targeting"] * 5
NAMES = sorted({*LABELS} - {"non-targeting"})
ASK = {"perturbation_key": "guide", "control": "non-targeting"}
TABLE = one_hot(NAMES)


def cells(**obs):
    """Thirty cells of a CRISPR screen as scanpy keeps them."""
    rng = np.random.default_rng(0)
    table = {"guide": LABELS, "cell_type": ["T", "B"] * 15, "n_counts": rng.integers(9, 99, 30)}
    obs = pd.DataFrame(table | obs, index=[f"cell{i}" for i in range(30)])
    var = pd.DataFrame({"id": range(7)}, index=[f"g{j}" for j in range(7)])
    expression = rng.gamma(1.0, size=(30, 7)) * (rng.random((30, 7)) < 0.7)
    adata = AnnData(expression, obs=obs, var=var, uns={"log1p": {"base": None}})
    adata.obsm["X_pca"] = rng.normal(size=(30, 3))
    adata.layers["counts"] = rng.poisson(2, size=(30, 7))
    adata.raw = adata.copy()
    return adata


def convert(adata, **more):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return screen_from_anndata(adata, **({**ASK, "descriptors": TABLE} | more))


def same(one, two):
    """Everything that is in two AnnData, types of columns and of matrices included."""
    assert type(one.X) is type(two.X) and one.X.dtype == two.X.dtype
    for slot in ("obs", "var"):
        pd.testing.assert_frame_equal(getattr(one, slot), getattr(two, slot))
    for slot in ("obsm", "layers", "uns"):
        assert list(getattr(one, slot)) == list(getattr(two, slot))
    for a, b in ((one.X, two.X), (one.obsm["X_pca"], two.obsm["X_pca"]), (one.raw.X, two.raw.X)):
        np.testing.assert_array_equal(*(m.toarray() if sparse.issparse(m) else m for m in (a, b)))


# --- what is taken

FORMATS = {
    "float64": lambda x: x,
    "float32": lambda x: x.astype(np.float32),
    "float16": lambda x: x.astype(np.float16),
    "Fortran order": np.asfortranarray,
    "csr": sparse.csr_matrix,
    "csc": sparse.csc_matrix,
    "csr array": sparse.csr_array,
    "csc array": sparse.csc_array,
    "read only": lambda x: np.frombuffer(x.tobytes(), x.dtype).reshape(x.shape),
}
HELD = ("in memory", "view", "view of a view", "backed", "view of backed")


@pytest.mark.parametrize("held", HELD)
@pytest.mark.parametrize("name", FORMATS)
def test_any_matrix_becomes_float32_and_the_input_stays(name, held, tmp_path):
    adata = cells()
    expected = adata.X[5:, :6].astype(np.float32)
    adata.X = FORMATS[name](adata.X)
    if "backed" in held:
        adata.write_h5ad(tmp_path / "cells.h5ad")
        adata = read_h5ad(tmp_path / "cells.h5ad", backed="r")
    if held == "view of a view":
        adata = adata[3:][2:, :6]
    elif "view" in held:
        adata = adata[5:, :6]
    before = adata.to_memory(copy=True)
    screen = convert(adata, use_rep="X_pca")
    same(adata.to_memory(copy=True), before)
    assert adata.is_view == ("view" in held) and adata.isbacked == ("backed" in held)
    assert screen.X.dtype == np.float32 and not screen.isbacked and not screen.is_view
    assert screen.X.format == "csr" if "cs" in name else isinstance(screen.X, np.ndarray)
    dense = screen.X.toarray() if "cs" in name else screen.X
    dense = dense if "view" in held else dense[5:, :6]
    np.testing.assert_allclose(dense, expected, rtol=1e-3 if name == "float16" else 1e-7)
    assert screen.obsm["X_emb"].dtype == np.float32
    validate_screen(screen)


COLUMNS = {
    "object": (np.array(LABELS, dtype=object), "non-targeting"),
    "numpy text": (np.array(LABELS), "non-targeting"),
    "string": (pd.array(LABELS, dtype="string"), "non-targeting"),
    "category": (pd.Categorical(LABELS), "non-targeting"),
    "unused categories": (pd.Categorical(LABELS, [*NAMES, "C", "non-targeting"]), "non-targeting"),
    "ordered": (pd.Categorical(LABELS, ["non-targeting", *NAMES], ordered=True), "non-targeting"),
    "own name": ([label.replace("non-targeting", "control") for label in LABELS], "control"),
    "integers": (np.arange(30) % 5, 0),
    "nullable integers": (pd.array(np.arange(30) % 5, dtype="Int64"), 0),
    "categories of integers": (pd.Categorical(np.arange(30) % 5), np.int64(0)),
    "truth values": (np.arange(30) % 2 == 0, False),
    "nullable truth": (pd.array(np.arange(30) % 2 == 0, dtype="boolean"), "False"),
    "doses": (np.arange(30) % 3 * 0.5, 0.0),
    "mixed": (np.array([0, "A", "B"] * 10, dtype=object), 0),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_any_column_of_labels_becomes_plain_categories(name):
    column, control = COLUMNS[name]
    adata = cells()
    adata.obs["guide"] = adata.obs["cell_type"] = column
    before = adata.copy()
    text = adata.obs["guide"].astype(str).to_numpy()
    expected = np.where(text == str(control), "control", text)
    names = sorted({*expected} - {"control"})
    screen = convert(adata, control=control, context_key="cell_type", descriptors=one_hot(names))
    same(adata, before)
    for key, values in (("perturbation", expected), ("context", text)):
        found = screen.obs[key]
        assert found.astype(str).tolist() == values.tolist()
        assert list(found.cat.categories) == sorted({*values}) and not found.cat.ordered
    pd.testing.assert_series_equal(screen.obs["guide"], before.obs["guide"])


EMBEDDINGS = {
    "float64": lambda x: x,
    "DataFrame": lambda x: pd.DataFrame(x, columns=list("abc")),
    "sparse": sparse.csr_matrix,
    "float16": lambda x: x.astype(np.float16),
}


@pytest.mark.parametrize("name", EMBEDDINGS)
def test_any_embedding_becomes_a_float32_matrix(name):
    adata = cells()
    expected = adata.obsm["X_pca"].astype(np.float32)
    changed = EMBEDDINGS[name](adata.obsm["X_pca"])
    if name == "DataFrame":
        changed.index = adata.obs_names
    adata.obsm["X_pca"] = changed
    found = convert(adata, use_rep="X_pca").obsm["X_emb"]
    assert isinstance(found, np.ndarray) and found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-3 if name == "float16" else 1e-7)


DESCRIPTORS = {
    "float64": TABLE.astype(float),
    "integers": TABLE.astype(int),
    "truth values": TABLE.astype(bool),
    "nullable": TABLE.astype("Float64"),
    "other order": TABLE.iloc[::-1],
    "numbers as columns": TABLE.set_axis(range(4), axis=1),
    "lists": {name: row.tolist() for name, row in zip(NAMES, TABLE.to_numpy(), strict=True)},
    "arrays": dict(zip(NAMES, TABLE.to_numpy(), strict=True)),
    "scalars": {name: k for k, name in enumerate(NAMES)},
}


@pytest.mark.parametrize("name", DESCRIPTORS)
def test_any_descriptors_become_a_float32_table(name):
    given = DESCRIPTORS[name]
    before = repr(given)
    table = convert(cells(), descriptors=given).uns["descriptors"]
    assert (table.dtypes == np.float32).all() and all(isinstance(c, str) for c in table.columns)
    expected = np.arange(4.0)[:, None] if name == "scalars" else TABLE.to_numpy()
    np.testing.assert_array_equal(table.loc[NAMES].to_numpy(), expected)
    assert repr(given) == before


def test_rows_that_no_cell_asks_for_are_kept():
    table = pd.concat([TABLE, pd.DataFrame(0.5, index=["C"], columns=TABLE.columns)])
    assert list(convert(cells(), descriptors=table).uns["descriptors"].index) == [*NAMES, "C"]


def test_without_descriptors_one_hot_ones_come_with_a_warning():
    with pytest.warns(UserWarning, match="one-hot .* not seen in training; pass desc") as caught:
        screen = screen_from_anndata(cells(), **ASK)
    pd.testing.assert_frame_equal(screen.uns["descriptors"], TABLE)
    assert caught[0].filename == __file__


def test_descriptors_that_the_cells_bring_are_used():
    adata = cells()
    adata.uns["descriptors"] = TABLE * 2
    pd.testing.assert_frame_equal(convert(adata, descriptors=None).uns["descriptors"], TABLE * 2)


def test_everything_else_is_copied_as_it_is():
    adata = cells()
    screen = convert(adata)
    pd.testing.assert_frame_equal(screen.obs[adata.obs.columns], adata.obs)
    pd.testing.assert_frame_equal(screen.var, adata.var)
    assert screen.layers["counts"].dtype == adata.layers["counts"].dtype
    np.testing.assert_array_equal(screen.raw.X, adata.raw.X)
    assert screen.uns["log1p"] == {"base": None} and list(screen.obsm) == ["X_pca"]
    for part in (screen.layers["counts"], screen.obsm["X_pca"], screen.X, screen.raw.X):
        mine = (adata.layers["counts"], adata.obsm["X_pca"], adata.X, adata.raw.X)
        assert not any(np.shares_memory(part, other) for other in mine)


def test_a_screen_stays_a_screen(tmp_path):
    screen = simulate_screen(n_perturbations=3, cells_per_perturbation=9, n_genes=8, n_contexts=2)
    own = {"perturbation_key": "perturbation", "control": "control", "context_key": "context"}
    again = screen_from_anndata(screen, **own)
    np.testing.assert_array_equal(again.obsm["X_emb"], screen.obsm["X_emb"])
    pd.testing.assert_frame_equal(again.uns["descriptors"], screen.uns["descriptors"])
    again.write_h5ad(tmp_path / "screen.h5ad")
    screen_from_anndata(read_h5ad(tmp_path / "screen.h5ad"), **own)


def test_a_plus_makes_a_combination_and_an_underscore_a_name():
    screen = convert(cells())
    assert {"A+B", "A_B"} < set(screen.obs["perturbation"])
    split = hold_out_combinations(screen)
    assert set(screen.obs["perturbation"][split.test]) == {"control", "A+B"}


def test_a_converted_screen_is_evaluated():
    screen = convert(cells(), context_key="cell_type", use_rep="X_pca")
    split = split_cells(screen, test_fraction=0.5)
    results = evaluate({"ridge": RidgeShift()}, screen, split, metrics=["mse_mean"])
    assert set(results["context"]) == {"T", "B"} and results["value"].notna().all()
