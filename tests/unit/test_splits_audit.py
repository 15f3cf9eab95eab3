"""The audit finds each leak, planted one at a time into a split that is sound."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from recon_tutorial.screen import simulate_screen
from recon_tutorial.splits import (
    Split,
    hold_out_combinations,
    hold_out_context,
    hold_out_perturbations,
    split_cells,
)

KNOBS = {"cells_per_perturbation": 10, "embed_dim": 4, "cov_dim": 2, "n_genes": 5}
CONTROL = "control"


@pytest.fixture
def screen():
    return simulate_screen(n_perturbations=6, n_contexts=2, combinations=5, **KNOBS)


@pytest.fixture
def split(screen):
    """Three parts: p0 in test, another perturbation in validation."""
    sound = hold_out_perturbations(screen, names=["p0"], n_validation=1)
    sound.audit(screen)
    return sound


def label(screen, mask):
    return set(screen.obs["perturbation"][mask])


def where(screen, name, column="perturbation"):
    return (screen.obs[column] == name).to_numpy()


def caught(split, screen, words):
    with pytest.raises(ValueError) as error:
        split.audit(screen)
    said = str(error.value)
    assert words in said
    assert "\n" not in said and ". " not in said


def combination_with(screen, mask, part=""):
    """The first combination among the cells of a mask, with a certain part if need be."""
    found = [n for n in sorted(label(screen, mask)) if "+" in n]
    return next(n for n in found if not part or part in n.split("+"))


@pytest.mark.parametrize("part", ["train", "test", "validation"])
def test_an_empty_part(screen, split, part):
    control = where(screen, CONTROL)
    for kind, of_kind in (("perturbed", ~control), ("control", control)):
        emptied = replace(split, **{part: getattr(split, part) & ~of_kind})
        caught(emptied, screen, f"{part} holds no {kind} cell")


def test_an_empty_reference(screen, split):
    none = np.zeros(screen.n_obs, dtype=bool)
    caught(replace(split, reference=none), screen, "reference holds no control cell")


@pytest.mark.parametrize(
    ("one", "two"), [("train", "test"), ("train", "validation"), ("validation", "test")]
)
def test_cells_in_two_parts(screen, split, one, two):
    shared = np.flatnonzero(getattr(split, one))[:2]
    mask = getattr(split, two).copy()
    mask[shared] = True
    words = f"2 cells are in both {one} and {two} (first: '{screen.obs_names[shared[0]]}')"
    caught(replace(split, **{two: mask}), screen, words)


def test_a_held_out_perturbation_with_cells_in_train(screen):
    by_cells = split_cells(screen)
    leaky = Split("unseen perturbations", by_cells.train, by_cells.test)
    first_three = ", ".join(sorted(label(screen, by_cells.test) - {CONTROL})[:3])
    caught(
        leaky, screen, f"held-out perturbations have cells in train: {first_three}, ...: keep them"
    )


def test_a_single_cell_of_a_held_out_perturbation_is_enough(screen, split):
    test = split.test.copy()
    strayed = np.flatnonzero(split.test & where(screen, "p0"))[0]
    test[strayed] = False
    train = split.train.copy()
    train[strayed] = True
    words = "held-out perturbations have cells in train: p0: keep them in test only"
    caught(replace(split, train=train, test=test), screen, words)


def test_a_held_out_perturbation_inside_a_combination_in_train(screen, split):
    name = combination_with(screen, slice(None), "p0")
    leaky = replace(split, train=split.train | where(screen, name))
    caught(leaky, screen, f"held-out perturbations have cells in train: p0 (in {name}): keep")


def test_a_part_of_a_held_out_combination_in_train(screen, split):
    name = combination_with(screen, slice(None), "p0")
    test = where(screen, name) | (split.test & where(screen, CONTROL))
    leaky = replace(split, test=test, validation=None)
    caught(leaky, screen, f"held-out perturbations have cells in train: {name} (in p")


def test_settings_chosen_on_a_test_perturbation(screen, split):
    (name,) = label(screen, split.validation) - {CONTROL}
    test = split.test.copy()
    test[np.flatnonzero(where(screen, name))[:5]] = True
    validation = split.validation & ~test
    words = f"held-out perturbations have cells in validation: {name}: keep them in test only"
    caught(replace(split, test=test, validation=validation), screen, words)


class TestCombinations:
    @pytest.fixture
    def split(self, screen):
        sound = hold_out_combinations(screen, n=1)
        sound.audit(screen)
        return sound

    @pytest.fixture
    def held(self, screen, split):
        (name,) = label(screen, split.test) - {CONTROL}
        return name

    def renamed(self, screen, old, new):
        screen.obs["perturbation"] = screen.obs["perturbation"].astype(str).replace(old, new)

    def test_its_cells_in_train(self, screen, split, held):
        test = split.test.copy()
        strayed = np.flatnonzero(test & where(screen, held))[0]
        test[strayed] = False
        words = f"held-out combinations have cells in train: {held}: keep them in test only"
        caught(replace(split, train=split.train | (~test & split.test), test=test), screen, words)

    def test_written_the_other_way_round(self, screen, split, held):
        seen = combination_with(screen, split.train)
        turned = "+".join(reversed(held.split("+")))
        self.renamed(screen, seen, turned)
        caught(split, screen, f"have cells in train: {held} (in {turned})")

    def test_inside_a_larger_one(self, screen, split, held):
        seen = combination_with(screen, split.train)
        self.renamed(screen, seen, held + "+p9")
        caught(split, screen, f"have cells in train: {held} (in {held}+p9)")

    def test_a_part_never_trained_on_alone(self, screen, split, held):
        part = held.split("+")[0]
        leaky = replace(split, train=split.train & ~where(screen, part))
        caught(leaky, screen, f"parts of held-out combinations were never trained on alone: {held}")

    def test_a_single_perturbation_is_no_combination(self, screen, split):
        self.renamed(screen, combination_with(screen, split.test), "new")
        caught(split, screen, "parts of held-out combinations were never trained on alone: new")


class TestContext:
    @pytest.fixture
    def split(self, screen):
        sound = hold_out_context(screen, "context1")
        sound.audit(screen)
        return sound

    def test_its_perturbed_cells_in_train(self, screen, split):
        test = split.test.copy()
        strayed = np.flatnonzero(test & ~where(screen, CONTROL))[0]
        test[strayed] = False
        leaky = replace(split, train=split.train | (split.test & ~test), test=test)
        caught(leaky, screen, "held-out contexts have cells in train: context1: keep them in test")

    def test_its_reference_controls_may_train(self, screen, split):
        replace(split, train=split.train | split.reference).audit(screen)

    def test_no_column_of_contexts(self, screen, split):
        del screen.obs["context"]
        caught(split, screen, 'obs["context"] is missing')


@pytest.mark.parametrize("part", ["test", "validation"])
def test_a_control_is_model_input_and_reference(screen, split, part):
    reference = split.train & where(screen, CONTROL)
    replace(split, reference=reference).audit(screen)
    shared = np.flatnonzero(getattr(split, part) & where(screen, CONTROL))[:3]
    reference[shared] = True
    words = f"3 controls are both model input in {part} and reference (first: "
    caught(replace(split, reference=reference), screen, words)


def test_a_perturbed_cell_is_no_reference(screen, split):
    words = f"reference holds {(split.train & ~where(screen, CONTROL)).sum()} perturbed cells"
    caught(replace(split, reference=split.train), screen, words)


class TestFittedOn:
    @pytest.mark.parametrize("step", ["genes", "embedding", "decoder"])
    @pytest.mark.parametrize("part", ["test", "validation"])
    def test_held_out_cells(self, screen, split, step, part):
        screen.uns["fitted_on"] = {step: screen.obs_names[split.train]}
        split.audit(screen)
        leaked = split.train | getattr(split, part)
        screen.uns["fitted_on"] = {step: screen.obs_names[leaked]}
        words = f"{step} was fitted on {getattr(split, part).sum()} {part} cells"
        caught(split, screen, words)

    def test_the_reference_of_a_held_out_context(self, screen):
        split = hold_out_context(screen, "context0")
        screen.uns["fitted_on"] = {"embedding": screen.obs_names[split.train | split.reference]}
        caught(split, screen, f"embedding was fitted on {split.reference.sum()} reference cells")

    def test_combinations_that_were_left_out(self, screen, split):
        name = combination_with(screen, slice(None), "p0")
        screen.uns["fitted_on"] = {"decoder": screen.obs_names[where(screen, name)]}
        caught(split, screen, "decoder was fitted on 10 left-out cells")

    def test_training_on_fewer_cells_than_the_embedding_is_sound(self, screen, split):
        screen.uns["fitted_on"] = {"embedding": screen.obs_names[split.train]}
        replace(split, train=split.train & ~where(screen, "p2")).audit(screen)

    def test_cells_of_another_screen_do_not_matter(self, screen, split):
        screen.uns["fitted_on"] = {"decoder": pd.Index(["elsewhere1", "elsewhere2"])}
        split.audit(screen)


def test_another_screen(screen, split):
    words = f"covers {screen.n_obs} cells but the screen has 10"
    caught(split, screen[:10], words)
    del screen.obs["perturbation"]
    caught(split, screen, 'obs["perturbation"] is missing')
