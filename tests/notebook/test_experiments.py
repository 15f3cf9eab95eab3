"""Each experiment chapter, run with parameters of its own and judged by the numbers it records."""

import pytest


@pytest.fixture
def run(run_chapter):
    def numbers_of(name, **parameters):
        result, _ = run_chapter(name, **parameters)
        assert result["parameters"] | parameters == result["parameters"]
        return result["numbers"]

    return numbers_of


def test_another_reference_world_has_the_same_surprise(run):
    numbers = run("01_latent_shift", seed=3, epochs=60, decoder_epochs=20)
    assert numbers["latent_mse_ridge"] < 0.011 < numbers["latent_mse"] < 0.1
    assert numbers["wrong_pooled"]["R2"] > 0.9
    assert numbers["wrong_per_perturbation"]["R2"] < 0
    assert numbers["wrong_per_perturbation"]["energy distance"] > 5


def test_the_contract_in_another_width(run):
    numbers = run("02_contract", n_perturbations=12, cov_dim=5, seed=1)
    assert numbers["smallest_equals_ridge"] is True
    rules = {"MeanShift": "uses the descriptor", "Shuffled": "row order", "Double": "dtype"}
    assert {k: m.partition("]")[0][1:] for k, m in numbers["messages"].items()} == rules
    errors = numbers["mse"]
    assert errors["RidgeShift"] < 0.011 < 0.1 < errors["MeanShift"] < errors["NoChange"]


def test_a_narrow_decoder_has_a_higher_floor(run):
    numbers = run("03_decoder", n_hidden=16, epochs=20, seed=1)
    assert numbers["decoder_floor"] > 3 * numbers["measurement_noise"]
    assert numbers["unchanged"] and numbers["loaded_equals_saved"]
    assert numbers["by_hand_equals_imported"]
    for parts in numbers["error_split"].values():
        total = parts["floor"] + parts["shift"] + parts["cross"]
        assert parts["total"] == pytest.approx(total, rel=1e-6)
        assert parts["floor"] == pytest.approx(numbers["decoder_floor"], rel=1e-6)


def test_who_fools_whom_in_a_smaller_world(run):
    numbers = run("04_metrics", n_perturbations=8, cells_per_perturbation=120, systematic=0.0)
    pooled, apart = numbers["pooled"], numbers["per_perturbation"]
    for metric in ("energy_distance", "knn_purity"):
        assert pooled[metric]["label-swapped"] > 0.9 > 0.2 > apart[metric]["label-swapped"]
    assert numbers["ranking"][0] == "oracle" and numbers["gap"] > 0.5


def test_held_out_cells_with_unpaired_training(run):
    numbers = run("05_cell_split", n_perturbations=12, paired=False, epochs=40, seed=3)
    scaled, spread = numbers["scaled"], numbers["variance_ratio"]
    for simple in ("perturbation mean shift", "ridge on the shift"):
        assert 0.95 < scaled[simple]["energy_distance"] < 1.05
    assert spread["MLP"] < 0.9 < spread["replicate"]
    assert scaled["MLP"]["energy_distance"] < scaled["ridge on the shift"]["energy_distance"]
    assert numbers["best_baseline"] in ("perturbation mean shift", "ridge on the shift")


def test_held_out_cells_of_a_bimodal_response(run):
    numbers = run("05_cell_split", n_perturbations=8, effect="bimodal", epochs=10, seed=1)
    best = numbers["scaled"]["perturbation mean shift"]
    assert 0.5 < best["energy_distance"] < 0.99  # the right mean in the wrong shape


def test_a_lower_threshold_for_narrower_descriptors(run):
    models = ["ridge", "MLP on the shift"]
    numbers = run("06_held_out_perturbations", n_train=[4, 16], cov_dim=8, models=models, seeds=[5])
    ridge = numbers["table"]["ridge"]
    assert ridge["4"] < 0.7 and ridge["16"] > 0.97
    assert numbers["one_hot_gap"] < 1e-6


@pytest.mark.index
def test_real_cells_with_fewer_genes(run):
    numbers = run("10_real_interferon", n_genes=800, embed_dim=20, epochs=8, seed=1)
    assert numbers["n_cells"] == 13_999 and numbers["rises_everywhere"] is True
    scaled = numbers["scaled"]["mean shift per type"]
    assert scaled["energy_distance, embedding"] > 0.7
    assert numbers["variance_ratio"]["MLP"] < 0.5
    assert numbers["correlation"]["CD14 monocytes, " + numbers["best"]] > 0.9
