"""The cards of the data sets, and that what they say is so."""

import dataclasses
import inspect
import re

import pytest

from recon_tutorial import datasets
from recon_tutorial.datasets import DATASETS, SOURCES, Dataset

from .project_files import ROOT


def test_every_source_has_a_card_and_every_card_a_loader():
    assert {name: card.source for name, card in DATASETS.items() if card.source} == dict(SOURCES)
    loaders = [card.loader for card in DATASETS.values()]
    assert sorted(loaders) == sorted(n for n in datasets.__all__ if n.startswith("load_"))
    assert all(inspect.isfunction(getattr(datasets, loader)) for loader in loaders)


@pytest.mark.parametrize("card", DATASETS.values(), ids=DATASETS)
def test_a_card_says_everything(card):
    texts = [value for value in dataclasses.asdict(card).values() if isinstance(value, str)]
    assert len(texts) == 8 and all(texts)
    assert "not redistributed" in card.licence
    assert re.fullmatch(r"10\.\d{4,}/\S+", card.doi)
    assert re.search(r"\((19|20)\d\d\)", card.citation)


@pytest.mark.parametrize("name", SOURCES)
def test_the_size_on_a_card_is_that_of_the_archive(name):
    megabytes = f"{SOURCES[name].size / 1e6:.1f} MB"
    assert DATASETS[name].size.startswith(megabytes)
    assert SOURCES[name].version in DATASETS[name].origin
    assert SOURCES[name].version in DATASETS[name].licence


def test_cards_cannot_be_changed():
    with pytest.raises(TypeError):
        DATASETS["kang"] = None
    with pytest.raises(dataclasses.FrozenInstanceError):
        DATASETS["kang"].licence = "mine"


def test_loaders_that_were_not_run_say_so():
    for card in DATASETS.values():
        not_run = "not run where this book was built" in getattr(datasets, card.loader).__doc__
        assert not_run == (card.source is None)


def test_every_field_of_a_card_is_documented():
    for field in dataclasses.fields(Dataset):
        assert re.search(rf"^    {field.name} : ", Dataset.__doc__, re.MULTILINE)


def test_every_card_is_shown_on_the_page():
    page = (ROOT / "book" / "reference" / "datasets.md").read_text(encoding="utf8")
    assert re.findall(r'^show\("(\w+)"\)$', page, re.MULTILINE) == list(DATASETS)


def test_make_data_fetches_every_source():
    (recipe,) = re.findall(r"^data: .*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.M)
    assert "for name in SOURCES" in recipe and "fetch(name)" in recipe
