import json

import numpy as np
import pandas as pd
import pytest

from recon_tutorial import metrics
from recon_tutorial.decoders import train_decoder
from recon_tutorial.evaluation import (
    calibrate,
    compare,
    evaluate,
    leaderboard,
    load_results,
    save_results,
)
from recon_tutorial.pairing import make_pairs
from recon_tutorial.predictors import MeanShift, NoChange, Oracle, PerturbationMeanShift, RidgeShift
from recon_tutorial.screen import simulate_screen
from recon_tutorial.splits import Split, split_cells

KNOBS = {"n_perturbations": 10, "cells_per_perturbation": 100, "embed_dim": 12, "cov_dim": 12}
COLUMNS = "model split claim space perturbation context metric value floor ceiling scaled note"


@pytest.fixture(scope="module")
def screen():
    return simulate_screen(**KNOBS, n_genes=60, paired=True, seed=1)


@pytest.fixture(scope="module")
def split(screen):
    return split_cells(screen, test_fraction=0.4)


@pytest.fixture(scope="module")
def decoder(screen, split):
    part = screen[split.train]
    return train_decoder(part.obsm["X_emb"], part.X, gene_names=screen.var_names, epochs=5)


@pytest.fixture(scope="module")
def results(screen, split, decoder):
    models = {"ridge": RidgeShift(), "average": PerturbationMeanShift()}
    return evaluate(models, screen, split, decoder=decoder, pairing="true")


def pick(results, **where):
    keep = np.logical_and.reduce([results[k] == v for k, v in where.items()])
    return results[keep]


def test_the_frame_is_tidy_and_complete(results):
    assert list(results.columns) == COLUMNS.split()
    models = ["replicate", "ridge", "average", "no change", "mean shift"]
    assert sorted(results["model"].unique()) == sorted(models)
    assert set(results["space"]) == {"embedding", "decoded", "measured"}
    assert set(pick(results, space="decoded")["metric"]) == set(metrics.METRICS)
    key = ["model", "space", "perturbation", "context", "metric"]
    assert not results.duplicated(key).any()
    assert (results.groupby(["model", "space", "metric"])["perturbation"].nunique() == 10).all()
    assert (results["claim"] == "unseen cells").all() and (results["split"] == "test").all()


def test_good_models_reach_the_replicate_and_floors_stay_at_zero(results):
    for metric in ("energy_distance", "r2_delta", "pearson_centroid", "discrimination"):
        board = leaderboard(results, metric=metric)
        assert board.loc["ridge", "scaled"] == pytest.approx(1, abs=0.06)
        assert board.loc["replicate", "scaled"] == 1
        assert board.loc[["no change", "mean shift"], "scaled"].max() == pytest.approx(0, abs=1e-12)


def test_scaled_is_the_place_between_floor_and_ceiling(results):
    known = results.dropna(subset="scaled")
    by_hand = (known["value"] - known["floor"]) / (known["ceiling"] - known["floor"])
    np.testing.assert_allclose(known["scaled"], by_hand)
    spread = pick(results, metric="variance_ratio")
    assert spread["floor"].isna().all() and spread["scaled"].isna().all()
    assert spread["ceiling"].notna().all()


def test_one_floor_per_metric_and_space_named_in_the_note(results):
    for (space, metric), part in results.groupby(["space", "metric"]):
        if metric == "variance_ratio":
            continue
        means = part.groupby("model")["value"].mean()[["no change", "mean shift"]]
        higher = metrics.HIGHER_IS_BETTER[metric]
        expected = means.idxmax() if higher else means.idxmin()
        assert part["note"].str.contains(f"floor: {expected}").all(), (space, metric)


def test_values_are_means_over_five_halves_of_the_test_cells(screen, split):
    results = evaluate({"m": NoChange()}, screen, split, metrics=["energy_distance"])
    value = pick(results, model="m", perturbation="p3")["value"].item()
    test = make_pairs(screen[split.test], how="random", seed=0)
    rows = np.flatnonzero(test.perturbation == "p3")
    rng = np.random.default_rng([0, 3])
    orders = [rng.permutation(rows) for _ in range(5)]
    expected = [
        metrics.energy_distance(test.pert[o[: len(o) // 2]], test.ctrl[o[: len(o) // 2]])
        for o in orders
    ]
    assert value == pytest.approx(np.mean(expected))
    expected = [
        metrics.energy_distance(test.pert[o[: len(o) // 2]], test.pert[o[len(o) // 2 :]])
        for o in orders
    ]
    replicate = pick(results, model="replicate", perturbation="p3")["value"].item()
    assert replicate == pytest.approx(np.mean(expected))


def test_an_oracle_is_perfect_where_a_replicate_is_not(screen, split):
    test = make_pairs(screen[split.test], how="random")
    models = {"oracle": Oracle(test.pert, test.cov)}
    results = evaluate(models, screen, split, metrics=["mse_mean", "r2_delta"])
    assert pick(results, model="oracle", metric="mse_mean")["value"].max() == 0
    assert pick(results, model="oracle", metric="r2_delta")["value"].min() == 1
    assert pick(results, model="replicate", metric="mse_mean")["value"].min() > 0


def test_the_centroid_gives_no_perturbation_away():
    screen = simulate_screen(**KNOBS | {"n_perturbations": 5}, n_genes=20, paired=True, seed=1)
    chosen = ["pearson_centroid"]
    results = evaluate({"r": RidgeShift()}, screen, split_cells(screen), metrics=chosen)
    means = results.groupby("model")["value"].mean()
    assert means["r"] > 0.7
    assert abs(means["mean shift"]) < 0.3  # a centroid without the scored one would make it 0.6


def test_matched_metrics_need_partners(screen, split):
    paired = evaluate({"r": RidgeShift()}, screen, split, metrics=["mse"], pairing="true")
    assert pick(paired, model="r")["value"].mean() == pytest.approx(0.01, rel=0.2)  # the noise
    random = evaluate({"r": RidgeShift()}, screen, split, metrics=["mse"], pairing="random")
    assert pick(random, model="r")["value"].isna().all()
    assert pick(random, model="r")["note"].str.contains("needs matched rows").all()


def test_test_inputs_are_not_partners(screen, split):
    seen = []

    class Spy(RidgeShift):
        def predict(self, ctrl_emb, pert_cov):
            seen.append(ctrl_emb)
            return super().predict(ctrl_emb, pert_cov)

    evaluate({"spy": Spy()}, screen, split, metrics=["mse", "r2_delta"], pairing="true")
    partners = make_pairs(screen[split.test], how="true").ctrl
    same = [(c == partners).all(axis=1).mean() for c in seen]
    assert same[0] < 0.1 and same[1] == 1


def test_training_rows_can_be_paired_by_transport(screen, split):
    class Spy(RidgeShift):
        def train(self, *rows):
            self.seen = rows
            super().train(*rows)

    spy = Spy()
    results = evaluate({"spy": spy}, screen, split, metrics=["mse_mean"], pairing="ot", seed=3)
    expected = make_pairs(screen[split.train], how="ot", seed=3)
    for seen, wanted in zip(spy.seen, expected[:3], strict=True):
        np.testing.assert_array_equal(seen, wanted)
    assert results.attrs["pairing"] == "ot"
    assert pick(results, model="spy")["value"].notna().all()


def test_reference_controls_are_never_model_inputs(screen, split):
    from recon_tutorial.evaluation._arena import build_arena

    arena = build_arena(screen, split, decoder=None, pairing="random", use_rep="X_emb", seed=0)
    inputs = {row.tobytes() for row in arena.ctrl.astype(np.float64)}
    references = {r.tobytes() for cells in arena.spaces[0].reference.values() for r in cells}
    assert not inputs & references


def test_one_broken_model_loses_no_scores_of_the_others(screen, split):
    class Crash(RidgeShift):
        def train(self, *rows):
            raise ZeroDivisionError("no cells today")

    class Short(RidgeShift):
        def predict(self, *rows):
            return super().predict(*rows)[:-1]

    class Undefined(RidgeShift):
        def predict(self, *rows):
            return super().predict(*rows) * np.nan

    models = {"crash": Crash(), "short": Short(), "nan": Undefined(), "ridge": RidgeShift()}
    results = evaluate(models, screen, split, metrics=["energy_distance"])
    notes = results[results["metric"].isna()].set_index("model")["note"]
    assert notes["crash"] == "failed: ZeroDivisionError: no cells today"
    assert "returned shape" in notes["short"] and "NaN or infinite" in notes["nan"]
    board = leaderboard(results)
    assert board.loc["ridge", "scaled"] > 0.9
    assert board.loc["crash", "note"] == notes["crash"] and np.isnan(board.loc["crash", "rank"])


@pytest.mark.parametrize("pairing", ["random", "true"])
def test_a_model_that_writes_to_its_inputs_moves_nobody_else(screen, split, pairing):
    class InPlace(RidgeShift):
        def train(self, *rows):
            super().train(*rows)
            for array in rows:
                array += 1

        def predict(self, ctrl_emb, pert_cov):
            answer = super().predict(ctrl_emb, pert_cov)
            ctrl_emb += 100
            pert_cov += 1
            return answer

    chosen = {"pairing": pairing, "metrics": ["energy_distance", "mse"]}
    alone = evaluate({"ridge": RidgeShift()}, screen, split, **chosen)
    after = evaluate({"in place": InPlace(), "ridge": RidgeShift()}, screen, split, **chosen)
    values = after.groupby("model").get_group("in place")["value"].to_numpy()
    after = after[after["model"] != "in place"].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, after, check_exact=True)
    ridge = alone[alone["model"] == "ridge"]["value"]
    np.testing.assert_array_equal(values, ridge)


def test_ctrl_c_is_not_swallowed(screen, split):
    class Interrupted(RidgeShift):
        def train(self, *rows):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate({"m": Interrupted()}, screen, split)


def test_train_options_reach_their_model(screen, split):
    class Picky(RidgeShift):
        def train(self, *rows, strength):
            self.alpha = strength
            super().train(*rows)

    picky = Picky()
    evaluate(
        {"p": picky}, screen, split, metrics=["mse_mean"], train_options={"p": {"strength": 3.0}}
    )
    assert picky.ridge.alpha == 3.0


def test_same_seed_same_frame(screen, split):
    chosen = ["energy_distance", "knn_purity"]
    runs = [evaluate({"r": RidgeShift()}, screen, split, metrics=chosen, seed=s) for s in (1, 1, 2)]
    pd.testing.assert_frame_equal(runs[0], runs[1])
    assert not runs[0]["value"].equals(runs[2]["value"])


def test_contexts_are_scored_apart():
    screen = simulate_screen(**KNOBS, n_genes=20, n_contexts=2)
    results = evaluate({"r": RidgeShift()}, screen, split_cells(screen, test_fraction=0.5))
    counts = pick(results, model="r").groupby("metric")["context"].nunique()
    assert (counts == 2).all()


def test_a_single_perturbation_has_no_centroid_and_nobody_to_be_told_from():
    screen = simulate_screen(**{**KNOBS, "n_perturbations": 1}, n_genes=20)
    results = evaluate({"m": MeanShift()}, screen, split_cells(screen))
    for metric, words in (("pearson_centroid", "needs another"), ("discrimination", "2")):
        part = pick(results, metric=metric)
        assert part["value"].isna().all() and part["note"].str.contains(words).all()


def test_a_test_cell_in_training_is_refused(screen, split):
    both = Split("unseen cells", split.train, split.test | split.train)
    with pytest.raises(ValueError, match="in both"):
        evaluate({"r": RidgeShift()}, screen, both)


@pytest.mark.parametrize(
    ("models", "arguments", "words"),
    [
        ({}, {}, "there is no model to evaluate"),
        ({"replicate": NoChange()}, {}, "is the name of the ceiling"),
        ({"m": NoChange}, {}, "'m' is the class NoChange: pass an object of it"),
        ({"m": NoChange()}, {"metrics": ["r3"]}, "metric 'r3' is unknown"),
        ({"m": NoChange()}, {"metrics": []}, "no metric was named"),
        ({"m": NoChange()}, {"metrics": ["r2"]}, "r2 compares genes: pass a decoder"),
        ({"m": NoChange()}, {"pairing": "magic"}, "how='magic' is unknown"),
        ({"m": NoChange()}, {"use_rep": "X_pca"}, "'X_pca'. is missing"),
        ({"m": NoChange()}, {"train_options": {"x": {}}}, "names 'x', which is no model"),
    ],
)
def test_bad_requests_get_one_sentence(screen, split, models, arguments, words):
    with pytest.raises(ValueError, match=words):
        evaluate(models, screen, split, **arguments)


def test_a_decoder_of_other_genes_is_refused(screen, split, decoder):
    with pytest.raises(ValueError, match="in another order"):
        evaluate({"m": NoChange()}, screen[:, ::-1].copy(), split, decoder=decoder)


# Calibration on numbers made by hand.


def hand_made(values, metric="energy_distance", n=10):
    rows = [
        {"model": m, "space": "embedding", "perturbation": f"p{i}", "context": "all"}
        | {"metric": metric, "value": v + 0.01 * i, "note": ""}
        for m, v in values.items()
        for i in range(n)
    ]
    return pd.DataFrame(rows)


def test_lower_is_better_is_turned_around():
    frame = calibrate(hand_made({"no change": 6, "mean shift": 4, "replicate": 0, "m": 1}))
    assert pick(frame, model="m")["scaled"].to_numpy() == pytest.approx(0.75)
    assert pick(frame, model="no change")["scaled"].to_numpy() == pytest.approx(-0.5)
    assert frame["note"].eq("floor: mean shift").all()


def test_a_metric_that_does_not_see_real_cells_is_uninformative():
    frame = calibrate(hand_made({"no change": 1, "mean shift": 4, "replicate": 2, "m": 0}))
    assert frame["scaled"].isna().all()
    assert frame["note"].eq("uninformative; floor: no change").all()
    board = leaderboard(frame)
    assert board["scaled"].isna().all() and board["note"].str.startswith("uninformative").all()


def test_calibration_needs_its_references():
    with pytest.raises(ValueError, match="'replicate' has no row"):
        calibrate(hand_made({"no change": 1, "mean shift": 4}))


def test_the_leaderboard_divides_means_and_not_the_other_way_round():
    frame = hand_made({"no change": 4, "mean shift": 9, "replicate": 0, "m": 2})
    frame.loc[(frame["model"] == "m") & (frame["perturbation"] == "p0"), "value"] = 22.0
    board = leaderboard(calibrate(frame))
    mean = {m: pick(frame, model=m)["value"].mean() for m in frame["model"].unique()}
    expected = (mean["m"] - mean["no change"]) / (mean["replicate"] - mean["no change"])
    assert board.loc["m", "scaled"] == pytest.approx(expected)
    assert board.loc["m", "low"] < expected < board.loc["m", "high"]
    assert list(board.index[:2]) == ["replicate", "no change"] or expected > 0


def test_few_perturbations_get_no_interval():
    frame = calibrate(hand_made({"no change": 4, "mean shift": 9, "replicate": 0, "m": 2}, n=7))
    board = leaderboard(frame)
    assert board[["low", "high"]].isna().all(axis=None)
    assert board["note"].eq("fewer than 8 perturbations: no interval").all()
    told = compare(frame, "m", "no change")
    assert np.isnan(told["low"]) and told["verdict"].startswith("fewer than 8")
    assert told["gain"] == pytest.approx(2) and told["wins"] == 1


def test_contexts_are_asked_for_where_they_are_the_units():
    frame = calibrate(hand_made({"no change": 4, "mean shift": 9, "replicate": 0, "m": 2}))
    bare = frame.drop(columns="context")
    assert compare(bare, "m", "no change").equals(compare(frame, "m", "no change"))
    with pytest.raises(ValueError, match="results has no column 'context'"):
        compare(bare[bare["perturbation"] == "p0"], "m", "no change")


def test_comparison_is_paired():
    rng = np.random.default_rng(0)
    values = {"no change": 50, "mean shift": 60, "replicate": 0, "a": 5.0, "b": 5.5}
    frame = hand_made(values, n=12)
    hard = dict(zip((f"p{i}" for i in range(12)), 10 * rng.normal(size=12), strict=True))
    frame["value"] += frame["perturbation"].map(hard) + rng.normal(0, 0.1, len(frame))
    told = compare(calibrate(frame), "a", "b")
    assert told["verdict"] == "better" and 0 < told["low"] < told["gain"] < told["high"] < 1
    assert compare(calibrate(frame), "b", "a")["verdict"] == "worse"
    assert compare(calibrate(frame), "a", "a")["verdict"] == "cannot be told apart"


def test_ranking_by_what_was_not_scored(results):
    with pytest.raises(ValueError, match="has no better end to rank by"):
        leaderboard(results, metric="variance_ratio")
    with pytest.raises(ValueError, match="was not scored in space 'genes'"):
        leaderboard(results, space="genes")
    with pytest.raises(ValueError, match="'deep' has no energy_distance"):
        compare(results, "deep", "ridge")


def test_results_survive_the_disk(results, tmp_path):
    path = save_results(results, tmp_path / "scores.csv")
    again = load_results(path)
    pd.testing.assert_frame_equal(results.reset_index(drop=True), again, check_dtype=False)
    assert again.attrs == json.loads(json.dumps(results.attrs))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["scores.csv", "scores.json"]
    pd.testing.assert_frame_equal(leaderboard(results), leaderboard(again))


def test_changed_or_missing_results_are_refused(results, tmp_path):
    path = save_results(results, tmp_path / "scores.csv")
    path.write_bytes(path.read_bytes().replace(b"ridge", b"magic"))
    with pytest.raises(ValueError, match="was changed after it was saved"):
        load_results(path)
    path.with_suffix(".json").write_text("[]")
    with pytest.raises(ValueError, match="is no header of results"):
        load_results(path)
    path.with_suffix(".json").unlink()
    with pytest.raises(FileNotFoundError, match="scores.json"):
        load_results(path)
    with pytest.raises(ValueError, match="does not end in .csv"):
        save_results(results, tmp_path / "scores.parquet")


def test_provenance_knows_the_data(screen, split):
    one = evaluate({"m": NoChange()}, screen, split, metrics=["mse_mean"]).attrs
    changed = screen.copy()
    changed.obsm["X_emb"][0, 0] += 1
    other = evaluate({"m": NoChange()}, changed, split, metrics=["mse_mean"]).attrs
    assert one["data_sha256"] != other["data_sha256"]
    assert one["versions"]["numpy"] == np.__version__
    assert set(one["fit_seconds"]) == {"m", "no change", "mean shift"}
