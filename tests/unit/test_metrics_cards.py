import dataclasses
import inspect
import re
from pathlib import Path

import pytest

from recon_tutorial import metrics

PAGE = Path(__file__).parents[2] / "book" / "reference" / "metrics.md"
NEEDS = ("true", "pred", "ctrl", "centroid", "true_means", "pred_means")
ORDER = ["r2", "r2_delta", "mse", "mse_mean", "energy_distance", "mmd_rbf", "knn_purity"]
ORDER += ["pearson_delta", "pearson_centroid", "discrimination", "direction_accuracy"]
ORDER += ["de_overlap", "variance_ratio"]


def test_the_cards_stand_in_the_order_of_the_book():
    assert list(metrics.METRICS) == ORDER == list(metrics.HIGHER_IS_BETTER)


@pytest.mark.parametrize("name", ORDER)
def test_a_card_describes_its_function(name):
    card = metrics.METRICS[name]
    assert card.name == name == card.function.__name__
    assert card.function is getattr(metrics, name)
    required = [
        parameter.name
        for parameter in inspect.signature(card.function).parameters.values()
        if parameter.kind is not parameter.KEYWORD_ONLY
    ]
    assert list(card.needs) == required
    assert set(card.needs) <= set(NEEDS)
    assert card.needs_several == ("true_means" in card.needs)
    for text in (card.formula, card.caveat, card.edge_cases, card.citation):
        assert text.strip() == text != ""


def test_direction_follows_from_best_and_range():
    for card in metrics.METRICS.values():
        assert card.range[0] <= card.best <= card.range[1]
        if card.higher_is_better is True:
            assert card.best == card.range[1]
        elif card.higher_is_better is False:
            assert card.best == 0
        else:
            assert card.range[0] < card.best < card.range[1]
    assert metrics.HIGHER_IS_BETTER["mse"] is metrics.HIGHER_IS_BETTER["mmd_rbf"] is False
    assert metrics.HIGHER_IS_BETTER["discrimination"] is True
    assert [name for name, higher in metrics.HIGHER_IS_BETTER.items() if higher is None] == [
        "variance_ratio"
    ]


def test_what_an_evaluation_must_know_beyond_the_arrays():
    def having(flag):
        return [name for name, card in metrics.METRICS.items() if getattr(card, flag)]

    assert having("matched") == ["mse"]
    assert having("needs_several") == ["discrimination"]
    means = ["r2", "r2_delta", "mse_mean", "pearson_delta", "pearson_centroid"]
    assert having("means_only") == means
    assert having("genes_only") == ["r2", "direction_accuracy", "de_overlap"]
    assert having("pools_controls") == ["knn_purity"]


def test_cards_cannot_be_changed():
    for card in metrics.METRICS.values():
        with pytest.raises(dataclasses.FrozenInstanceError):
            card.best = 3.0
    for table in (metrics.METRICS, metrics.HIGHER_IS_BETTER):
        with pytest.raises(TypeError):
            table["mine"] = None


def test_the_reference_page_has_a_section_for_each_card():
    text = PAGE.read_text(encoding="utf8")
    assert re.findall(r"^### `(\w+)`$", text, re.MULTILINE) == ORDER
    assert re.findall(r'^show\("(\w+)"\)$', text, re.MULTILINE) == ORDER


def test_the_reference_page_names_options_that_exist():
    text = PAGE.read_text(encoding="utf8")
    calls = re.findall(r"^\| `(\w+)\(([^`]*)\)`", text, re.MULTILINE)
    assert len(calls) > 8
    for name, options in calls:
        known = inspect.signature(getattr(metrics, name)).parameters
        assert {o.split("=")[0].strip() for o in options.split(",") if "=" in o} <= set(known)
