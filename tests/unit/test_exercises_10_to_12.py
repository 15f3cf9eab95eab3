"""Exercises of chapters 10 to 12: right answers, and what the typical wrong ones are told."""

import numpy as np
import pandas as pd
import pytest

from recon_tutorial.embedding import fit_embedding
from recon_tutorial.metrics import variance_ratio
from recon_tutorial.predictors import (
    MeanShift,
    NoChange,
    PerturbationMeanShift,
    RidgeRegression,
    RidgeShift,
)

from .exercise_worlds import ask
from .exercise_worlds_real import blood, convert, flows, logged, means, signed, tool, two_tests


def linear():
    return logged()[1].expm1()


def changed(change):
    return {name: change(cells) for name, cells in tool().predicted.items()}


def trained(model, columns=1):
    """A predictor that has seen so many columns of the descriptors."""
    train = blood().train
    model.train(train.ctrl, train.pert, train.cov[:, :columns])
    return model


class Mirrored(RidgeRegression):
    """It tells types apart, and sends each the other way."""

    def predict(self, ctrl_emb, pert_cov):
        return 2 * ctrl_emb - super().predict(ctrl_emb, pert_cov)


def embedded(mask):
    return fit_embedding(blood().cells, mask, n_genes=5, embed_dim=4)


def everybody():
    return embedded(blood().split.train | blood().split.test)


def noted():
    screen = blood().screen.copy()
    screen.uns["fitted_on"] = {"embedding": np.asarray(screen.obs_names)}
    return screen


def noise():
    rng = np.random.default_rng(1)
    return pd.DataFrame(rng.normal(size=(12, 3)), signed().family.index)


RIGHT = [
    ("without_the_type", lambda: trained(RidgeRegression())),
    ("leaky_embedding", everybody),
    ("inner_choice", lambda: (flows(A=(1.0, 2.0), C=(1.0, 3.0)), "flow")),
    ("inner_choice", lambda: (flows(A=(2.0, 1.0), C=(1.0, 3.0), D=(5, 1)), "flow + descriptor")),
    ("held_share", lambda: 1 / 12),
    ("held_share", lambda: 0.0833),
    ("own_descriptor", lambda: (signed().road, True)),
    ("own_descriptor", lambda: (signed().road.iloc[::-1], np.bool_(True))),
    ("own_descriptor", lambda: (noise(), False)),
    ("forgotten_logarithm", lambda: (linear(), "large values")),
    ("forgotten_logarithm", lambda: (linear().toarray(), "large values")),
    ("means_only", lambda: (means(), "r2_delta")),
]
WRONG = [
    ("without_the_type", lambda: trained(MeanShift()), "it moves all 3 types alike"),
    ("without_the_type", lambda: trained(PerturbationMeanShift()), "read the descriptor only"),
    ("without_the_type", lambda: trained(NoChange()), "it moves all 3 types alike"),
    ("without_the_type", lambda: trained(RidgeShift(), 4), "one column, RidgeShift raised Val"),
    ("without_the_type", RidgeRegression, "RidgeRegression raised"),
    ("without_the_type", lambda: trained(Mirrored()), "and not as they should be"),
    ("leaky_embedding", lambda: embedded(blood().split.train), "the audit is silent"),
    ("leaky_embedding", noted, "a note was written, and nothing was fitted"),
    ("leaky_embedding", lambda: embedded(blood().split.test), "asks for an embedding of all"),
    ("leaky_embedding", lambda: everybody()[:100].copy(), "these are not the 360 cells"),
    ("leaky_embedding", lambda: blood().cells, "is no AnnData with an embedding"),
    ("inner_choice", lambda: (flows(A=(1, 2), C=(1, 3)), "flow + descriptor"), "an *error*"),
    ("inner_choice", lambda: (flows(A=(1, 2), B=(1, 3)), "flow"), "B is among the types"),
    ("inner_choice", lambda: (flows(A=(1, 2)), "flow"), "one type is one number"),
    ("inner_choice", lambda: (flows(A=(1, 2), C=(1, 3)), "set"), "'set' is neither of flow and"),
    ("inner_choice", lambda: ("A", "flow"), "no table of `evaluate`"),
    ("inner_choice", lambda: (flows(A=(1,), C=(2,)), "flow"), "no energy distance of 'flow + d"),
    ("held_share", lambda: 1.0, "does not hear how long an arrow is"),
    ("held_share", lambda: 1 / 11, "this is one of 11"),
    ("held_share", lambda: -1 / 11, "this is one of 11"),
    ("held_share", lambda: 8.33, "in per cent, perhaps"),
    ("held_share", lambda: 11 / 12, "that share belongs to the *others*"),
    ("held_share", lambda: 0, "would not correlate with it, and it does: 1.000"),
    ("held_share", lambda: 0.25, "would be 3.00 times as far"),
    ("own_descriptor", lambda: (signed().road, False), "on one side of 0: on which"),
    ("own_descriptor", lambda: (noise(), True), "what does the *interval of the gain* say"),
    ("own_descriptor", lambda: (signed().tags, True), "your rows are name tags"),
    ("own_descriptor", lambda: (signed().family, True), "what the family descriptor says"),
    ("own_descriptor", lambda: (signed().road, "yes"), "'yes' is neither True nor False"),
    ("own_descriptor", lambda: (signed().road.iloc[:9], True), "3 have no row, 's9' among them"),
    ("own_descriptor", lambda: (signed().road.to_numpy(), True), "this ndarray is no DataFrame"),
    ("own_descriptor", lambda: (0 * signed().road, True), "all rows"),
    ("forgotten_logarithm", lambda: (linear(), "counts"), "would a sentence about counts be true"),
    ("forgotten_logarithm", lambda: (linear(), "nothing"), "a sentence about nothing"),
    ("forgotten_logarithm", lambda: (linear(), "NaN"), "'NaN' is none of counts, negative"),
    ("forgotten_logarithm", lambda: (logged()[1], "large values"), "this *is* the logarithm"),
    ("forgotten_logarithm", lambda: (logged()[1].log1p(), "nothing"), "a second time"),
    (
        "forgotten_logarithm",
        lambda: (np.exp(logged()[1].toarray()), "large values"),
        "too large by 1",
    ),
    ("forgotten_logarithm", lambda: (logged()[0], "counts"), "*did* divide by each cell's total"),
    ("forgotten_logarithm", lambda: (2.5 * linear(), "counts"), "values differ from those"),
    ("forgotten_logarithm", lambda: (linear()[:5], "counts"), "has shape (5, 40) where (60, 40)"),
    ("means_only", lambda: (means(), "energy_distance"), "it has noticed"),
    ("means_only", lambda: (means(), "variance_ratio"), "with the mean alone 0.00"),
    ("means_only", lambda: (means(), "mse"), "'mse' is none of energy_distance"),
    ("means_only", lambda: (changed(lambda x: x.mean(axis=0)), "r2_delta"), "is no matrix"),
    ("means_only", lambda: (changed(lambda x: x.mean(axis=1)), "r2_delta"), "the other axis"),
    ("means_only", lambda: (changed(lambda x: x), "r2_delta"), "you send all"),
    ("means_only", lambda: (changed(lambda x: x[:2]), "r2_delta"), "the shape is (2, 30)"),
    ("means_only", lambda: (changed(lambda x: np.median(x, 0)[None]), "r2_delta"), "off the mean"),
    ("means_only", lambda: ({}, "r2_delta"), "the dict holds nothing for 'p"),
    ("means_only", lambda: ([means()], "r2_delta"), "no dict from names to matrices"),
]


@pytest.mark.parametrize(("name", "answer"), RIGHT, ids=[name for name, _ in RIGHT])
def test_a_right_answer_passes_and_is_told_why(name, answer):
    feedback = ask(name, answer())
    assert feedback.passed, feedback.message
    assert any(figure.isdigit() for figure in feedback.message)


@pytest.mark.parametrize(("name", "answer", "phrase"), WRONG, ids=[f"{w[0]}-{w[2]}" for w in WRONG])
def test_a_typical_mistake_has_a_hint_of_its_own(name, answer, phrase):
    feedback = ask(name, answer())
    assert not feedback.passed and feedback.tried
    assert phrase.lower() in feedback.message.lower(), feedback.message


def test_a_right_answer_quotes_what_is_really_said():
    with pytest.raises(ValueError, match="too large for log-normalised") as said:
        convert(linear())
    assert str(said.value) in ask("forgotten_logarithm", (linear(), "large values")).message


def test_low_values_without_a_logarithm_pass_without_a_word():
    low = logged()[1].copy()
    low.data = np.log1p(np.expm1(low.data) * 40 / np.expm1(low.data).max())  # below the limit
    assert ask("forgotten_logarithm", (low.expm1(), "nothing"), logged=low).passed
    assert not ask("forgotten_logarithm", (low.expm1(), "large values"), logged=low).passed


def test_the_score_that_does_not_notice_is_found_by_scoring():
    message = ask("means_only", (means(), "r2_delta")).message
    before, after = message.split("r2_delta goes from ")[1].split(";")[0].split(" to ")
    assert before == after
    assert "variance_ratio goes from 1" in message or "variance_ratio goes from 0." in message


@pytest.mark.parametrize("n", [4, 9])
def test_the_share_is_that_of_the_signatures_given(n):
    part = signed().signatures.iloc[:, :n]
    assert ask("held_share", 1 / n, signatures=part).passed
    assert not ask("held_share", 1 / 12, signatures=part).passed


def test_a_lead_is_measured_against_the_row_that_knows_nothing():
    """The same table survives against a floor of 0 and not against one of 1."""
    floor = two_tests(signed().road)[1]
    assert ask("own_descriptor", (signed().road, True), floor=0 * floor).passed
    assert ask("own_descriptor", (signed().road, False), floor=0 * floor + 1).passed


def test_relatives_are_no_independent_witnesses():
    """A gain in one family of many members is sure by member, and not by family."""
    scores = pd.Series([1.0] * 8 + [-1.0, -1.0, 0.0, 0.0], signed().family.index)
    one_family = pd.Series(["big"] * 8 + list("abcd"), scores.index)
    given = {"two_tests": lambda table: (scores, scores), "floor": 0 * scores}
    alone = pd.Series(scores.index, scores.index)
    assert not ask("own_descriptor", (noise(), True), **given, groups=one_family).passed
    assert ask("own_descriptor", (noise(), True), **given, groups=alone).passed


def test_a_choice_is_told_how_it_would_have_fared():
    one, other = flows(A=(1.0, 2.0), C=(1.0, 3.0)), flows(A=(2.0, 1.0), C=(3.0, 1.0))
    assert "the others told you right" in ask("inner_choice", (one, "flow")).message
    misled = ask("inner_choice", (other, "flow + descriptor"))
    assert misled.passed and "would have misled you" in misled.message


def test_other_scores_have_no_say_in_the_choice():
    scores = flows(A=(1.0, 2.0), C=(1.0, 3.0))
    for change in ({"metric": "r2_delta"}, {"space": "decoded"}):
        more = flows(A=(9.0, 0.0), B=(9.0, 0.0)).assign(**change)
        assert ask("inner_choice", (pd.concat([scores, more]), "flow")).passed


def test_the_audit_is_quoted_with_and_without_the_note():
    with pytest.raises(ValueError, match="fitted on") as said:
        blood().split.audit(everybody())
    message = ask("leaky_embedding", everybody()).message
    assert f'"{said.value}"' in message and "the audit says nothing:" in message


def test_what_is_right_on_average_may_have_lost_its_spread():
    model = trained(RidgeRegression())
    pred = model.predict(blood().test.ctrl, blood().test.cov[:, :1])
    kind = blood().test.cov[:, 1:].argmax(axis=1)
    ratio = np.mean(
        [variance_ratio(blood().test.pert[kind == k], pred[kind == k]) for k in range(3)]
    )
    assert f"The variance ratio is {ratio:.2f}" in ask("without_the_type", model).message
    assert ratio < 0.6
