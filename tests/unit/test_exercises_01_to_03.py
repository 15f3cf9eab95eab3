"""Exercises of chapters 1 to 3: right answers, and what the typical wrong ones are told."""

import numpy as np
import pytest

from recon_tutorial.adversaries import Collapsed
from recon_tutorial.decoders import error_split, train_decoder
from recon_tutorial.predictors import MeanShift, RidgeShift

from .exercise_worlds import ask, cells, decoder


def tiled(row):
    return np.tile(row, (len(cells().test.cov), 1))


def average():
    return np.unique(cells().test.cov, axis=0).mean(axis=0)


def collapsed(values):
    """Give each perturbation the mean of its rows of `values`."""
    pred = np.empty_like(values)
    for rows in cells().rows:
        pred[rows] = values[rows].mean(axis=0)
    return pred


def turned(values):
    """Give each perturbation the rows of the next one."""
    return np.roll(values, len(cells().rows[0]), axis=0)


class Line:
    """A linear map from descriptor to shift, right and unguarded."""

    def train(self, ctrl_emb, pert_emb, pert_cov):
        cov = np.column_stack([np.ones(len(pert_cov)), pert_cov])
        self.weights = np.linalg.lstsq(cov, np.subtract(pert_emb, ctrl_emb), rcond=None)[0]

    def predict(self, ctrl_emb, pert_cov):
        cov = np.column_stack([np.ones(len(pert_cov)), pert_cov])
        return (ctrl_emb + cov @ self.weights).astype(np.float32)


class Guarded(Line):
    def train(self, ctrl_emb, pert_emb, pert_cov):
        arrays = [np.asarray(a, dtype=np.float32) for a in (ctrl_emb, pert_emb, pert_cov)]
        self.widths = [a.shape[1] for a in arrays]
        if len({len(a) for a in arrays}) > 1 or self.widths[0] != self.widths[1]:
            raise ValueError("rows or columns do not match")
        super().train(*arrays)

    def predict(self, ctrl_emb, pert_cov):
        arrays = [np.asarray(a, dtype=np.float32) for a in (ctrl_emb, pert_cov)]
        if len({len(a) for a in arrays}) > 1 or [a.shape[1] for a in arrays] != self.widths[1:]:
            raise ValueError("rows or columns do not match")
        return super().predict(*arrays)


class Halfway(Guarded):
    share = 0.7

    def predict(self, ctrl_emb, pert_cov):
        ctrl = np.asarray(ctrl_emb, dtype=np.float32)
        shift = super().predict(ctrl_emb, pert_cov) - ctrl
        return (ctrl + self.share * shift).astype(np.float32)


class Timid(Halfway):
    share = 0.04


class Spoilt(Guarded):
    """Guarded, and wrong in each cell, though right on the mean."""

    def predict(self, ctrl_emb, pert_cov):
        ctrl = np.asarray(ctrl_emb, dtype=np.float32)
        return (super().predict(ctrl_emb, pert_cov) - 2 * ctrl).astype(np.float32)


class Mirrored(RidgeShift):
    def predict(self, ctrl_emb, pert_cov):
        ctrl = np.asarray(ctrl_emb, dtype=np.float32)
        return super().predict(ctrl_emb, pert_cov) - 2 * ctrl


RIGHT = [
    ("average_descriptor", lambda: tiled(average())),
    ("average_descriptor", lambda: tiled(cells().test.cov.mean(axis=0))),
    ("collapse", lambda: collapsed(cells().test.pert)),
    ("mended_predictor", lambda: Guarded),
    ("kept_but_wrong", lambda: Mirrored),
    ("small_decoder", lambda: decoder(16)),
    ("leaky_decoder", lambda: (decoder(64, "all"), "floor")),
]
WRONG = [
    ("average_descriptor", average, "This is one row of 4 numbers"),
    ("average_descriptor", lambda: cells().test.cov, "each cell with its own"),
    ("average_descriptor", lambda: tiled(cells().test.cov[0]), "descriptor of `p0` for every cell"),
    (
        "average_descriptor",
        lambda: np.tile(cells().test.cov.mean(axis=1, keepdims=True), (1, 4)),
        "An average along the wrong axis",
    ),
    ("average_descriptor", lambda: tiled(average() * 0 + 0.1), "an average of everything"),
    ("average_descriptor", lambda: tiled(6 * average()), "away from the average of the 6"),
    ("average_descriptor", lambda: np.zeros((6, 4)), "a row per cell"),
    ("collapse", lambda: cells().test.pert, "an oracle, not a collapse"),
    ("collapse", lambda: cells().test.ctrl, "its rows still differ"),
    ("collapse", lambda: collapsed(cells().test.ctrl), "means of the *controls*"),
    ("collapse", lambda: tiled(cells().test.pert.mean(axis=0)), "the mean of everything"),
    ("collapse", lambda: collapsed(cells().test.pert)[::24], "one mean for each perturbation"),
    ("collapse", lambda: turned(collapsed(cells().test.pert)), "labels are in another order"),
    ("collapse", lambda: collapsed(cells().test.pert) + 1, "up to 1.00 away from the mean of `p0`"),
    ("mended_predictor", lambda: Line, "numpy stretches one row over many"),
    ("mended_predictor", lambda: MeanShift, "the same for every perturbation is a baseline"),
    ("mended_predictor", lambda: RidgeShift, "the tested version of this book"),
    ("mended_predictor", RidgeShift, "pass the class itself, without parentheses"),
    ("mended_predictor", lambda: Spoilt, "something of it was lost in mending"),
    ("kept_but_wrong", lambda: MeanShift, "[uses the descriptor]"),
    ("kept_but_wrong", lambda: RidgeShift, "as good as the noise allows"),
    ("kept_but_wrong", lambda: Halfway, "is too good"),
    ("kept_but_wrong", lambda: Timid, "[beats no change]"),
    ("small_decoder", lambda: decoder(64), "What does `train_decoder` call its hidden layer?"),
    ("small_decoder", lambda: decoder(16, "test"), "two things differ at once"),
    ("small_decoder", lambda: scores_of(decoder(16)), "This is a table of errors"),
    ("small_decoder", lambda: decoder, "not a trained, frozen decoder"),
    ("small_decoder", lambda: wrong_way_round(), "embedding first, then expression"),
    ("small_decoder", lambda: decoder(16, epochs=400), "train both alike"),
    ("leaky_decoder", lambda: (decoder(64, "all"), "shift"), "most of that is elsewhere"),
    ("leaky_decoder", lambda: (decoder(64, "all"), "total"), "it is a sum"),
    ("leaky_decoder", lambda: (decoder(64, "all"), "floors"), "There is no part 'floors'"),
    ("leaky_decoder", lambda: (decoder(64), "floor"), "no test cell came on top"),
]


def scores_of(small):
    world = cells()
    return error_split(small, world.test.pert, world.test.pert, world.measured)


def wrong_way_round():
    return train_decoder(cells().screen.X, cells().screen.obsm["X_emb"], epochs=1, n_hidden=16)


@pytest.mark.parametrize(("name", "answer"), RIGHT, ids=[name for name, _ in RIGHT])
def test_a_right_answer_passes_and_is_told_why(name, answer):
    feedback = ask(name, answer())
    assert feedback.passed, feedback.message
    assert any(figure.isdigit() for figure in feedback.message)


@pytest.mark.parametrize(("name", "answer", "phrase"), WRONG, ids=[f"{w[0]}-{w[2]}" for w in WRONG])
def test_a_typical_mistake_has_a_hint_of_its_own(name, answer, phrase):
    feedback = ask(name, answer())
    assert not feedback.passed and feedback.tried
    assert phrase in feedback.message
    others = [w[2] for w in WRONG if w[0] == name and w[2] != phrase]
    assert [other for other in others if other in feedback.message] == []


def test_what_a_right_answer_is_told_was_computed():
    world, pred = cells(), collapsed(cells().test.pert)
    assert "variance ratio of 0.00" in ask("collapse", pred).message
    said = ask("kept_but_wrong", Mirrored).message
    model = Mirrored()
    model.train(*world.train[:3])
    error = np.square(model.predict(world.test.ctrl, world.test.cov) - world.test.pert).mean()
    assert f"latent MSE of {error:.3f} is worse" in said


def test_a_predictor_may_raise_what_it_likes():
    class Angry(Guarded):
        def predict(self, ctrl_emb, pert_cov):
            if len(ctrl_emb) == len(cells().test.ctrl):
                raise KeyError("no")
            return super().predict(ctrl_emb, pert_cov)

    assert "Angry raised KeyError: 'no'" in ask("mended_predictor", Angry).message
    assert "has no method train" in ask("pure_but_far", 3).message
    assert "Collapsed raised TypeError" in ask("pure_but_far", Collapsed).message
