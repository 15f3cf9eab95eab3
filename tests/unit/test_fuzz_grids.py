"""Grid files that nobody meant: points of the notebook's own parameters, or one sentence."""

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from recon_tutorial.running import grid_points

from .sweep_notebook import write_notebook

CELL = "n: int = 3\nlr: float = 0.1\nname: str = 'a'\ndims: list[int] = [4]"
KINDS = {"n": int, "lr": (int, float), "name": str, "dims": list}
scalars = st.none() | st.booleans() | st.integers(-9, 9) | st.floats() | st.text(max_size=4)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3), max_leaves=4)
names = st.sampled_from(list(KINDS)) | st.text(max_size=4)
grids = st.dictionaries(names, st.lists(values, max_size=3) | values, max_size=3)
grids |= st.lists(st.dictionaries(names, values, max_size=2), max_size=3) | values
fragments = st.sampled_from(["n", "lr", ": ", "[", "]", "{", "}", ", ", "1", "1e-3", "- ", "\n"])
fragments |= st.sampled_from(["&a ", "*a", "<<: ", "!!python/object:os.system ", "? ", "|\n", "'"])
fragments |= st.sampled_from(["2001-99-99", ".inf", "~", "0x1f", "  ", "#", "\t", "\x00", "é"])


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    folder = tmp_path_factory.mktemp("grids")
    write_notebook(folder / "chapter.ipynb", CELL, "1")
    return folder


def points_or_sentence(room, ending, text):
    """The points of a grid file; None if it was refused, in one sentence."""
    path = room / f"grid.{ending}"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    try:
        points = grid_points(room / "chapter.ipynb", path)
    except (TypeError, ValueError) as error:
        assert len(str(error).splitlines()) == 1 or "\n" in str(text)
        return None
    for name, point in points.items():
        assert len(name) < 80 and "/" not in name
        for key, value in point.items():
            assert isinstance(value, KINDS[key]) and not isinstance(value, bool)
    assert points
    return points


@settings(max_examples=80)
@given(grids)
@example({"n": [1, 1]})
@example({"n": [float("nan")], "lr": [float("inf")]})
@example([])
def test_any_grid_as_json(room, grid):
    points_or_sentence(room, "json", json.dumps(grid))


@settings(max_examples=60)
@given(st.lists(fragments, max_size=10).map("".join) | st.text(max_size=30))
@example("n: &a [*a]")  # a list that holds itself
@example("n: &a [1, 2]\nlr: *a")
@example("[" * 5000)
@example("n: [!!python/object/apply:os.getcwd []]")
@example("? [n]\n: [1]")
def test_any_text_as_yaml(room, text):
    points_or_sentence(room, "yaml", text)


@settings(max_examples=40)
@given(st.binary(max_size=30) | st.text(max_size=30))
@example("[" * 100_000)
@example('{"n": [1], "n": [2]}')
def test_any_text_as_json(room, text):
    points_or_sentence(room, "json", text)


def test_a_good_grid_is_read_from_either(room):
    for ending, text in (("json", '{"n": [1, 2]}'), ("yaml", "n: [1, 2]\n")):
        assert list(points_or_sentence(room, ending, text).values()) == [{"n": 1}, {"n": 2}]
