"""What the splits and their audit say, word for word: a sentence that names what to do."""

from dataclasses import replace

import numpy as np
import pytest

from recon_tutorial.screen import simulate_screen
from recon_tutorial.splits import (
    Split,
    hold_out_combinations,
    hold_out_context,
    hold_out_perturbations,
    split_cells,
)

from .refusals import says

SIZES = {"cells_per_perturbation": 10, "embed_dim": 4, "cov_dim": 2, "n_genes": 5}


@pytest.fixture
def screen():
    return simulate_screen(n_perturbations=4, n_contexts=2, **SIZES)


@pytest.fixture
def split(screen):
    return hold_out_perturbations(screen, names=["p0"], n_validation=1)


def where(screen, name, column="perturbation"):
    return (screen.obs[column].astype(str) == name).to_numpy(copy=True)


def first(screen, mask):
    return repr(str(screen.obs_names[mask][0]))


def renamed(screen, **new):
    screen.obs["perturbation"] = screen.obs["perturbation"].astype(str).replace(new)
    screen.uns["descriptors"] = screen.uns["descriptors"].rename(index=new)
    return screen


# --- what was asked for


def test_a_share_that_is_none(screen):
    sentence = "test_fraction=1 must lie between 0 and 1: try 0.2"
    says(sentence, split_cells, screen, 1)
    sentence = (
        "validation_fraction=0.5 must be at least 0 and leave cells to train on beside "
        "test_fraction=0.5: try 0.1"
    )
    says(sentence, split_cells, screen, 0.5, validation_fraction=0.5)
    sentence = (
        "control_fraction=0.5 for each of 2 held-out part(s) must be above 0 and leave controls "
        "to train on: try 0.2"
    )
    says(sentence, hold_out_perturbations, screen, n_validation=1, control_fraction=0.5)


def test_a_group_of_too_few_cells(screen):
    mine = where(screen, "p1") & where(screen, "context1", "context")
    few = screen[~mine | (np.cumsum(mine) <= 1)]
    start = "p1 in context context1 has a single cell, which cannot be in "
    says(start + "both train and test: drop it or measure more", split_cells, few)
    end = "train, validation and test: drop it or measure more"
    says(start + end, split_cells, few, validation_fraction=0.1)
    three = simulate_screen(n_perturbations=2, **SIZES | {"cells_per_perturbation": 3})
    sentence = "p0 has 3 cells, which cannot be in train, validation and test: lower test_fraction"
    says(sentence, split_cells, three, 0.8, validation_fraction=0.1)


def test_too_few_controls(screen):
    controls = where(screen, "control")
    here = controls & where(screen, "context1", "context")
    few = screen[~here | (np.cumsum(here) <= 1)]
    sentence = (
        "1 control(s) in context context1 cannot be divided into 2 parts: "
        "measure more, or merge contexts"
    )
    says(sentence, hold_out_perturbations, few)
    few = simulate_screen(n_perturbations=4, n_controls=2, **SIZES)
    sentence = "2 control(s) cannot be divided into 3 parts: measure more, or merge contexts"
    says(sentence, hold_out_perturbations, few, n_validation=1)


def test_names_that_cannot_be_held_out(screen):
    both = "n and names are both given: choose how many to draw, or name them"
    says(both, hold_out_perturbations, screen, 1, ["p0"])
    allowed = ", but the perturbations of this screen are p0, p1, p2, ...: name some of these"
    says("names has p7, q" + allowed, hold_out_perturbations, screen, names=["q", "p0", "p7"])
    says("names has no name" + allowed, hold_out_perturbations, screen, names=[])
    sentence = "names=3 is no list: pass the names of perturbations"
    says(sentence, hold_out_perturbations, screen, names=3)
    screen = renamed(screen, p2="p0+p1", p3="p0+q")
    says(both, hold_out_combinations, screen, 1, ["p0+p1"])
    sentence = (
        "names has p0+q, but the combinations of measured parts are p0+p1: name some of these"
    )
    says(sentence, hold_out_combinations, screen, names="p0+q")


def test_numbers_that_cannot_be_held_out(screen):
    sentence = "n=0 must be a whole number of 1 or more"
    says(sentence, hold_out_perturbations, screen, 0)
    sentence = "n_validation=0.5 must be a whole number of 0 or more"
    says(sentence, hold_out_perturbations, screen, n_validation=0.5)
    end = " are more than the 4 that can be held out: ask for fewer"
    says("5 to test and 0 to validate on" + end, hold_out_perturbations, screen, 5)
    named = {"names": ["p0", "p1"], "n_validation": 3}
    says("2 to test and 3 to validate on" + end, hold_out_perturbations, screen, **named)


def test_a_screen_that_has_no_such_thing(screen):
    sentence = (
        'this screen has no combination "a+b" of perturbations that it also holds alone: '
        "hold out perturbations instead"
    )
    says(sentence, hold_out_combinations, screen)
    sentence = (
        "context='liver' is not in this screen (it has context0, context1): "
        'choose one of obs["context"]'
    )
    says(sentence, hold_out_context, screen, "liver")
    del screen.obs["context"]
    sentence = 'obs["context"] is missing: add a column that names each cell\'s context'
    says(sentence, hold_out_context, screen, "context0")


def test_partners_that_were_lost():
    screen = simulate_screen(n_perturbations=4, paired=True, **SIZES)
    first_control = screen.obs_names.get_loc("cell0-control")
    assert first_control == 0  # a partner that is there, at the position that is no truth value
    lost = screen.obs_names.isin(["cell1-control", "cell2-control"])
    (held,) = set(screen.obs["perturbation"][screen.obs["partner"] == "cell0-control"])
    sentence = (
        "2 perturbed cells have a partner outside this screen (first: 'cell1-control'): "
        "keep partners together, or drop obs['partner']"
    )
    says(sentence, hold_out_perturbations, screen[~lost], names=held)


# --- how a split is made


def test_masks_that_do_not_fit():
    mask = np.ones(3, dtype=bool)
    claims = "unseen cells, unseen perturbations, unseen context, unseen combinations"
    says(f"claim='new' is unknown: choose one of {claims}", Split, "new", mask, mask)
    sentence = (
        "test must be a one-dimensional boolean mask, got int64 of shape (3,): "
        "compare labels to make one"
    )
    says(sentence, Split, "unseen cells", mask, np.arange(3))
    sentence = sentence.replace("int64 of shape (3,)", "bool of shape (1, 3)")
    says(sentence, Split, "unseen cells", mask, mask[None])
    sentence = "train covers 3 cells but validation 2: make every mask over the whole screen"
    says(sentence, Split, "unseen cells", mask, mask, validation=mask[:2])
    sentence = "this split has no validation part: ask for one when you split (n_validation=)"
    says(sentence, Split("unseen cells", mask, mask).for_validation)


# --- what an audit finds


def test_a_part_without_cells(screen, split):
    control = where(screen, "control")
    end = ": hold out more or fewer, or measure more"
    for kind, left in (("perturbed", control), ("control", ~control)):
        leaky = replace(split, validation=split.validation & left)
        says(f"validation holds no {kind} cell{end}", leaky.audit, screen)
    sentence = "reference holds no control cell: keep some controls that no model starts from"
    says(sentence, replace(split, reference=np.zeros_like(control)).audit, screen)


def test_cells_in_two_parts(screen, split):
    both = split.train & where(screen, "p3")
    leaky = replace(split, test=split.test | both)
    many = f"{both.sum()} cells are in both train and test"
    says(f"{many} (first: {first(screen, both)}): separate them", leaky.audit, screen)


def test_what_was_seen_before(screen, split):
    mine = where(screen, "p0")
    one = mine & (np.cumsum(mine) == 1)
    leaky = replace(split, train=split.train | one, test=split.test & ~one)
    sentence = "held-out perturbations have cells in train: p0: keep them in test only"
    says(sentence, leaky.audit, screen)
    here = where(screen, "context1", "context")
    split = hold_out_context(screen, "context1")
    one = np.flatnonzero(here & mine)[:1]
    train, test = split.train.copy(), split.test.copy()
    train[one], test[one] = True, False
    sentence = "held-out contexts have cells in train: context1: keep them in test only"
    says(sentence, replace(split, train=train, test=test).audit, screen)
    del screen.obs["context"]
    sentence = 'obs["context"] is missing: name each cell\'s context, or claim something else'
    says(sentence, split.audit, screen)


def test_parts_never_trained_on_alone(screen):
    screen = renamed(screen, p3="p0+p1")
    split = hold_out_combinations(screen)
    leaky = replace(split, train=split.train & ~where(screen, "p1"))
    sentence = (
        "parts of held-out combinations were never trained on alone: p0+p1: "
        "hold out combinations of single perturbations that are in train"
    )
    says(sentence, leaky.audit, screen)


def test_controls_that_are_more_than_one_thing(screen, split):
    control = where(screen, "control")
    both = split.test & control
    leaky = replace(split, reference=(split.train | both) & control)
    sentence = (
        f"{both.sum()} controls are both model input in test and reference "
        f"(first: {first(screen, both)}): divide them"
    )
    says(sentence, leaky.audit, screen)
    perturbed = split.train & ~control
    sentence = (
        f"reference holds {perturbed.sum()} perturbed cells (first: {first(screen, perturbed)}): "
        "keep controls only"
    )
    says(sentence, replace(split, reference=split.train).audit, screen)


def test_steps_fitted_on_held_out_cells(screen, split):
    screen.uns["fitted_on"] = {"decoder": screen.obs_names}
    leaked = screen.obs_names[split.validation]
    sentence = (
        f"decoder was fitted on {len(leaked)} validation cells (first: {str(min(leaked))!r}): "
        "fit it on split.train only"
    )
    says(sentence, split.audit, screen)


def test_what_is_no_split_or_no_screen(screen, split):
    sentence = "split is a tuple: pass a Split, as split_cells makes it"
    says(sentence, Split.audit, (split.train, split.test), screen)
    says("a screen is an AnnData, not a DataFrame: pass that", split.audit, screen.obs)


def test_another_screen(screen, split):
    sentence = (
        f"this split covers {screen.n_obs} cells but the screen has 10: "
        "audit it on the screen that was split"
    )
    says(sentence, split.audit, screen[:10])
    del screen.obs["perturbation"]
    sentence = 'obs["perturbation"] is missing: add a column that names each cell\'s perturbation'
    says(sentence, split.audit, screen)
