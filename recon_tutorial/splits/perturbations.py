"""Splits that hold out whole perturbations: single ones, or combinations of seen ones."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from anndata import AnnData

from recon_tutorial._given import is_number
from recon_tutorial._numeric import generator
from recon_tutorial.splits._draw import checked, cut_controls, with_partners
from recon_tutorial.splits._names import give_aways, is_combination, labels_of, listed, parts_of
from recon_tutorial.splits.split import Split
from recon_tutorial.validation import CONTROL, validate_screen


def hold_out_perturbations(
    adata: AnnData,
    n: int | None = None,
    names: Iterable[str] | None = None,
    *,
    n_validation: int = 0,
    control_fraction: float = 0.2,
    seed: int = 0,
) -> Split:
    """Hold out every cell of some perturbations (experiment 2).

    Training must not see a held-out perturbation inside a combination either: combinations
    ("a+b") that share a part with one are in no part of the split.

    Parameters
    ----------
    adata : AnnData
        A screen; the embedding need not exist yet.
    n : int, optional
        How many to draw, by default a fifth of them, at least one; single perturbations only,
        unless the screen holds nothing but combinations.
    names : iterable of str, optional
        Hold out these instead of drawing.
    n_validation : int
        How many more to draw for the validation part.
    control_fraction : float
        Share of the controls of each context that go to test, and again to validation; the rest
        train. In a paired screen a control goes where its perturbed cell goes instead.
    seed : int
        Same seed, same split; the test perturbations do not depend on `n_validation`.

    Returns
    -------
    Split
        With the claim "unseen perturbations"; every cell is in at most one of train, validation
        and test, and those in none are the combinations above (and, paired, their controls).

    Raises
    ------
    ValueError
        If `n` and `names` are both given, a name is unknown, or too little is left to train on.

    Examples
    --------
    >>> from recon_tutorial.screen import simulate_screen
    >>> screen = simulate_screen(n_perturbations=5, cells_per_perturbation=20, n_genes=20)
    >>> split = hold_out_perturbations(screen, names=["p1", "p4"])
    >>> print(split.claim, *screen.obs["perturbation"][split.test].unique(), sep=", ")
    unseen perturbations, control, p1, p4
    >>> split.audit(screen)  # silence: no held-out cell could influence the training

    Derived in chapter 6.
    """
    claim, rng = "unseen perturbations", generator(seed)
    every = _perturbations(adata)
    singles = [name for name in every if not is_combination(name)] or every
    named = None if names is None else _named(names, n, every, "perturbations of this screen")
    chosen = _choose(claim, singles, named, n, n_validation, rng)
    return _assemble(adata, claim, *chosen, control_fraction, rng)


def hold_out_combinations(
    adata: AnnData,
    n: int | None = None,
    names: Iterable[str] | None = None,
    *,
    n_validation: int = 0,
    control_fraction: float = 0.2,
    seed: int = 0,
) -> Split:
    """Hold out combinations ("a+b") whose parts are each trained on alone.

    Training sees no larger combination that contains a held-out one, nor the same one written
    "b+a": those are in no part of the split.

    Parameters
    ----------
    adata : AnnData
        A screen with combinations; the embedding need not exist yet.
    n : int, optional
        How many to draw, by default a fifth of them, at least one.
    names : iterable of str, optional
        Hold out these instead of drawing.
    n_validation : int
        How many more to draw for the validation part.
    control_fraction : float
        Share of the controls of each context that go to test, and again to validation; the rest
        train. In a paired screen a control goes where its perturbed cell goes instead.
    seed : int
        Same seed, same split; the test combinations do not depend on `n_validation`.

    Returns
    -------
    Split
        With the claim "unseen combinations"; every cell is in at most one of train, validation
        and test, and those in none are the combinations above (and, paired, their controls).

    Raises
    ------
    ValueError
        If there is no combination whose parts were all measured alone, `n` and `names` are both
        given, or a name is no such combination.

    Examples
    --------
    >>> from recon_tutorial.screen import simulate_screen
    >>> screen = simulate_screen(n_perturbations=4, combinations=3, n_genes=20)
    >>> split = hold_out_combinations(screen, n=1)
    >>> print(split.claim, *screen.obs["perturbation"][split.test].unique(), sep=", ")
    unseen combinations, control, p3+p2

    Derived in chapter 6.
    """
    claim, rng = "unseen combinations", generator(seed)
    every = _perturbations(adata)
    doubles = [name for name in every if is_combination(name) and parts_of(name) <= set(every)]
    if not doubles:
        raise ValueError(
            'this screen has no combination "a+b" of perturbations that it also holds alone: '
            "hold out perturbations instead"
        )
    named = None if names is None else _named(names, n, doubles, "combinations of measured parts")
    chosen = _choose(claim, doubles, named, n, n_validation, rng)
    return _assemble(adata, claim, *chosen, control_fraction, rng)


def _perturbations(adata):
    validate_screen(adata, use_rep=None)
    return sorted(set(labels_of(adata)) - {CONTROL})


def _named(names, n, allowed, what):
    if n is not None:
        raise ValueError("n and names are both given: choose how many to draw, or name them")
    if not np.iterable(names):
        raise ValueError(f"names={names!r} is no list: pass the names of perturbations")
    named = {names} if isinstance(names, str) else set(names)
    unknown = named.difference(allowed)
    if unknown or not named:
        raise ValueError(
            f"names has {listed(unknown) or 'no name'}, but the {what} are {listed(allowed)}: "
            "name some of these"
        )
    return named


def _choose(claim, drawn, named, n, n_validation, rng):
    """Names of the test and of the validation part; the first do not depend on the second."""
    shuffled = [drawn[k] for k in rng.permutation(len(drawn))]
    n = max(1, len(drawn) // 5) if n is None else n
    for name, value, least in (("n", n, 1), ("n_validation", n_validation, 0)):
        if not is_number(value) or value < least or value != int(value):
            raise ValueError(f"{name}={value} must be a whole number of {least} or more")
    test = set(shuffled[: int(n)]) if named is None else named
    telling = set().union(*give_aways(claim, test, drawn).values())
    left = [name for name in shuffled if name not in telling]
    validation = set(left[: int(n_validation)])
    if (named is None and len(test) < n) or len(validation) < n_validation:
        raise ValueError(
            f"{n if named is None else len(named)} to test and {n_validation} to validate on are "
            f"more than the {len(drawn)} that can be held out: ask for fewer"
        )
    return test, validation


def _assemble(adata, claim, test, validation, control_fraction, rng):
    """Masks from names: what gives a held-out name away leaves training, controls are divided."""
    label = labels_of(adata)
    telling = give_aways(claim, test | validation, set(label) - {CONTROL})
    unseen = np.isin(label, list(set().union(*telling.values())))
    held = [np.isin(label, list(names)) for names in (test, validation) if names]
    if "partner" in adata.obs:
        held = [with_partners(adata, mask) for mask in held]
        train = ~with_partners(adata, unseen)
    else:
        held = [a | b for a, b in zip(held, cut_controls(adata, control_fraction, len(held), rng))]
        train = ~np.any([unseen, *held], axis=0)
    parts = dict(zip(("test", "validation"), held))
    return checked(Split(claim, train, **parts), adata)
