"""Given parameters are held against the parameters cell before anything runs."""

import nbformat
import pytest

from recon_tutorial.running._parameters import check_parameters

CELL = """epochs: int = 3  # passes over the data
lr: float = 1e-3
name = "ridge"
verbose: bool = False
dims: list[int] = [4, 8]
pair: tuple = (1, 2)
table: dict[str, float] = {"a": 0.5}
seed: Optional[int] = None
either: Union[int, str] = 1
start: int = None
free = None
other: Path = "here\""""


@pytest.fixture
def check(tmp_path):
    def check(given, cell=CELL, kernel="python3"):
        cells = [nbformat.v4.new_code_cell("1")]
        if cell is not None:
            cells.append(nbformat.v4.new_code_cell(cell, metadata={"tags": ["parameters"]}))
        notebook = nbformat.v4.new_notebook(cells=cells)
        if kernel:
            notebook.metadata.kernelspec = {
                "name": kernel,
                "display_name": "",
                "language": "python",
            }
        nbformat.write(notebook, tmp_path / "chapter.ipynb")
        return check_parameters(tmp_path / "chapter.ipynb", given)

    return check


def test_defaults_come_as_values_and_given_ones_replace_them(check):
    used = check({"epochs": 9})
    assert used["epochs"] == 9
    assert used["lr"] == 0.001
    assert used["pair"] == [1, 2]
    assert used["table"] == {"a": 0.5}
    assert used["seed"] is None
    assert list(used)[:3] == ["epochs", "lr", "name"]


@pytest.mark.parametrize(
    "given",
    [
        {"epochs": 0},
        {"lr": 1},
        {"lr": -1e-3},
        {"name": ""},
        {"verbose": True},
        {"dims": []},
        {"dims": [1, 2]},
        {"pair": [3, 4]},
        {"table": {"a": 1, "b": 0.5}},
        {"seed": None},
        {"seed": 4},
        {"either": "two"},
        {"start": None},
        {"free": [1, "a"]},
        {"other": "there"},
    ],
    ids=str,
)
def test_values_that_fit_are_taken(check, given):
    assert check(given).items() >= given.items()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"epochs": 3.0}, "int"),
        ({"epochs": True}, "int"),
        ({"epochs": "3"}, "int"),
        ({"epochs": None}, "int"),
        ({"lr": "0.1"}, "float"),
        ({"lr": False}, "float"),
        ({"name": 3}, "str"),
        ({"verbose": 1}, "bool"),
        ({"dims": 4}, "list[int]"),
        ({"dims": [4, 0.5]}, "list[int]"),
        ({"dims": "48"}, "list[int]"),
        ({"pair": {"a": 1}}, "tuple"),
        ({"table": [1]}, "dict[str, float]"),
        ({"table": {"a": "x"}}, "dict[str, float]"),
        ({"seed": 0.5}, "Optional[int]"),
        ({"either": 0.5}, "Union[int, str]"),
    ],
    ids=str,
)
def test_values_that_do_not_fit_are_refused(check, given, expected):
    ((name, value),) = given.items()
    with pytest.raises(ValueError) as error:
        check(given)
    start = f"parameter {name!r} of chapter.ipynb must be {expected}, got {value!r} of type"
    assert str(error.value).startswith(start)
    assert "epochs: int = 3 (passes over the data); lr: float = 1e-3; name: str =" in str(
        error.value
    )


def test_an_unknown_name_lists_the_valid_ones(check):
    with pytest.raises(
        ValueError, match=r"no parameter 'epoch': its parameters are epochs: int = 3"
    ):
        check({"epoch": 3})
    with pytest.raises(ValueError, match="no parameter 'epoch': it has none"):
        check({"epoch": 3}, cell="# none yet")


def test_without_a_parameters_cell_only_given_ones_are_refused(check):
    assert check({}, cell=None) == {}
    with pytest.raises(ValueError, match="no cell tagged 'parameters', so 'epochs' cannot be set"):
        check({"epochs": 3}, cell=None)


@pytest.mark.parametrize("line", ["a: int | None = 3", "b = 'x=1'", "c = d = 4"])
def test_a_line_that_papermill_skips_is_told_to_the_author(check, line):
    with pytest.raises(ValueError, match=f"cannot read the parameter {line[0]!r}"):
        check({}, cell=f"epochs: int = 3\n{line}")


def test_a_cell_that_is_no_python_is_refused(check):
    with pytest.raises(ValueError, match=r"parameters of chapter\.ipynb cannot be read"):
        check({}, cell="epochs: int = ")


def test_a_notebook_without_a_kernel_is_refused(check):
    with pytest.raises(ValueError, match="needs the kernel python3"):
        check({}, kernel=None)


@pytest.mark.parametrize("text", ["", "not json", "[]", "{}", "3", '{"nbformat": 4}'])
def test_a_file_that_is_no_notebook_is_refused(tmp_path, text):
    path = tmp_path / "x.ipynb"
    path.write_text(text)
    with pytest.raises(ValueError, match="cannot be read as a notebook"):
        check_parameters(path, {})
