"""The ways in which a split can leak, each a generator of one-sentence findings."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from recon_tutorial.splits._names import give_aways, labels_of, listed, parts_of
from recon_tutorial.validation import CONTROL


def empty_parts(split, adata):
    """Yield a sentence for each part without perturbed cells or without controls."""
    control = labels_of(adata) == CONTROL
    for name, mask in split.parts().items():
        for kind, of_kind in (("perturbed", ~control), ("control", control)):
            if not (mask & of_kind).any():
                yield f"{name} holds no {kind} cell: hold out more or fewer, or measure more"
    if not split.reference_controls(adata).any():
        yield "reference holds no control cell: keep some controls that no model starts from"


def overlaps(split, adata):
    """Yield a sentence for each two parts that share cells."""
    for (one, first), (two, second) in combinations(split.parts().items(), 2):
        both = adata.obs_names[first & second]
        if len(both):
            many = f"{len(both)} cells are in both {one} and {two}"
            yield f"{many} (first: {both[0]!r}): separate them"


def seen_before(split, adata):
    """Yield a sentence where what the claim calls unseen has cells in an earlier part."""
    if split.claim == "unseen cells":
        return
    if split.claim == "unseen context" and "context" not in adata.obs:
        yield 'obs["context"] is missing: name each cell\'s context, or claim something else'
        return
    label = labels_of(adata)
    kind = "context" if split.claim == "unseen context" else "perturbation"
    group = adata.obs[kind].astype(str).to_numpy()
    names = {part: set(group[m & (label != CONTROL)]) for part, m in split.parts().items()}
    for (one, before), (two, held) in combinations(names.items(), 2):
        if kind == "context":
            found = sorted(before & held)
        else:
            telling = give_aways(split.claim, held, before)
            found = [h if h in by else f"{h} (in {min(by)})" for h, by in telling.items()]
        if found:
            plural = split.claim.split()[1].removesuffix("s") + "s"
            yield f"held-out {plural} have cells in {one}: {listed(found)}: keep them in {two} only"
    if split.claim == "unseen combinations":
        held = set().union(*(names[part] for part in names if part != "train"))
        lacking = [name for name in held if not parts_of(name) <= names["train"]]
        if lacking:
            yield (
                f"parts of held-out combinations were never trained on alone: {listed(lacking)}: "
                "hold out combinations of single perturbations that are in train"
            )


def shared_controls(split, adata):
    """Yield a sentence for each part whose controls are also the reference."""
    reference = split.reference_controls(adata)
    perturbed = adata.obs_names[reference & (labels_of(adata) != CONTROL)]
    if len(perturbed):
        yield (
            f"reference holds {len(perturbed)} perturbed cells (first: {perturbed[0]!r}): "
            "keep controls only"
        )
    for name, mask in split.parts().items():
        both = adata.obs_names[mask & reference]
        if name != "train" and len(both):
            yield (
                f"{len(both)} controls are both model input in {name} and reference "
                f"(first: {both[0]!r}): divide them"
            )


def fitted_on(split, adata):
    """Yield a sentence for each step fitted on cells that are not for fitting."""
    held = {name: mask for name, mask in split.parts().items() if name != "train"}
    held["reference"] = split.reference_controls(adata) & ~split.train
    if split.claim in ("unseen perturbations", "unseen combinations"):
        label, in_part = labels_of(adata), np.any(list(split.parts().values()), axis=0)
        names = set(label[in_part & ~split.train]) - {CONTROL}
        telling = set().union(*give_aways(split.claim, names, set(label)).values())
        held["left-out"] = np.isin(label, list(telling)) & ~in_part
    for step, fitted in adata.uns.get("fitted_on", {}).items():
        for name, mask in held.items():
            leaked = set(adata.obs_names[mask]).intersection(fitted)
            if leaked:
                yield (
                    f"{step} was fitted on {len(leaked)} {name} cells (first: {min(leaked)!r}): "
                    "fit it on split.train only"
                )


LEAKS = (empty_parts, overlaps, seen_before, shared_controls, fitted_on)
