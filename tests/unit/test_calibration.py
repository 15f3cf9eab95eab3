"""Calibration and ranking of tables made by hand, against the same numbers found another way."""

import numpy as np
import pandas as pd
import pytest

from recon_tutorial.evaluation import calibrate, compare, leaderboard

FLOORS = ["no change", "mean shift"]


def table(values, metric="energy_distance", space="embedding", n=9, slope=0.1, notes=""):
    """Rows of models whose values rise from one perturbation to the next."""
    rows = [
        (model, space, metric, f"p{i}", "all", float(value + slope * i), notes)
        for model, value in values.items()
        for i in range(n)
    ]
    names = ["model", "space", "metric", "perturbation", "context", "value", "note"]
    return pd.DataFrame(rows, columns=names)


LOWER = {"no change": 6, "mean shift": 4, "replicate": 0.5, "m": 1}
HIGHER = {"no change": -1, "mean shift": 0.1, "replicate": 0.9, "m": 0.5}


def of(frame, model):
    return frame[frame["model"] == model]


@pytest.mark.parametrize(("values", "metric"), [(LOWER, "energy_distance"), (HIGHER, "r2_delta")])
def test_the_floor_is_the_better_of_the_two_whichever_end_is_better(values, metric):
    for first, second in (FLOORS, FLOORS[::-1]):
        turned = values | {first: values["no change"], second: values["mean shift"]}
        out = calibrate(table(turned, metric, slope=0.01))
        assert set(out["note"]) == {f"floor: {second}"}
        due = (turned["m"] - turned[second]) / (turned["replicate"] - turned[second])
        np.testing.assert_allclose(of(out, "m")["scaled"], due)
        np.testing.assert_allclose(out["floor"], np.tile(of(out, second)["value"], 4))
        np.testing.assert_allclose(out["ceiling"], np.tile(of(out, "replicate")["value"], 4))


@pytest.mark.parametrize("metric", ["energy_distance", "r2_delta"])
def test_of_two_equal_floors_no_change_is_named(metric):
    out = calibrate(table({"no change": 1, "mean shift": 1, "replicate": 1, "m": 2}, metric))
    assert set(out["note"]) == {"uninformative; floor: no change"}
    assert out["scaled"].isna().all() and out["floor"].notna().all()


@pytest.mark.parametrize(("replicate", "metric"), [(0.99, "energy_distance"), (1.01, "r2_delta")])
def test_a_narrow_span_is_a_span(replicate, metric):
    values = {"no change": 1, "mean shift": 1, "replicate": replicate, "m": 1}
    out = calibrate(table(values, metric, slope=0))
    np.testing.assert_allclose(of(out, "replicate")["scaled"], 1)
    np.testing.assert_allclose(of(out, "m")["scaled"], 0)


def test_metrics_and_spaces_are_calibrated_apart_and_older_notes_kept():
    tables = [
        table(LOWER, "variance_ratio", notes="seen"),
        table(HIGHER, "r2_delta", notes="seen"),
        table(LOWER, notes="seen"),
        table({k: 10 - v for k, v in LOWER.items()}, "r2_delta", "decoded", notes="seen"),
    ]
    whole = calibrate(pd.concat(tables, ignore_index=True))
    alone = pd.concat([calibrate(one) for one in tables], ignore_index=True)
    pd.testing.assert_frame_equal(whole, alone)
    assert list(whole["note"].unique()) == ["seen", "floor: mean shift; seen"]
    again = pd.concat(tables, ignore_index=True).astype(
        {"space": "category", "metric": "category", "perturbation": "category"}
    )
    spelled = calibrate(again).astype({"space": str, "metric": str, "perturbation": str})
    pd.testing.assert_frame_equal(spelled, whole, check_dtype=False)


def test_a_row_that_was_not_scored_is_kept_as_it_is():
    failed = pd.DataFrame([{"model": "x", "note": "failed: OSError: no"}])
    out = calibrate(pd.concat([table(LOWER), failed], ignore_index=True))
    assert out.iloc[-1]["note"] == "failed: OSError: no"
    board = leaderboard(out)
    assert list(board.index) == ["replicate", "m", "mean shift", "no change", "x"]
    assert board.loc["x", "note"] == "failed: OSError: no" and np.isnan(board.loc["x", "rank"])


@pytest.fixture
def results():
    """Twelve perturbations, noise of their own, and what an evaluation records."""
    rng = np.random.default_rng(5)
    frame = table(LOWER | {"m2": 1.2}, n=12)
    frame["value"] += rng.normal(0, 0.3, len(frame))
    spread = table({m: i for i, m in enumerate(LOWER)}, "variance_ratio", n=12, slope=0.5)
    other = table(HIGHER, "r2_delta", n=12, slope=0.01)
    elsewhere = table({m: 50 for m in LOWER}, "variance_ratio", "decoded", n=12)
    out = calibrate(pd.concat([frame, spread, other, elsewhere], ignore_index=True))
    out.attrs = {"n_boot": 40, "seed": 3, "fit_seconds": {"m": 1.5}}
    return out


def wide(results, metric="energy_distance"):
    part = results[(results["metric"] == metric) & (results["space"] == "embedding")]
    return {model: rows["value"].to_numpy() for model, rows in part.groupby("model")}


@pytest.mark.parametrize(("metric", "sign"), [("energy_distance", -1), ("r2_delta", 1)])
def test_the_board_by_hand(results, metric, sign):
    board = leaderboard(results, metric=metric)
    values = wide(results, metric)
    floor, ceiling = values["mean shift"], values["replicate"]
    draws = np.random.default_rng(3).integers(12, size=(40, 12))
    span = sign * (ceiling - floor)[draws].mean(axis=1)
    for model, mine in values.items():
        row = board.loc[model]
        due = (mine.mean() - floor.mean()) / (ceiling.mean() - floor.mean())
        interval = np.percentile(sign * (mine - floor)[draws].mean(axis=1) / span, [2.5, 97.5])
        np.testing.assert_allclose([row["scaled"], row["value"]], [due, mine.mean()])
        np.testing.assert_allclose([row["low"], row["high"]], interval, atol=1e-12)
        assert row["n"] == 12 and row["note"] == ""
    assert list(board["rank"]) == sorted(board["rank"]) and board["rank"].iloc[0] == 1
    assert list(board["scaled"]) == sorted(board["scaled"], reverse=True)
    assert board.loc["m", "seconds"] == 1.5 and board["seconds"].notna().sum() == 1
    spread = [board.loc[m, "variance_ratio"] for m in LOWER]
    np.testing.assert_allclose(spread, [0.5 * 5.5 + i for i in range(4)])
    columns = ["rank", "scaled", "low", "high", "value", "variance_ratio", "seconds", "n", "note"]
    assert list(board.columns) == columns and board.index.name == "model"
    assert {board[c].dtype.kind for c in columns[:-2]} == {"f"} and board["n"].dtype.kind == "i"


def test_draws_and_seed_can_be_named_and_come_from_the_record_otherwise(results):
    recorded, named = leaderboard(results), leaderboard(results, n_boot=40, seed=3)
    pd.testing.assert_frame_equal(recorded, named)
    bare = results.copy()
    bare.attrs = {}
    default, spelled = leaderboard(bare), leaderboard(bare, n_boot=1000, seed=0)
    pd.testing.assert_frame_equal(default, spelled)
    for other in (default, leaderboard(results, n_boot=41), leaderboard(results, seed=4)):
        assert not recorded["low"].equals(other["low"])
    gains = [
        compare(results, "m", "m2"),
        compare(results, "m", "m2", n_boot=40, seed=3),
        compare(results, "m", "m2", seed=4),
        compare(results, "m", "m2", n_boot=41),
    ]
    assert gains[0].equals(gains[1])
    assert gains[0]["low"] != gains[2]["low"] and gains[0]["low"] != gains[3]["low"]


@pytest.mark.parametrize(("metric", "sign"), [("energy_distance", -1), ("r2_delta", 1)])
def test_a_comparison_by_hand(results, metric, sign):
    told, values = compare(results, "m", "mean shift", metric=metric), wide(results, metric)
    gain = sign * (values["m"] - values["mean shift"])
    draws = np.random.default_rng(3).integers(12, size=(40, 12))
    low, high = np.percentile(gain[draws].mean(axis=1), [2.5, 97.5])
    assert list(told.index) == ["gain", "low", "high", "wins", "n", "verdict"]
    np.testing.assert_allclose([told["gain"], told["low"], told["high"]], [gain.mean(), low, high])
    assert (told["wins"], told["n"], told["verdict"]) == (1, 12, "better")
    assert told.name == "m - mean shift"
    turned = compare(results, "mean shift", "m", metric=metric)
    assert (turned["wins"], turned["verdict"]) == (0, "worse")
    same = compare(results, "m", "m", metric=metric)
    assert (same["wins"], same["gain"], same["verdict"]) == (0, 0, "cannot be told apart")


def test_perturbations_that_one_of_two_lacks_are_left_out(results):
    lost = (results["model"] == "m") & results["perturbation"].isin(["p0", "p3"])
    results.loc[lost & (results["metric"] == "energy_distance"), "value"] = np.nan
    assert compare(results, "m", "m2")["n"] == 10
    board = leaderboard(results)
    assert board.loc["m", "n"] == 10 and board.loc["m2", "n"] == 12
    assert board.loc["m", ["low", "high"]].isna().all()


@pytest.mark.parametrize(("n", "told"), [(7, False), (8, True)])
def test_eight_perturbations_are_enough_for_an_interval(n, told):
    frame = calibrate(table(LOWER, n=n))
    board, pair = leaderboard(frame), compare(frame, "m", "no change")
    words = "fewer than 8 perturbations: no interval"
    assert set(board["note"]) == {"" if told else words}
    assert board["low"].notna().all() == told == pd.notna(pair["low"]) == pd.notna(pair["high"])
    assert pair["verdict"] == ("better" if told else words)
    numbers = ["scaled", "low", "high", "value", "variance_ratio", "seconds"]
    assert {board[column].dtype.kind for column in numbers} == {"f"}
    with pytest.raises(ValueError, match=r"^seed=-1 must be at least 0$"):
        leaderboard(frame, seed=-1)


def test_contexts_are_the_units_where_there_is_one_perturbation():
    frame = table(LOWER)
    frame["context"], frame["perturbation"] = frame["perturbation"], "p"
    assert (leaderboard(calibrate(frame))["n"] == 9).all()
    for n in (2, 9):
        two = [table(LOWER, n=n).assign(context=name) for name in ("one", "other", "third")]
        assert (leaderboard(calibrate(pd.concat(two, ignore_index=True)))["n"] == n).all()


def test_categories_without_rows_are_no_perturbations(results):
    few = results[results["perturbation"] != "p0"]
    kinds = dict.fromkeys(["perturbation", "model", "space"], "category")
    spelled = leaderboard(results.astype(kinds)[results["perturbation"] != "p0"])
    pd.testing.assert_frame_equal(spelled, leaderboard(few), check_index_type=False)


def test_what_was_scored_is_listed_where_it_was_not(results):
    scored = "energy_distance (embedding), variance_ratio (embedding), r2_delta (embedding)"
    with pytest.raises(ValueError) as caught:
        leaderboard(results, space="genes")
    assert str(caught.value) == (
        "energy_distance was not scored in space 'genes': choose among "
        f"{scored}, variance_ratio (decoded)"
    )


def test_equal_models_share_a_rank_and_keep_their_order():
    board = leaderboard(calibrate(table(LOWER | {"a": 1, "b": 1})))
    assert list(board.index) == ["replicate", "m", "a", "b", "mean shift", "no change"]
    assert list(board["rank"]) == [1, 2, 2, 2, 5, 6]


@pytest.mark.parametrize("metric", ["energy_distance", "r2_delta"])
def test_where_nothing_is_told_the_better_value_comes_first(metric):
    values = {"no change": 1, "mean shift": 1, "replicate": 1, "a": 3, "b": 2}
    board = leaderboard(calibrate(table(values, metric)), metric=metric)
    assert board["scaled"].isna().all() and board["low"].isna().all()
    order = ["no change", "b", "a"] if metric == "energy_distance" else ["a", "b", "no change"]
    assert [name for name in board.index if name in order] == order
