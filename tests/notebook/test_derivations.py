"""What a chapter derives by hand equals what it imports, on data that the chapter never saw."""

import ast
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import cdist

from recon_tutorial import metrics
from recon_tutorial.decoders import error_split, train_decoder
from recon_tutorial.evaluation import calibrate
from recon_tutorial.predictors import RidgeShift

RNG = np.random.default_rng(5)
TRUE, PRED, CTRL = (RNG.normal(m, 1, (n, 6)) for m, n in ((0, 30), (0.3, 30), (-1, 40)))


BOOK = Path(__file__).parents[2] / "book"


@pytest.fixture
def derived():
    """Return a function that gives a chapter's own definition of a function or class."""

    def find(chapter, name, **known):
        notebook = nbformat.read(BOOK / f"{chapter}.ipynb", as_version=4)
        for cell in (c for c in notebook.cells if c.cell_type == "code"):
            for node in ast.parse(cell.source).body:
                if getattr(node, "name", None) == name:
                    scope = {"np": np, "cdist": cdist, **known}
                    exec(compile(ast.Module([node], []), name, "exec"), scope)
                    return scope[name]
        raise LookupError(f"{chapter} does not define {name}")

    return find


def test_chapter_1_r2(derived):
    by_hand = derived("01_latent_shift", "r2_by_hand")
    assert by_hand(TRUE, PRED) == pytest.approx(metrics.r2(TRUE, PRED))


def test_chapter_1_mse(derived):
    assert derived("01_latent_shift", "mse_by_hand")(TRUE, PRED) == pytest.approx(
        metrics.mse(TRUE, PRED)
    )


def test_chapter_1_energy_distance(derived):
    by_hand = derived("01_latent_shift", "energy_distance_by_hand")
    expected = metrics.energy_distance(TRUE, PRED[:20], biased=True)
    assert by_hand(TRUE, PRED[:20]) == pytest.approx(expected)


def test_chapter_1_purity(derived):
    by_hand = derived("01_latent_shift", "knn_purity_by_hand")
    for k in (1, 10):
        expected = metrics.knn_purity(TRUE, PRED, CTRL, k=k)
        assert by_hand(TRUE, PRED, CTRL, k) == pytest.approx(expected)


def test_chapter_2_smallest_predictor(derived):
    mine = derived("02_contract", "SmallestPredictor")()
    cov = np.repeat(RNG.normal(size=(5, 3)), 6, axis=0).astype(np.float32)
    rows = (TRUE.astype(np.float32), PRED.astype(np.float32), cov)
    tested = RidgeShift(alpha=0.1)
    for model in (mine, tested):
        model.train(*rows)
    new = RNG.normal(size=(30, 3)).astype(np.float32)
    np.testing.assert_allclose(mine.predict(TRUE, new), tested.predict(TRUE, new), atol=1e-4)


def test_chapter_3_error_split(derived):
    class Test:
        pert = TRUE.astype(np.float32)

    measured = np.abs(RNG.normal(size=(30, 4))).astype(np.float32)
    decoder = train_decoder(TRUE, measured, epochs=3)

    class Screen:
        X = np.concatenate([np.zeros((500, 4), np.float32), measured])

        def __getitem__(self, _):
            return self

    known = {"decoder": decoder, "test": Test, "screen": Screen(), "in_train": np.ones(1, bool)}
    by_hand = derived("03_decoder", "split_by_hand", **known)
    expected = error_split(decoder, PRED, TRUE, measured)
    assert by_hand(PRED.astype(np.float32)) == pytest.approx(expected, rel=1e-5)


def test_chapter_5_scaled(derived):
    by_hand = derived("05_cell_split", "scaled_by_hand")
    values = {"no change": 4.0, "mean shift": 6.0, "replicate": 1.0, "m": 2.0}
    rows = {"space": "s", "perturbation": "p", "context": "all", "metric": "mse_mean", "note": ""}
    frame = calibrate(pd.DataFrame([{"model": m, "value": v, **rows} for m, v in values.items()]))
    expected = frame.set_index("model").loc["m", "scaled"]
    assert by_hand(2.0, 4.0, 1.0) == pytest.approx(expected)


def test_chapter_5_variance_ratio(derived):
    by_hand = derived("05_cell_split", "variance_ratio_by_hand")
    assert by_hand(TRUE, PRED) == pytest.approx(metrics.variance_ratio(TRUE, PRED))
