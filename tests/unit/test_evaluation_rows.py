"""Which cells are scored against which: groups, halves, references, centroids and spaces."""

import numpy as np
import pytest
from scipy import sparse

from recon_tutorial import metrics
from recon_tutorial.evaluation import evaluate
from recon_tutorial.evaluation._arena import build_arena
from recon_tutorial.predictors import RidgeShift
from recon_tutorial.screen import simulate_screen
from recon_tutorial.splits import split_cells

KNOBS = {"n_perturbations": 3, "cells_per_perturbation": 61, "embed_dim": 4, "cov_dim": 2}


class Doubles:
    """A stand-in for a decoder: as many genes as the embedding is wide, each twice as large."""

    def decode(self, embedding):
        return 2 * np.asarray(embedding, dtype=np.float32)


@pytest.fixture
def screen():
    return simulate_screen(**KNOBS, n_contexts=2, n_controls=900, n_genes=5, seed=3)


@pytest.fixture
def split(screen):
    return split_cells(screen, 0.4)


def arena_of(screen, split, *, decoder=None, pairing="random", use_rep="X_emb", seed=0):
    return build_arena(screen, split, decoder=decoder, pairing=pairing, use_rep=use_rep, seed=seed)


def rows_of(screen, mask, perturbation, context):
    obs = screen.obs
    return mask & (obs["perturbation"] == perturbation) & (obs["context"] == context)


def test_each_perturbation_of_each_context_is_halved_five_times(screen, split):
    arena = arena_of(screen, split)
    names = [(f"p{i}", f"context{c}") for i in range(3) for c in range(2)]
    assert list(arena.groups) == list(arena.halves) == names
    test = screen[split.test & (screen.obs["perturbation"] != "control").to_numpy()]
    every = np.concatenate(list(arena.groups.values()))
    np.testing.assert_array_equal(np.sort(every), np.arange(test.n_obs))
    for (perturbation, context), rows in arena.groups.items():
        assert (test.obs["perturbation"].iloc[rows] == perturbation).all()
        assert (test.obs["context"].iloc[rows] == context).all()
        orders = {tuple(np.concatenate(pair)) for pair in arena.halves[perturbation, context]}
        assert len(arena.halves[perturbation, context]) == len(orders) == 5
        for one, other in arena.halves[perturbation, context]:
            assert len(one) == len(other) == len(rows) // 2
            assert len({*one, *other}) == 2 * len(one) and {*one, *other} <= set(rows)


def test_the_seed_draws_halves_controls_and_references(screen, split):
    one, same, other = (arena_of(screen, split, seed=seed) for seed in (1, 1, 2))
    for key in one.halves:
        np.testing.assert_array_equal(one.halves[key], same.halves[key])
        assert not np.array_equal(one.halves[key], other.halves[key])
    assert not np.array_equal(one.ctrl, other.ctrl)
    for context in ("context0", "context1"):
        cells = [arena.spaces[0].reference[context] for arena in (one, same, other)]
        np.testing.assert_array_equal(cells[0], cells[1])
        assert not np.array_equal(cells[0], cells[2])


def test_predictions_start_from_test_controls_of_their_context(screen, split):
    arena = arena_of(screen, split)
    for (_, context), rows in arena.groups.items():
        pool = screen.obsm["X_emb"][rows_of(screen, split.test, "control", context).to_numpy()]
        starts = {row.tobytes() for row in arena.ctrl[rows]}
        assert starts <= {row.tobytes() for row in pool}
    assert arena.partner is None


def test_at_most_two_hundred_controls_of_a_context_are_the_reference(screen, split):
    space = arena_of(screen, split).spaces[0]
    assert list(space.reference) == ["context0", "context1"]
    for context, cells in space.reference.items():
        mine = rows_of(screen, split.train, "control", context).to_numpy()
        assert mine.sum() > 200 == len(cells)
        place = {row.tobytes(): i for i, row in enumerate(screen.obsm["X_emb"][mine])}
        found = [place[row.astype(np.float32).tobytes()] for row in cells]
        assert found == sorted(set(found))
        np.testing.assert_allclose(space.reference_mean[context], cells.mean(axis=0))


def test_the_centroid_counts_every_training_perturbation_once(screen, split):
    lost = (screen.obs["perturbation"] == "p1") & (screen.obs["context"] == "context1")
    few = screen[~lost.to_numpy()].copy()
    split = split_cells(few, 0.4)
    space = arena_of(few, split).spaces[0]
    shifts = {}
    for name in ("p0", "p1", "p2"):
        own = []
        for context in ("context0", "context1"):
            cells = few.obsm["X_emb"][rows_of(few, split.train, name, context).to_numpy()]
            if len(cells):
                own.append(cells.mean(axis=0, dtype=float) - space.reference_mean[context])
        shifts[name] = np.mean(own, axis=0)
    assert list(space.shifts) == ["p0", "p1", "p2"]
    for name, shift in shifts.items():
        np.testing.assert_allclose(space.shifts[name], shift)
    for context in ("context0", "context1"):
        due = space.reference_mean[context] + np.mean(list(shifts.values()), axis=0)
        np.testing.assert_allclose(space.centroid("p0", context), due)


def test_spaces_hold_the_same_cells(screen, split):
    screen.X = sparse.csr_matrix(screen.X)
    arena = arena_of(screen, split, decoder=Doubles())
    assert [space.name for space in arena.spaces] == ["embedding", "decoded", "measured"]
    embedding, decoded, measured = arena.spaces
    test = split.test & (screen.obs["perturbation"] != "control").to_numpy()
    np.testing.assert_array_equal(embedding.true, screen.obsm["X_emb"][test])
    np.testing.assert_array_equal(decoded.true, 2 * embedding.true)
    np.testing.assert_array_equal(measured.true, screen.X[test].toarray())
    for space in arena.spaces:
        assert space.true.dtype == np.float64
        assert {cells.dtype for cells in space.reference.values()} == {np.dtype(np.float64)}
    for context, cells in decoded.reference.items():
        np.testing.assert_array_equal(cells, 2 * embedding.reference[context])
    assert [space.name for space in arena_of(screen, split).spaces] == ["embedding"]


@pytest.mark.parametrize("turn", [np.asarray, sparse.csr_matrix])
def test_measured_genes_can_stand_for_the_embedding(screen, split, turn):
    dense = screen.X.toarray() if sparse.issparse(screen.X) else np.asarray(screen.X)
    screen.X = turn(dense)
    given = {}

    class Spy(RidgeShift):
        def train(self, ctrl_emb, pert_emb, pert_cov):
            given["pert"] = pert_emb
            super().train(ctrl_emb, pert_emb, pert_cov)

    results = evaluate({"spy": Spy()}, screen, split, metrics=["mse_mean"], use_rep="X")
    assert set(results["space"]) == {"measured"}
    train = split.train & (screen.obs["perturbation"] != "control").to_numpy()
    np.testing.assert_array_equal(given["pert"], dense[train].astype(np.float32))


def test_partners_are_those_that_are_recorded():
    screen = simulate_screen(**KNOBS, paired=True, n_genes=5)
    split = split_cells(screen, 0.4)
    arena = arena_of(screen, split, pairing="true")
    test = screen[split.test & (screen.obs["perturbation"] != "control").to_numpy()]
    partners = screen[test.obs["partner"].astype(str)].obsm["X_emb"]
    np.testing.assert_array_equal(arena.partner, partners)
    assert list(arena.groups) == [(f"p{i}", "all") for i in range(3)]


def test_scores_by_hand_half_by_half(screen, split):
    test = screen[split.test & (screen.obs["perturbation"] != "control").to_numpy()]
    guess = test.obsm["X_emb"] * 0.7 + np.random.default_rng(0).normal(0, 1, (test.n_obs, 4))

    class Guesses(RidgeShift):
        def predict(self, ctrl_emb, pert_cov):
            return guess

    chosen = {
        "discrimination": {"distance": "cosine"},
        "knn_purity": {"k": 5},
        "energy_distance": {},
        "mse_mean": {},
    }
    results = evaluate({"g": Guesses()}, screen, split, metrics=chosen, seed=1)
    mine = results[results["model"] == "g"].set_index(["metric", "perturbation", "context"])
    assert all(note.split("; ")[-1].startswith("floor: ") for note in mine["note"])
    arena = arena_of(screen, split, seed=1)
    (space,) = arena.spaces
    due = {(m, *key): [] for m in chosen for key in arena.groups}
    for i in range(5):
        ones = {key: halves[i][0] for key, halves in arena.halves.items()}
        for key, one in ones.items():
            true, pred, pool = space.true[one], guess[one], space.reference[key[1]]
            few = pool[np.random.default_rng(i).permutation(len(pool))[: len(one)]]
            due["knn_purity", *key].append(metrics.knn_purity(true, pred, few, k=5))
            due["energy_distance", *key].append(metrics.energy_distance(true, pred))
            due["mse_mean", *key].append(np.square(true.mean(axis=0) - pred.mean(axis=0)).mean())
        for context, mean in space.reference_mean.items():
            keys = [key for key in ones if key[1] == context]
            true, pred = (
                np.array([cells[ones[key]].mean(axis=0) - mean for key in keys])
                for cells in (space.true, guess)
            )
            for key, value in zip(
                keys, metrics.discrimination(true, pred, distance="cosine"), strict=True
            ):
                due["discrimination", *key].append(value)
    assert len(mine) == len(due) == 24
    for row, values in due.items():
        assert mine.loc[row, "value"] == pytest.approx(np.mean(values)), row


def test_a_context_with_one_perturbation_costs_the_others_no_score(screen):
    gone = (screen.obs["context"] == "context1") & screen.obs["perturbation"].isin(["p1", "p2"])
    few = screen[~gone.to_numpy()].copy()
    chosen = {"metrics": ["discrimination"]}
    results = evaluate({"r": RidgeShift()}, few, split_cells(few, 0.4), **chosen)
    known = results.groupby("context")["value"].agg(["size", "count"])
    assert known.to_dict("index") == {
        "context0": {"size": 12, "count": 12},
        "context1": {"size": 4, "count": 0},
    }
