"""Exercises of chapter 10: no name tag, an embedding of all cells, a choice on other types."""

from __future__ import annotations

import numpy as np
from anndata import AnnData

from recon_tutorial.exercises._judging import array, cells_like, judge, right, wrong
from recon_tutorial.exercises.feedback import Feedback
from recon_tutorial.metrics import variance_ratio

_FLOWS = ("flow", "flow + descriptor")

_TYPE_HINTS = (
    "The control's embedding already says what kind of cell it is. Who looks at the control?",
    "A model that adds one vector for each descriptor has one vector left. Take one that "
    "computes its answer from the control cell.",
    "`train` takes three arrays: the controls, the perturbed cells, and the first column of "
    "`train.cov` as a matrix; a network is built with `cov_dim=1`.",
)
_LEAKY_HINTS = (
    "`fit_embedding` looks at the cells of a mask, and at nothing else. Which mask was honest?",
    "A mask that is true for training *and* test cells leaves no cell out.",
    "Masks are joined by `|`: join two parts of `split`, and call `fit_embedding(few, ...)`.",
)
_CHOICE_HINTS = (
    "`rotate` holds a type out of `few`; while you call it, let `few` be `seven`.",
    "One inner type is one number; let several take their turn and put the tables together.",
    "Energy distances of the two, averaged over inner types: an error, so which is the better one?",
)


def check_without_the_type(model, train, test, *, hint: int = 0) -> Feedback:
    """Feedback on chapter 10, exercise 1: a model that is not told the cell type.

    Parameters
    ----------
    model : predictor, or ...
        The answer, trained on the first column of the descriptors.
    train, test : Pairs
        Rows whose descriptor is one column for the treatment and a one-hot code of the type.
    hint : {0, 1, 2, 3}
        Show this hint, too.

    Returns
    -------
    Feedback

    Derived in chapter 10.
    """

    def look(answer):
        if not hasattr(type(answer), "predict"):
            raise TypeError(f"{type(answer).__name__} has no method predict: it is no predictor")
        try:
            pred = answer.predict(test.ctrl, test.cov[:, :1])
        except Exception as error:  # a reader's code: whatever it raises is the finding
            raise ValueError(
                f"asked with one column, {type(answer).__name__} raised "
                f"{type(error).__name__}: {error}"
            ) from error
        pred = cells_like(pred, test.pert)
        seen, asked = (rows.cov[:, 1:].argmax(axis=1) for rows in (train, test))
        kinds = np.unique(asked)
        moved = train.pert - train.ctrl
        shifts = {
            "true": _by_type(test.pert - test.ctrl, asked, kinds),
            "yours": _by_type(pred - test.ctrl, asked, kinds),
            "one for all": np.tile(moved.mean(axis=0), (len(kinds), 1)),
            "one per type": _by_type(moved, seen, kinds),
        }
        error = {n: np.linalg.norm(s - shifts["true"], axis=1).mean() for n, s in shifts.items()}
        apart = np.linalg.norm(shifts["yours"] - shifts["yours"].mean(axis=0), axis=1).mean()
        needed = np.linalg.norm(shifts["true"] - shifts["true"].mean(axis=0), axis=1).mean()
        if apart < 0.05 * needed:
            return wrong(
                f"It moves all {len(kinds)} types alike, and their true shifts lie {needed:.2f} "
                f"from their average: {type(answer).__name__} read the descriptor only, and that "
                "is the same in every row now."
            )
        share = (error["one for all"] - error["yours"]) / (
            error["one for all"] - error["one per type"]
        )
        told = (
            f"The mean shifts of the types are off by {error['yours']:.2f}; one shift for all is "
            f"off by {error['one for all']:.2f}, and one per type, which is told the type, by "
            f"{error['one per type']:.2f}"
        )
        if not share > 0.5:
            return wrong(
                f"{told}. Types are told apart, and not as they should be: train longer, or "
                "choose another model."
            )
        spread = np.mean([variance_ratio(test.pert[asked == k], pred[asked == k]) for k in kinds])
        return right(
            f"{told}. Without a name tag {share:.0%} of the gap is closed: the control cell says "
            f"what it is. The variance ratio is {spread:.2f}, which is another matter: right "
            "means do not make real cells."
        )

    return judge(model, look, asked="a trained predictor", hints=_TYPE_HINTS, hint=hint)


def _by_type(moved, code, kinds):
    """Mean shift of each type, (n_types, embed_dim)."""
    return np.array([moved[code == kind].mean(axis=0) for kind in kinds])


def check_leaky_embedding(leaky, screen, split, *, hint: int = 0) -> Feedback:
    """Feedback on chapter 10, exercise 2: an embedding that has seen every cell.

    Parameters
    ----------
    leaky : AnnData, or ...
        The answer.
    screen, split : AnnData and Split
        The same cells with an honest embedding, and the split of both.
    hint : {0, 1, 2, 3}
        Show this hint, too.

    Returns
    -------
    Feedback

    Derived in chapter 10.
    """

    def look(answer):
        if not isinstance(answer, AnnData) or "X_emb" not in answer.obsm:
            raise TypeError(f"this {type(answer).__name__} is no AnnData with an embedding")
        if list(answer.obs_names) != list(screen.obs_names):
            raise ValueError(f"these are not the {screen.n_obs} cells of the split, in its order")
        noted = answer.uns.get("fitted_on", {}).get("embedding", ())
        known = answer.obs_names.isin(noted)
        mine, honest = array(answer.obsm["X_emb"]), array(screen.obsm["X_emb"])
        same = mine.shape == honest.shape and np.allclose(mine, honest, atol=1e-4)
        n_seen, n_held = int((known & split.test).sum()), int(split.test.sum())
        if same and n_seen:
            return wrong(
                "The note names test cells, and the embedding is the honest one: a note was "
                "written, and nothing was fitted."
            )
        if not n_seen:
            return wrong(
                f"The audit is silent: by its note, this embedding has seen {known.sum()} cells "
                f"and none of the {n_held} held-out ones. That is the honest order."
            )
        if not known.all():
            return wrong(
                f"It has seen {n_seen} of {n_held} held-out cells, and {known.sum()} of all "
                f"{len(known)}; the exercise asks for an embedding of all."
            )
        bare = AnnData(obs=answer.obs)  # the same cells without the note
        genes = len(set(answer.var_names) - set(screen.var_names))
        return right(
            f'The audit says: "{_said(split, answer)}". Of {answer.n_vars} genes {genes} are '
            "others than training cells would have chosen. Without the note in `uns` the audit "
            f"says {_said(split, bare)}: it reads what is written down, and no number of an "
            "embedding tells on whom it was fitted."
        )

    return judge(leaky, look, asked="an embedded screen", hints=_LEAKY_HINTS, hint=hint)


def _said(split, adata):
    """What an audit says."""
    try:
        split.audit(adata)
    except ValueError as error:
        return str(error)
    return "nothing"


def check_inner_choice(scores, choice, outer, kind, *, hint: int = 0) -> Feedback:
    """Feedback on chapter 10, exercise 3: a choice that the test type has no part in.

    Parameters
    ----------
    scores : DataFrame, or ...
        The first part of the answer: `evaluate` of both flows on inner types.
    choice : {"flow", "flow + descriptor"}, or ...
        The second part: the one to take.
    outer : DataFrame
        The same on the test type.
    kind : str
        The test type.
    hint : {0, 1, 2, 3}
        Show this hint, too.

    Returns
    -------
    Feedback

    Derived in chapter 10.
    """

    def look(answer):
        scores, choice = answer
        values = _distances(scores)
        if choice not in _FLOWS:
            raise ValueError(f"{choice!r} is neither of {' and '.join(_FLOWS)}")
        if kind in values.index:
            return wrong(
                f"{kind} is among the types of these scores: the test type would help to choose "
                "the model that is tested on it."
            )
        if len(values) < 2:
            return wrong(
                f"{values.index[0]} is one type, and one type is one number: let others of the "
                "seven take their turn."
            )
        mean, told = values.mean(), _distances(outer).loc[kind]
        seen = ", ".join(f"{mean[name]:.2f} for {name}" for name in _FLOWS)
        seen = f"Over {len(values)} inner types the mean energy distance is {seen}"
        if choice != mean.idxmin():
            return wrong(f"{seen}. It is an *error*: do you want the larger one?")
        wins = int((values.idxmin(axis=1) == choice).sum())
        outcome = "told you right" if told.idxmin() == choice else "would have misled you"
        return right(
            f"{seen}; {choice} has the smaller one in {wins} of {len(values)}. On {kind} itself: "
            + ", ".join(f"{told[name]:.2f} for {name}" for name in _FLOWS)
            + f": the others {outcome}. Either way the choice was made before the test was seen, "
            "and that is what lets you quote the score."
        )

    asked = "a table of scores and the name of a model"
    return judge((scores, choice), look, asked=asked, hints=_CHOICE_HINTS, hint=hint)


def _distances(scores):
    """Energy distance by type and flow, or what the table lacks."""
    needed = {"context", "model", "metric", "space", "value"}
    if not needed <= set(getattr(scores, "columns", ())):
        raise TypeError("the first part is no table of `evaluate`")
    energy = scores[(scores["metric"] == "energy_distance") & (scores["space"] == "embedding")]
    table = energy.pivot_table(index="context", columns="model", values="value", observed=True)
    if missing := [name for name in _FLOWS if name not in table]:
        raise ValueError(f"these scores hold no energy distance of {missing[0]!r} in the embedding")
    return table[list(_FLOWS)].dropna()
