"""Each convention of another library is one named option of ours, held equal where it is installed.

None of them is needed by the package, and no number is stored here.
"""

from importlib.metadata import version

import numpy as np
import pytest
from anndata import AnnData

from recon_tutorial.metrics import (
    discrimination,
    energy_distance,
    mmd_rbf,
    mse_mean,
    pearson_delta,
    r2,
)

from .metric_samples import clouds
from .optional import other_evaluator

TRUE, PRED, CTRL = clouds(5, n=(23, 31, 40), d=12)
NAMES = [f"p{i}" for i in range(6)]


def versioned(name):
    """Return (major, minor) of an installed distribution."""
    return tuple(int(part) for part in version(name).split(".")[:2])


@pytest.fixture(scope="module")
def screen():
    """Return controls, and the true and the predicted cells of six perturbations."""
    rng = np.random.default_rng(7)
    ctrl = rng.normal(size=(30, 12))
    shifts = rng.normal(size=(6, 12))
    true = [rng.normal(size=(20, 12)) + shift for shift in shifts]
    pred = [rng.normal(size=(25, 12)) + 0.6 * shift + 0.5 for shift in shifts]
    return ctrl, true, pred


# pertpy


def test_pertpy_prints_the_biased_energy_distance():
    pertpy = other_evaluator("pertpy")
    theirs = pertpy.tools.Distance(metric="edistance", obsm_key="X")(TRUE, PRED)
    squared = versioned("pertpy") < (0, 11)  # its cell-wise distance was squared until then
    assert energy_distance(TRUE, PRED, biased=True, squared=squared) == pytest.approx(theirs)


def test_pertpy_mmd_with_its_gaussian_kernel():
    pertpy = other_evaluator("pertpy")
    theirs = pertpy.tools.Distance(metric="mmd", obsm_key="X")
    for gamma in (0.05, 1.0):
        expected = theirs(TRUE, PRED, kernel="rbf", gamma=gamma)
        assert mmd_rbf(TRUE, PRED, gamma=gamma) == pytest.approx(expected)


# scPerturb and CellFlow


def test_scperturb_prints_the_squared_unbiased_energy_distance():
    scperturb = pytest.importorskip("scperturb")
    adata = AnnData(np.concatenate([TRUE, PRED]))
    adata.obs["perturbation"] = ["true"] * len(TRUE) + ["pred"] * len(PRED)
    adata.obsm["X_pca"] = adata.X
    theirs = scperturb.edist(adata, "perturbation", verbose=False).loc["true", "pred"]
    assert energy_distance(TRUE, PRED, squared=True) == pytest.approx(theirs)


def test_cellflow_prints_the_squared_biased_energy_distance_and_r2_on_means():
    theirs = pytest.importorskip("cellflow.metrics")
    expected = float(theirs.compute_e_distance(TRUE, PRED))
    got = energy_distance(TRUE, PRED, biased=True, squared=True)
    assert got == pytest.approx(expected)
    assert r2(TRUE, PRED, on="mean") == pytest.approx(theirs.compute_r_squared(TRUE, PRED))


def test_cellflow_averages_mmd_over_six_kernels():
    theirs = pytest.importorskip("cellflow.metrics")
    ours = np.mean([mmd_rbf(TRUE, PRED, gamma=g) for g in (2, 1, 0.5, 0.1, 0.01, 0.005)])
    # Its kernels come from JAX, in single precision.
    assert ours == pytest.approx(float(theirs.compute_scalar_mmd(TRUE, PRED)), rel=1e-5)


# cell-eval


@pytest.fixture
def pair(screen):
    """Return the screen as cell-eval reads it, with the same controls on both sides."""
    types = other_evaluator("cell_eval._types")
    ctrl, true, pred = screen

    def joined(parts):
        adata = AnnData(np.concatenate([ctrl, *parts]))
        sizes = [len(ctrl), *(len(part) for part in parts)]
        adata.obs["target"] = np.repeat(["control", *NAMES], sizes)
        return adata

    return types.PerturbationAnndataPair(
        real=joined(true), pred=joined(pred), pert_col="target", control_pert="control"
    )


def test_cell_eval_correlates_and_squares_means(pair, screen):
    theirs = other_evaluator("cell_eval.metrics._anndata")
    ctrl, true, pred = screen
    correlation, error = theirs.pearson_delta(pair), theirs.mse(pair)
    for name, t, p in zip(NAMES, true, pred, strict=True):
        assert pearson_delta(t, p, ctrl) == pytest.approx(correlation[name])
        assert mse_mean(t, p) == pytest.approx(error[name])


@pytest.mark.parametrize(
    ("distance", "metric"), [("manhattan", "l1"), ("euclidean", "l2"), ("cosine", "cosine")]
)
def test_cell_eval_ranks_out_of_all(pair, screen, distance, metric):
    theirs = other_evaluator("cell_eval.metrics._anndata")
    expected = theirs.discrimination_score(pair, metric=metric, exclude_target_gene=False)
    ctrl, true, pred = screen
    changes = [
        np.array([x.mean(axis=0) for x in part]) - ctrl.mean(axis=0) for part in (true, pred)
    ]
    got = discrimination(*changes, distance=distance, out_of="all")
    assert got.tolist() == pytest.approx([expected[name] for name in NAMES])
    others = discrimination(*changes, distance=distance)
    assert (1 - others) * 5 / 6 == pytest.approx(1 - got)


def test_cell_eval_correlates_biased_energy_distances_to_control(pair, screen):
    theirs = other_evaluator("cell_eval.metrics._anndata")
    ctrl, true, pred = screen
    ours = [[energy_distance(x, ctrl, biased=True) for x in part] for part in (true, pred)]
    assert np.corrcoef(ours)[0, 1] == pytest.approx(theirs.edistance(pair))
