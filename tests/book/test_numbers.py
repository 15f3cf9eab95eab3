"""The numbers on the built pages, with the reader's parameters, are those the text speaks of."""

import pytest


def test_chapter_1_reproduces_the_published_run(numbers):
    page = numbers("01_latent_shift")
    pooled, oracle = page["pooled"], page["oracle"]
    assert pooled["R2"] >= 0.985 and pooled["MSE"] <= 0.0115
    assert pooled["energy distance"] <= 0.030
    for k in (10, 20, 50):
        assert abs(pooled[f"purity, k = {k}"] - oracle[f"purity, k = {k}"]) < 0.005
    assert oracle["purity, k = 10"] < 0.9332  # the page says: below the published value


def test_chapter_1_shows_what_pooling_hides(numbers):
    page = numbers("01_latent_shift")
    pooled, apart = page["wrong_pooled"], page["wrong_per_perturbation"]
    assert pooled["R2"] > 0.98 and pooled["energy distance"] < 0.1
    assert pooled["purity, k = 10"] > 0.9
    assert apart["R2"] < 0 and apart["energy distance"] > 15 and apart["purity, k = 10"] < 0.05
    assert page["latent_mse_ridge"] < 0.0105 < page["latent_mse"]


def test_chapter_2_names_each_flaw(numbers):
    page = numbers("02_contract")
    assert set(page["messages"]) == {"MeanShift", "Shuffled", "Double"}
    assert page["smallest_equals_ridge"]


def test_chapter_3_blames_the_right_stage(numbers):
    split = numbers("03_decoder")["error_split"]
    assert split["no change"]["shift"] > 20 * split["no change"]["floor"]
    assert split["ridge on the shift"]["shift"] < split["ridge on the shift"]["floor"]


def test_chapter_4_derives_every_score(numbers):
    page = numbers("04_metrics")
    assert len(page["by_hand_equals_imported"]) == 17
    assert all(page["by_hand_equals_imported"].values())
    assert page["squared_v_gap"] < 1e-3 and page["constant_pds"] == pytest.approx(0.5)


def test_chapter_4_springs_the_traps_of_single_scores(numbers):
    page = numbers("04_metrics")
    flat = page["saturation"]["no change"]
    assert flat["0"] < 0 and flat["10"] > 0.98
    assert page["counts"]["sums"] < 0.6 < 0.95 < page["counts"]["means"]
    error = page["unpaired_mse"]
    assert error["collapsed mean"] < error["control mean"] < error["replicate"]
    four = page["energy_versions"]
    assert abs(four["euclidean, U"]["replicate"]) < 0.1 < four["euclidean, V"]["replicate"]
    assert four["euclidean, U"]["oracle"] < 0
    assert four["sqeuclidean, V"]["collapsed mean"] < four["sqeuclidean, V"]["replicate"]
    assert four["sqeuclidean, U"]["spread x3"] < 0
    wide = page["gamma"]["gamma = 1"]
    assert abs(wide["replicate"] - wide["label-swapped"]) < 0.001 < wide["collapsed mean"]
    for pool in page["chance"].values():
        assert pool["random neighbours"] == pytest.approx(pool["n_p / (n_p + n_c)"], abs=0.02)


def test_chapter_4_catches_collapse_and_common_shifts(numbers):
    page = numbers("04_metrics")
    purity = page["purity"]
    for fool in ("collapsed mean", "overshoot x2", "overshoot x5"):
        assert purity[fool] > purity["oracle"]
    oracle, paired, unpaired = (
        page["collapse"][n] for n in ("oracle", "true pairs", "random pairs")
    )
    assert unpaired["variance_ratio"] < 0.2 < 0.9 < paired["variance_ratio"]
    assert unpaired["knn_purity"] > oracle["knn_purity"]
    assert unpaired["energy_distance"] > 1 > paired["energy_distance"]
    none, most = page["inflation"]["0.0"], page["inflation"]["3.0"]
    assert abs(none["against control"]) < 0.2 and most["against control"] > 0.9
    assert abs(most["against centroid"]) < 0.2
    left_out = page["left_out"]
    assert abs(left_out["one centroid for all"]) < 0.1
    assert left_out["scored perturbation left out"] > 0.9


def test_chapter_4_shows_who_fools_whom(numbers):
    page = numbers("04_metrics")
    pooled, apart, fooled = page["pooled"], page["per_perturbation"], page["fooled"]
    for metric in ("energy_distance", "mmd_rbf", "r2", "knn_purity"):
        assert pooled[metric]["label-swapped"] > 0.9 > 0.2 > apart[metric]["label-swapped"]
    assert fooled["energy_distance"] == fooled["mmd_rbf"] == []
    both = {"collapsed mean", "overshoot x2", "overshoot x5"}
    assert both <= set(fooled["knn_purity"]) and both <= set(fooled["pearson_delta"])
    assert {"collapsed mean", "overshoot x2"} <= set(fooled["discrimination"])
    assert fooled["r2_delta"] == ["collapsed mean"]
    assert page["ranking"][0] == "oracle"
    assert set(page["ranking"][1:3]) == {"replicate", "perturbation mean shift"}
    assert page["gap"] > 0.8
    assert page["variance_ratio"]["collapsed mean"] < 1e-6
    assert page["variance_ratio"]["spread x3"] == pytest.approx(9, rel=0.1)


def test_chapter_5_finds_no_network_better_than_an_average(numbers):
    page = numbers("05_cell_split")
    assert page["network_gain"]["low"] < 0
    average = page["scaled"]["perturbation mean shift"]
    assert average == pytest.approx(dict.fromkeys(average, 1), abs=0.03)
    assert page["by_hand_equals_imported"]


def test_chapter_6_sees_the_threshold_of_identifiability(numbers):
    page = numbers("06_held_out_perturbations")
    table, few = page["table"], page["few"]
    assert max(few[m] for m in table) < 1 / 3  # with K = 5 nothing is useful
    assert table["ridge"]["10"] < 0.8 and table["ridge"]["40"] >= 0.99
    assert max(table["MLP"]["40"], table["MLP on the shift"]["40"]) >= 0.95


def test_chapter_6_descriptors_do_the_work(numbers):
    page = numbers("06_held_out_perturbations")
    shares = page["ablation"]
    assert page["one_hot_gap"] < 1e-6  # one-hot ridge is the mean shift
    for model in ("ridge", page["best_network"]):
        assert shares["true"][model] > 0.95
        assert max(shares[kind][model] for kind in ("shuffled", "one-hot", "random")) <= 0.1


def test_chapter_6_shows_both_sides_of_the_debate(numbers):
    gain = numbers("06_held_out_perturbations")["nonlinear_gain"]
    assert gain["MLP, K = 20"][1] > 0 > gain["MLP, K = 40"][2]  # better, then worse


def test_chapter_6_adds_two_shifts_where_shifts_add_up(numbers):
    doubles = numbers("06_held_out_perturbations")["doubles"]
    assert doubles["linear"]["additive"] == pytest.approx(doubles["linear"]["replicate"], abs=0.01)
    assert doubles["linear"]["3 nearest"] < doubles["nonlinear"]["additive"] < 0.95
    assert doubles["common shift"]["additive"] < 0.7 < 0.95 < doubles["common shift"]["ridge"]
