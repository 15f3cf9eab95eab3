"""Names of perturbations: a combination is written "a+b"."""

from __future__ import annotations

from collections import defaultdict

import numpy as np


def parts_of(name: str) -> frozenset[str]:
    """The single perturbations in a name: "a+b" has a and b, "a" (and "Ca2+") only itself."""
    parts = [part.strip() for part in name.split("+")]
    return frozenset(parts) if all(parts) else frozenset([name])


def is_combination(name: str) -> bool:
    """Whether a name joins two or more perturbations."""
    return len(parts_of(name)) > 1


def give_aways(claim: str, held, seen) -> dict[str, set[str]]:
    """Each held-out name that seen ones give away, with those.

    An unseen perturbation is given away by every name that shares a part with it, an unseen
    combination only by a name that holds all of its parts.
    """
    containing = defaultdict(set)
    for name in seen:
        for part in parts_of(name):
            containing[part].add(name)
    combine = set.intersection if claim == "unseen combinations" else set.union
    telling = {name: combine(*(containing[part] for part in parts_of(name))) for name in held}
    return {name: found for name, found in telling.items() if found}


def listed(names) -> str:
    """The first three names, in order."""
    ordered = sorted(names)
    return ", ".join(ordered[:3]) + (", ..." if len(ordered) > 3 else "")


def labels_of(adata) -> np.ndarray:
    """Perturbation of each cell, (n_cells,), str."""
    if "perturbation" not in adata.obs:
        raise ValueError(
            'obs["perturbation"] is missing: add a column that names each cell\'s perturbation'
        )
    return adata.obs["perturbation"].astype(str).to_numpy()
