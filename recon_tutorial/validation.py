"""The check that every screen passes: one sentence for the first rule it breaks."""

from __future__ import annotations

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from recon_tutorial._numeric import LARGEST

CONTROL = "control"
GENES = "X"  # what use_rep calls measured expression itself, as scanpy does


def validate_screen(adata: AnnData, *, use_rep: str | None = "X_emb") -> None:
    """Check that an AnnData is a screen, and say in one sentence what is missing.

    Parameters
    ----------
    adata : AnnData
        Cells x genes, log-normalised expression in ``X``.
    use_rep : str, optional
        Key in ``obsm`` of the embedding; None skips the embedding (before one was fitted).

    Raises
    ------
    TypeError
        If `adata` is no AnnData.
    ValueError
        At the first rule broken, with what was expected and what to do.

    Derived in chapter 2.
    """
    if not isinstance(adata, AnnData):
        raise TypeError(
            f"a screen is an AnnData, not a {type(adata).__name__}: wrap your matrix in one"
        )
    for problem in _problems(adata, use_rep):
        raise ValueError(problem)


def _problems(adata, use_rep):
    if adata.n_obs == 0 or adata.n_vars == 0:
        yield f"the screen is empty ({adata.n_obs} cells x {adata.n_vars} genes): load cells first"
        return
    for axis, index in (("obs", adata.obs_names), ("var", adata.var_names)):
        if not index.is_unique:
            name = index[index.duplicated()][0]
            yield f"{axis}_names repeat ({name!r}): call adata.{axis}_names_make_unique()"
    if "perturbation" not in adata.obs:
        yield (
            'obs["perturbation"] is missing: add a column that names each cell\'s perturbation, or '
            "let `screen_from_anndata` of recon_tutorial.interop make a screen of your AnnData"
        )
        return
    labels = adata.obs["perturbation"]
    if labels.isna().any():
        n = int(labels.isna().sum())
        yield f'obs["perturbation"] is empty for {n} cells: label or drop them'
    present = set(labels.dropna().astype(str))
    if CONTROL not in present:
        some = ", ".join(sorted(present)[:3])
        yield f'no cell is labelled "control" (found {some}): rename your controls to "control"'
    if present == {CONTROL}:
        yield "every cell is a control: a screen needs at least one perturbation"
    yield from _matrix_problems(adata.X, "X")
    yield from _descriptor_problems(adata, "descriptors", "perturbation", present - {CONTROL})
    if "context_descriptors" in adata.uns:
        if "context" not in adata.obs:
            yield 'uns["context_descriptors"] needs obs["context"]: name each cell\'s context'
            return
        contexts = set(adata.obs["context"].astype(str))
        yield from _descriptor_problems(adata, "context_descriptors", "context", contexts)
    if use_rep is not None:
        if not isinstance(use_rep, str) or use_rep not in adata.obsm:
            found = ", ".join(adata.obsm) or "none"
            yield (
                f"obsm[{use_rep!r}] is missing (found: {found}): "
                "fit an embedding or name yours with use_rep="
            )
            return
        if sparse.issparse(adata.obsm[use_rep]):
            yield f"obsm[{use_rep!r}] is sparse: store the embedding as a dense array"
        yield from _matrix_problems(adata.obsm[use_rep], f"obsm[{use_rep!r}]")


def _matrix_problems(matrix, name):
    if matrix is None:
        yield f"{name} is missing: store log-normalised expression there"
        return
    shape, values = matrix.shape, matrix.data if sparse.issparse(matrix) else np.asarray(matrix)
    if len(shape) != 2 or shape[1] == 0:
        yield f"{name} has shape {shape}: store a matrix there, one row per cell"
    elif values.dtype.kind not in "fiu":
        yield f"{name} holds {values.dtype} values: convert it to float32"
    elif not np.isfinite(values).all():
        yield f"{name} holds NaN or infinite values: remove those cells or genes first"
    elif values.size and max(float(values.max()), -float(values.min())) > LARGEST:
        yield f"{name} holds values beyond {LARGEST:.0e}: bring it to ordinary units"
    elif name == "X" and values.size and values.min() >= 0 and values.max() > 50:
        yield (
            f"X reaches {values.max():.0f}, too large for log-normalised expression: "
            "normalise each cell to 10,000 counts and take log1p"
        )


def _descriptor_problems(adata, key, kind, names):
    table, where = adata.uns.get(key), f'uns["{key}"]'
    if not isinstance(table, pd.DataFrame):
        yield f"{where} is missing: give a DataFrame with one row per {kind}"
        return
    if table.index.has_duplicates:
        yield f"{where} repeats the row {table.index[table.index.duplicated()][0]!r}: keep one"
    missing = sorted(names - set(table.index.astype(str)))
    if missing:
        yield f"{where} has no row for {', '.join(missing[:3])}: add one per {kind}"
    if table.shape[1] == 0:
        yield f"{where} has no column: give at least one number per {kind}"
    text = [str(c) for c, dtype in table.dtypes.items() if dtype.kind not in "fiu"]
    if text:
        yield f"{where} column {text[0]!r} is not numeric: encode it as numbers"
    elif not np.isfinite(table.to_numpy(dtype=float)).all():
        yield f"{where} holds NaN or infinite values: fill or drop those columns"
    elif np.abs(table.to_numpy(dtype=float)).max() > LARGEST:
        yield f"{where} holds values beyond {LARGEST:.0e}: scale those columns"
