"""Find the leak: two screens spoilt on purpose (chapters 5 and 6), and what a reader found."""

from __future__ import annotations

import numpy as np
from anndata import AnnData

from recon_tutorial._given import is_number
from recon_tutorial._numeric import generator
from recon_tutorial.exercises._judging import groups, judge, names, right, wrong
from recon_tutorial.exercises.feedback import Feedback
from recon_tutorial.metrics import r2_delta
from recon_tutorial.pairing import make_pairs
from recon_tutorial.predictors import PerturbationMeanShift
from recon_tutorial.screen import CONTROL, validate_screen
from recon_tutorial.splits import Split
from recon_tutorial.splits._covers import covers

_CELL_HINTS = (
    "The audit compares *names*. What would a cell look like that came in twice, under two names?",
    "Two cells with the same embedding, value for value, are one cell: compare test with training.",
    "`cdist(test cells, training cells).min(axis=1)` is exactly 0 for a repeated cell; beware of "
    "distances that are merely small.",
)
_SEEN_HINTS = (
    "A split carries a claim, and an audit that holds it to the claim.",
    "The audit names the first three. Which labels do training and test cells have in common?",
    "Two sets of labels, those of `friend.train` and those of `friend.test`; everybody shares "
    "the controls.",
)


def repeat_cells(screen: AnnData, split: Split, *, share: float = 0.1, seed: int = 0) -> AnnData:
    """Spoil a screen for an exercise: some test cells stand in training, too, under other names.

    Parameters
    ----------
    screen, split : AnnData and Split
        A screen and its split into training and test cells.
    share : float
        Share of the test cells of each perturbation that are repeated, at least one.
    seed : int
        Which ones, and which training cells give way to them.

    Returns
    -------
    AnnData
        A copy with the same names and labels.

    Raises
    ------
    TypeError, ValueError
        If the screen is none, the split is not one of it, or the share is not above 0.

    Derived in chapter 5.
    """
    _check_leak(screen, split, share, "X_emb")
    rng, spoilt = generator(seed), screen.to_memory(copy=True)
    label = screen.obs["perturbation"].astype(str).to_numpy()
    measured = np.arange(screen.n_obs)  # where the values of each cell come from
    for name in sorted(set(label) - {CONTROL}):
        held, seen = (np.flatnonzero(m & (label == name)) for m in (split.test, split.train))
        size = min(len(seen), max(1, round(share * len(held)))) if len(held) else 0
        source, target = (rng.choice(rows, size, replace=False) for rows in (held, seen))
        measured[target] = source
    whole = screen.to_memory()
    spoilt.X, spoilt.obsm["X_emb"] = whole.X[measured], whole.obsm["X_emb"][measured]
    return spoilt


def check_repeated_cells(leaked, screen, split, *, hint: int = 0) -> Feedback:
    """Feedback on chapter 5, exercise 3: the test cells that also stand in training.

    Parameters
    ----------
    leaked : list of str, or ...
        The answer: names of test cells.
    screen, split : AnnData and Split
        A screen spoilt by `repeat_cells`, and its split.
    hint : {0, 1, 2, 3}
        Show this hint, too.

    Returns
    -------
    Feedback

    Derived in chapter 5.
    """

    def look(answer):
        given = set(names(answer))
        if not given:
            return wrong(
                "You name no cell, as the audit does: it compares names, and a cell that was "
                "entered twice has two. Compare what was *measured*."
            )
        if unknown := given - set(screen.obs_names):
            return wrong(f"`{min(unknown)}` is no cell of this screen: give names of cells.")
        if given <= set(screen.obs_names[split.train]):
            return wrong(
                f"All {len(given)} cells that you name are *training* cells. The score is "
                "computed on test cells: which of those have been seen?"
            )
        twins, n_test = _repeated(screen, split)
        extra = given - twins
        if extra:
            controls = sum(screen.obs.loc[name, "perturbation"] == CONTROL for name in extra)
            return wrong(
                f"You name {len(given)} cells, and {len(extra)} of them ({controls} controls) are "
                "equal to no training cell. Near is not the same: cells of one kind are always "
                "near one another."
            )
        if given < twins:
            return wrong(
                f"All {len(given)} that you name are repeated, and they are "
                f"{len(given) / len(twins):.0%} of those that are: look at every perturbation."
            )
        return right(
            f"{len(twins)} of {n_test} perturbed test cells ({len(twins) / n_test:.0%}) had been "
            "seen in training, and the audit was silent, since names were all it could compare. "
            "A model that remembers its training cells is handed the answer for each of them; "
            "look for repeated measurements before you split."
        )

    return judge(leaked, look, asked="a list of names of test cells", hints=_CELL_HINTS, hint=hint)


def _repeated(screen, split):
    """Names of perturbed test cells that equal a training cell, and how many test cells there are.

    Equal in every value of the embedding.
    """
    known = {row.tobytes() for row in screen.obsm["X_emb"][split.train]}
    rows = np.flatnonzero(split.test & (screen.obs["perturbation"] != CONTROL).to_numpy())
    embedding = screen.obsm["X_emb"][rows]
    twins = {screen.obs_names[i] for i, row in zip(rows, embedding) if row.tobytes() in known}
    return twins, len(rows)


def let_in_perturbations(
    screen: AnnData, split: Split, *, share: float = 0.4, seed: int = 0
) -> Split:
    """Spoil a split for an exercise: half of the cells of some held-out perturbations train.

    Parameters
    ----------
    screen, split : AnnData and Split
        A screen and a split that holds out whole perturbations.
    share : float
        Share of the held-out perturbations that are let in: at least one, never all.
    seed : int
        Which ones, and which of their cells.

    Returns
    -------
    Split
        With the claim "unseen perturbations", which is no longer true.

    Raises
    ------
    TypeError, ValueError
        If the screen is none, the split is not one of it, the share is not above 0, or fewer
        than two perturbations are held out.

    Derived in chapter 6.
    """
    _check_leak(screen, split, share, None)
    rng = generator(seed)
    label = screen.obs["perturbation"].astype(str).to_numpy()
    train, test = split.train.copy(), split.test.copy()
    held = sorted(set(label[split.test]) - {CONTROL})
    if len(held) < 2:
        raise ValueError(f"{len(held)} perturbations are held out: hold out two, to let in one")
    n = min(len(held) - 1, max(1, round(share * len(held))))
    for name in rng.choice(held, n, replace=False):
        rows = np.flatnonzero(split.test & (label == name))
        moved = rng.choice(rows, len(rows) // 2, replace=False)
        train[moved], test[moved] = True, False
    return Split("unseen perturbations", train, test, reference=split.reference)


def check_seen_perturbations(seen, screen, split, *, seed: int = 0, hint: int = 0) -> Feedback:
    """Feedback on chapter 6, exercise 2: held-out perturbations that were seen in training.

    Parameters
    ----------
    seen : list of str, or ...
        The answer: names of perturbations.
    screen, split : AnnData and Split
        A screen and a split spoilt by `let_in_perturbations`.
    seed : int
        Seed of the pairs.
    hint : {0, 1, 2, 3}
        Show this hint, too.

    Returns
    -------
    Feedback

    Derived in chapter 6.
    """

    def look(answer):
        given = set(names(answer))
        label = screen.obs["perturbation"].astype(str).to_numpy()
        trained, tested = (set(label[m]) - {CONTROL} for m in (split.train, split.test))
        truth = trained & tested
        if not given:
            return wrong("You name none, and with none the shuffled score would be about 0.")
        if CONTROL in given:
            return wrong("Controls are in both parts of every split: no model can do without.")
        if unknown := given - trained - tested:
            return wrong(f"`{min(unknown)}` is no perturbation of this screen.")
        if given == tested != truth:
            return wrong(
                f"These are all {len(tested)} perturbations with test cells. A test cell alone is "
                f"no leak: for {len(tested - truth)} of them no cell was trained on."
            )
        if only := given - tested:
            return wrong(f"`{min(only)}` has no test cell, so no score can gain from having it.")
        if clean := given - truth:
            return wrong(f"`{min(clean)}` has no training cell: it is as unseen as was claimed.")
        if given < truth:
            return wrong(
                f"Each of your {len(given)} was seen in training, and there are {len(truth)}. "
                "The audit lists three names at most, then dots."
            )
        shares = _shares(screen, split, truth, seed)
        return right(
            f"A table of averages, which reads descriptors as name tags only, explains "
            f"{shares[0]:.2f} of the shift of these {len(truth)} and {shares[1]:.2f} of that of "
            "the others. Only a score for each perturbation shows the two kinds; their average "
            "is a number about neither. Run the audit on the split that was *used*."
        )

    asked = "a list of names of perturbations"
    return judge(seen, look, asked=asked, hints=_SEEN_HINTS, hint=hint)


def _shares(screen, split, truth, seed):
    """R2 of the change of an average per perturbation: of those seen, and of the others."""
    train = make_pairs(screen[split.train], how="random", seed=seed)
    test = make_pairs(screen[split.test], how="random", seed=seed)
    ctrl = screen[split.reference_controls(screen)].obsm["X_emb"]
    model = PerturbationMeanShift()
    model.train(*train[:3])
    pred = model.predict(test.ctrl, test.cov)
    scores = {p: r2_delta(test.pert[r], pred[r], ctrl) for p, r in groups(test).items()}
    kinds = [[v for p, v in scores.items() if (p in truth) is kind] for kind in (True, False)]
    return [float(np.mean(values)) for values in kinds]


def _check_leak(screen, split, share, use_rep):
    validate_screen(screen, use_rep=use_rep)
    covers(split, screen)
    if not is_number(share) or not 0 < share <= 1:
        raise ValueError(f"share={share!r} must be above 0 and at most 1: try 0.1")
