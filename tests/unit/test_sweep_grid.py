"""Grids: which points they stand for, and what is refused before anything runs."""

import nbformat
import numpy as np
import pytest

from recon_tutorial.running import _grid as grid_module
from recon_tutorial.running import grid_points

PARAMETERS = "epochs: int = 3\nlr: float = 0.1\nname: str = 'a'\ndims: list[int] = [4]"


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a notebook with this code and returns its path."""

    def write(code="1", parameters=PARAMETERS, text="Words"):
        cells = [
            nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]}),
            nbformat.v4.new_markdown_cell(text),
            nbformat.v4.new_code_cell(code),
        ]
        spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        path = tmp_path / "chapter.ipynb"
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": spec}), path)
        return path

    return write


@pytest.fixture
def points(write, tmp_path):
    """Return a function: grid, or text of a grid file -> the points, in order."""

    def points(grid, kind=None):
        if kind:
            (tmp_path / f"grid.{kind}").write_text(grid)
            grid = tmp_path / f"grid.{kind}"
        return list(grid_points(write(), grid).values())

    return points


def test_a_dict_stands_for_all_combinations_the_last_name_changing_fastest(points):
    assert points({"lr": [0.1, 1], "epochs": range(2)}) == [
        {"lr": 0.1, "epochs": 0},
        {"lr": 0.1, "epochs": 1},
        {"lr": 1, "epochs": 0},
        {"lr": 1, "epochs": 1},
    ]


def test_a_list_stands_for_its_points(points):
    listed = [{"epochs": 1}, {}, {"name": "b", "dims": [1, 2]}]
    assert points(listed) == listed


def test_arrays_become_plain_values(points):
    found = points({"epochs": np.arange(2), "lr": (np.float32(0.5),)})
    assert found == [{"epochs": 0, "lr": 0.5}, {"epochs": 1, "lr": 0.5}]
    assert {type(v) for point in found for v in point.values()} == {int, float}


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("yaml", "lr: [1e-3, 2.5e1, -1E+2, 0.5]\nname: [x, 'yes']"),
        ("yml", "- {lr: 1e-3, name: x}\n- {lr: .5, name: 'y'}"),
        ("json", '{"lr": [1e-3],\t"name": ["x"]}'),
        ("json", '[{"lr": 1e-3, "name": "x"}]'),
    ],
)
def test_files_hold_either_and_numbers_are_numbers(points, kind, text):
    found = points(text, kind)
    assert found[0] == {"lr": 1e-3, "name": "x"}
    assert {type(point["lr"]) for point in found} == {float}


def test_a_name_spells_what_is_not_a_default(write):
    names = list(grid_points(write(), {"epochs": [3, 5], "lr": [0.1, 1e-4], "name": ["a", "b/c"]}))
    spelt = [name.rpartition("-")[0] for name in names]
    assert spelt[:4] == ["defaults", "name=b-c", "lr=0.0001", "lr=0.0001_name=b-c"]
    assert spelt[-1] == "epochs=5_lr=0.0001_name=b-c"
    assert len(set(names)) == 8


def test_a_long_name_stays_a_file_name(write):
    names = list(grid_points(write(), {"name": ["x" * 5000, "x" * 5001, "../\n\0ü"]}))
    assert all(len(name) < 80 and name.isascii() for name in names)
    assert not any(set(name) & set("/\n\0") or name.startswith(".") for name in names)
    assert len(set(names)) == 3


def test_a_name_depends_on_all_parameters_and_the_code_but_not_on_text_or_order(write):
    (name,) = grid_points(write(), [{"epochs": 5, "lr": 0.5}])
    assert list(grid_points(write(text="Other"), [{"lr": 0.5, "name": "a", "epochs": 5}])) == [name]
    assert list(grid_points(write(code="2"), [{"epochs": 5, "lr": 0.5}])) != [name]
    other = write(parameters=PARAMETERS.replace("'a'", "'b'"))
    assert list(grid_points(other, [{"epochs": 5, "lr": 0.5}])) != [name]


REFUSED = {
    "no names": ({}, ValueError, "the grid is empty"),
    "no points": ([], ValueError, "the grid is empty"),
    "no values": ({"lr": []}, ValueError, "no value for 'lr'"),
    "one value": ({"epochs": 3}, ValueError, r"the grid has 3 for 'epochs': give a dict of lists"),
    "text": ({"name": "abc"}, ValueError, "the grid has 'abc' for 'name'"),
    "number": (5, ValueError, "the grid is 5: give a dict of lists"),
    "list of numbers": ([1], ValueError, r"the grid is \[1\]: give"),
    "unknown name": ({"lr": [1.0], "LR": [1]}, ValueError, "has no parameter 'LR'"),
    "unknown in a list": ([{"lr": 1.0}, {"LR": 1}], ValueError, "has no parameter 'LR'"),
    "wrong type": ({"epochs": [1, 2.5]}, ValueError, "'epochs' .* must be int, got 2.5"),
    "wrong in a list": ([{"epochs": 1}, {"epochs": "x"}], ValueError, "must be int, got 'x'"),
    "infinite": ({"lr": [float("inf")]}, ValueError, r"lr\[0\] is inf"),
    "object": ({"lr": [object()]}, TypeError, r"lr\[0\] is a object"),
    "twice": ({"lr": [0.5, 0.2, 0.5]}, ValueError, r"the point \{'lr': 0.5\} twice"),
    "twice by default": ([{"lr": 0.1}, {}], ValueError, r"the point \{\} twice"),
    "too many": (
        {"epochs": range(1000), "lr": [i / 1000 for i in range(1000)]},
        ValueError,
        "1,000,000 points, more than 100,000",
    ),
}


@pytest.mark.parametrize(("grid", "kind", "says"), REFUSED.values(), ids=REFUSED)
def test_what_makes_no_grid_is_refused_in_one_sentence(points, grid, kind, says):
    with pytest.raises(kind, match=says) as error:
        points(grid)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("kind", "text", "says"),
    [
        ("yaml", "lr: [1.0]\nepochs: [1]\nlr: [2.0]", "has the name 'lr' twice"),
        ("json", '{"lr": [1.0], "lr": [2.0]}', "has the name 'lr' twice"),
        ("yaml", "lr: [1.0", "cannot be read as a grid"),
        ("json", "{'lr': [1]}", "cannot be read as a grid"),
        ("yaml", "? [a]\n: [1]", "cannot be read as a grid"),
        ("yaml", "a: &x {lr: [1.0]}\nb: {<<: *x}", "merges with <<"),
        ("yaml", "lr: !!python/object/apply:os.getcwd []", "cannot be read as a grid"),
        ("yaml", "", "the grid is null: give a dict"),
    ],
)
def test_what_makes_no_grid_file_is_refused_in_one_sentence(points, kind, text, says):
    with pytest.raises(ValueError, match=says):
        points(text, kind)


def test_a_missing_file_is_named(write, tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no grid file .*none.yaml: check"):
        grid_points(write(), tmp_path / "none.yaml")
    with pytest.raises(FileNotFoundError, match="there is no notebook .*none.ipynb: check"):
        grid_points(tmp_path / "none.ipynb", {"lr": [1.0]})


def test_a_large_list_is_checked_without_reading_the_notebook_each_time(write, monkeypatch):
    notebook, reads = write(), []
    read = nbformat.read
    monkeypatch.setattr(nbformat, "read", lambda *a, **k: reads.append(a) or read(*a, **k))
    assert len(grid_points(notebook, [{"epochs": i} for i in range(500)])) == 500
    assert len(reads) <= 3


def test_the_limit_counts_points(points, monkeypatch):
    monkeypatch.setattr(grid_module, "MOST", 4)
    assert len(points({"epochs": [1, 2], "lr": [0.5, 1.0]})) == 4
    for grid in ({"epochs": range(5)}, [{"epochs": i} for i in range(5)]):
        with pytest.raises(ValueError, match="5 points, more than 4"):
            points(grid)


def test_names_are_the_same_in_every_process_and_version(write):
    assert list(grid_points(write(), [{"lr": 0.5}])) == ["lr=0.5-e8d481622d2f"]
