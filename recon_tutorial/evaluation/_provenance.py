"""Where scores come from: versions, and a hash of the cells."""

from __future__ import annotations

import hashlib
import platform
from importlib import metadata

import numpy as np
from scipy import sparse

PACKAGES = ("recon-tutorial", "numpy", "scipy", "pandas", "scikit-learn", "torch", "anndata")


def provenance(adata, use_rep: str) -> dict:
    """Versions of what computed the scores, and a hash of the cells they were computed from."""
    versions = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            versions[package] = "not installed"
    digest = hashlib.sha256()
    expression = adata.X
    parts = (
        [expression]
        if not sparse.issparse(expression)
        else [expression.tocsr().data, expression.tocsr().indices, expression.tocsr().indptr]
    )
    for part in [*parts, adata.obsm[use_rep]]:
        digest.update(np.ascontiguousarray(part).tobytes())
    for names in (adata.obs_names, adata.var_names, adata.obs["perturbation"].astype(str)):
        digest.update("\n".join(names).encode())
    return {"versions": versions, "data_sha256": digest.hexdigest()}
