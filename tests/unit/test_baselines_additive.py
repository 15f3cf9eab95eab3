"""The additive baseline recognises a sum of two known descriptors, and nothing else."""

import numpy as np

from recon_tutorial.predictors import Additive

RNG = np.random.default_rng(0)
D, C = 4, 3
COV = RNG.normal(size=(6, C)).astype(np.float32)
SHIFT = RNG.normal(size=(6, D)).astype(np.float32)
CTRL = RNG.normal(size=(6, D)).astype(np.float32)


def fitted(ctrl=CTRL, pert=CTRL + SHIFT, cov=COV):
    model = Additive()
    model.train(ctrl, pert, cov)
    return model


def shift_of(model, *descriptors):
    """The shift that a model gives to each descriptor."""
    answer = model.predict(CTRL[: len(descriptors)], np.array(descriptors, dtype=np.float32))
    return answer - CTRL[: len(descriptors)]


def test_additive_adds_the_shifts_of_two_known_descriptors():
    model = fitted()
    got = shift_of(model, COV[0] + COV[4], COV[2] + COV[1], COV[5])
    expected = [SHIFT[0] + SHIFT[4], SHIFT[1] + SHIFT[2], SHIFT[5]]
    np.testing.assert_allclose(got, expected, atol=1e-5)


def test_additive_falls_back_on_the_mean_shift():
    model = fitted()
    # nearly a sum, twice the same, a sum of three, a difference, anything else
    off = [COV[0] + COV[4] + 1e-3, 2 * COV[1], COV[:3].sum(0), COV[0] - COV[1], RNG.normal(size=C)]
    np.testing.assert_allclose(shift_of(model, *off), np.tile(SHIFT.mean(0), (5, 1)), atol=1e-5)


def test_additive_allows_for_rounding_whatever_the_scale():
    for scale in (1e-4, 1.0, 1e4):
        model = fitted(cov=COV * np.float32(scale))
        parts = COV * np.float32(scale)
        total = np.nextafter(parts[0] + parts[4], np.float32(np.inf))
        np.testing.assert_allclose(shift_of(model, total), [SHIFT[0] + SHIFT[4]], atol=1e-5)
        off = (parts[0] + parts[4]) * np.float32(1.001)
        np.testing.assert_allclose(shift_of(model, off), [SHIFT.mean(0)], atol=1e-5)


def test_additive_averages_two_ways_to_make_one_sum():
    cov = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=np.float32) + 1
    model = fitted(CTRL[:4], CTRL[:4] + SHIFT[:4], cov)
    np.testing.assert_allclose(shift_of(model, [3, 3]), [SHIFT[:4].sum(0) / 2], atol=1e-5)


def test_additive_finds_every_pair_among_many():
    rng = np.random.default_rng(3)
    cov = rng.normal(size=(400, 8)).astype(np.float32)
    shift = rng.normal(size=(400, D)).astype(np.float32)
    model = fitted(np.zeros_like(shift), shift, cov)
    one, two = rng.permutation(400)[:400].reshape(2, 200)
    answer = model.predict(np.zeros((200, D)), cov[one].astype(float) + cov[two])
    np.testing.assert_allclose(answer, shift[one] + shift[two], atol=1e-5)
