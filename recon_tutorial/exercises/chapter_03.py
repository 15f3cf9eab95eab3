"""Exercises of chapter 3: a decoder that is too small, and one that saw the test cells."""

from __future__ import annotations

from recon_tutorial.decoders import FrozenDecoder, decoder_floor, error_split
from recon_tutorial.exercises._judging import judge, right, wrong
from recon_tutorial.exercises.feedback import Feedback

_HIDDEN = 16
_SMALL_HINTS = (
    "`train_decoder` takes the number of hidden units as an option.",
    "Same cells, same genes and same number of epochs as the decoder of the page, so that only "
    "the hidden layer differs.",
    "Repeat the call that made `decoder` with `n_hidden` set; `error_split` then shows the parts.",
)
_LEAKY_HINTS = (
    "All cells are `screen.obsm['X_emb']` and `screen.X`, without `in_train`.",
    "Look at `error_split` of the old and of the new decoder for one and the same prediction.",
    "One part of the total is computed without any prediction: whoever is judged, it is the same.",
)


def check_small_decoder(
    small, decoder, predictions, embedding, expression, *, hint: int = 0
) -> Feedback:
    """Feedback on chapter 3, exercise 1: a decoder with 16 hidden units.

    Parameters
    ----------
    small : FrozenDecoder, or ...
        The answer.
    decoder : FrozenDecoder
        The decoder of the page, to compare with.
    predictions : dict of str to array of shape (n, embed_dim)
        Predictions of two models or more for the test cells, by name.
    embedding, expression : array of shape (n, embed_dim) and (n, n_genes)
        True embedding and measured expression of the test cells.
    hint : {0, 1, 2, 3}
        Show this hint, too.

    Returns
    -------
    Feedback

    Derived in chapter 3.
    """

    def look(answer):
        if unfit := _unfit(answer, decoder):
            return wrong(unfit)
        n_hidden = answer.decoder.n_hidden
        floors = [decoder_floor(d, embedding, expression) for d in (answer, decoder)]
        if n_hidden != _HIDDEN:
            return wrong(
                f"This decoder has {n_hidden} hidden units where {_HIDDEN} are asked for; its "
                f"floor is {floors[0]:.4f} and that of the page's decoder {floors[1]:.4f}. "
                "What does `train_decoder` call its hidden layer?"
            )
        seen, due = (d.training_record.get("cells") for d in (answer, decoder))
        if seen != due:
            return wrong(
                f"It was trained on {seen} cells and the page's decoder on {due}: then two things "
                "differ at once. Give it the same training cells."
            )
        if floors[0] <= floors[1]:
            return wrong(
                f"Its floor is {floors[0]:.4f}, not above the {floors[1]:.4f} of the page's "
                "decoder, which was trained for fewer epochs then: train both alike."
            )
        parts = {n: error_split(answer, p, embedding, expression) for n, p in predictions.items()}
        before = {n: error_split(decoder, p, embedding, expression) for n, p in predictions.items()}
        shares = ", ".join(f"{p['floor'] / p['total']:.0%} ({n})" for n, p in parts.items())
        ratios = [_worst_by_best(both) for both in (parts, before)]
        return right(
            f"The floor is {floors[0]:.4f} instead of {floors[1]:.4f}. Its share of the total: "
            f"{shares}. The worst total is {ratios[0]:.2f} times the best, and was {ratios[1]:.2f} "
            "times: a dull glass makes unequal predictors look alike, and the total alone does "
            "not say whether the glass or the predictor is to blame."
        )

    asked = f"a decoder with {_HIDDEN} hidden units as `train_decoder` returns it"
    return judge(small, look, asked=asked, hints=_SMALL_HINTS, hint=hint)


def check_leaky_decoder(
    leaky, column, decoder, predicted, embedding, expression, *, hint: int = 0
) -> Feedback:
    """Feedback on chapter 3, exercise 2: a decoder of all cells, and the column that improves.

    Parameters
    ----------
    leaky : FrozenDecoder, or ...
        The first half of the answer: trained on all cells, test cells included.
    column : str, or ...
        The second half: "floor", "shift" or "cross".
    decoder : FrozenDecoder
        The decoder of the page, trained on training cells.
    predicted : array of shape (n, embed_dim)
        One model's prediction for the test cells.
    embedding, expression : array of shape (n, embed_dim) and (n, n_genes)
        True embedding and measured expression of the test cells.
    hint : {0, 1, 2, 3}
        Show this hint, too.

    Returns
    -------
    Feedback

    Derived in chapter 3.
    """

    def look(answer):
        leaky, column = answer
        if unfit := _unfit(leaky, decoder):
            return wrong(unfit)
        seen, honest = (d.training_record.get("cells") for d in (leaky, decoder))
        if seen <= honest:
            return wrong(
                f"This decoder was trained on {seen} cells, and the honest one on {honest}: no "
                "test cell came on top. The colleague used *all* cells of the screen."
            )
        new, old = (error_split(d, predicted, embedding, expression) for d in (leaky, decoder))
        fall = {part: old[part] - new[part] for part in ("floor", "shift", "cross")}
        if column == "total":
            return wrong(
                f"The total went from {old['total']:.5f} to {new['total']:.5f}, but it is a sum: "
                "which of its parts made it fall?"
            )
        if column not in fall:
            return wrong(f"There is no part {column!r}: the parts are {', '.join(fall)}.")
        if column != max(fall, key=fall.get):
            return wrong(
                f"The {column} went from {old[column]:.5f} to {new[column]:.5f}, while the total "
                f"fell by {old['total'] - new['total']:.5f}: most of that is elsewhere. Ask which "
                "part is about the decoder, which about the predictor."
            )
        said = "; ".join(f"{part} {old[part]:.5f} to {new[part]:.5f}" for part in fall)
        return right(
            f"Before and after: {said}. The floor is the decoder's own error on cells that it has "
            "now been trained on, so every predictor's total gets the same gift and none of them "
            "became better. Who compares his total with somebody else's would be fooled."
        )

    asked = "a decoder trained on all cells, and the name of a column"
    return judge((leaky, column), look, asked=asked, hints=_LEAKY_HINTS, hint=hint)


def _unfit(answer, decoder):
    """Why an answer cannot stand in for the decoder of the page; empty if it can."""
    if isinstance(answer, dict):
        return "This is a table of errors; pass the decoder that they were computed with."
    if not isinstance(answer, FrozenDecoder):
        return f"This is an object of type {type(answer).__name__}, not a trained, frozen decoder."
    sizes = (answer.n_input, answer.n_output), (decoder.n_input, decoder.n_output)
    if sizes[0] != sizes[1]:
        return (
            f"It turns {sizes[0][0]} numbers into {sizes[0][1]}, and cells here have {sizes[1][0]} "
            f"embedding values and {sizes[1][1]} genes: embedding first, then expression."
        )
    return ""


def _worst_by_best(parts):
    totals = [p["total"] for p in parts.values()]
    return max(totals) / min(totals)
