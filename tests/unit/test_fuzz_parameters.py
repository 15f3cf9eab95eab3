"""Words of a command line and cells of parameters that nobody meant: told in one line, or run."""

import nbformat
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from recon_tutorial import __main__
from recon_tutorial.running._parameters import check_parameters, plain

from .sweep_notebook import write_notebook

CELL = "n: int = 3\nlr: float = 0.1\nname: str = 'a'\ndims: list[int] = [4]\ntable: dict = {}"
NAMES = ["n", "lr", "name", "dims", "table"]
KINDS = {"n": int, "lr": (int, float), "name": str, "dims": list, "table": dict}
LITERALS = ["1", "-1", "1e-3", "1e999", "nan", "True", "null", "None", "[1, 2]", "{[]: 1}", "b'x'"]
LITERALS += ["1j", "...", "{1}", "{'a': inf}", "()", "'a'", "0x" + "f" * 5000, "9" * 5000]
words = st.text(max_size=12) | st.sampled_from(LITERALS)


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    return write_notebook(tmp_path_factory.mktemp("fuzz") / "chapter.ipynb", CELL, "1")


@settings(max_examples=80)
@given(st.sampled_from(NAMES) | st.text(max_size=8), words)
@example("table", "{[]: 1}")  # a list for a key has no hash
@example("n", "(" * 5000)  # deeper than Python reads
@example("name", "-p")
def test_a_word_is_refused_or_has_the_type_of_its_parameter(notebook, name, word):
    try:
        value = plain(__main__._value(word), name)
        used = check_parameters(notebook, {name: value})
    except (TypeError, ValueError) as error:
        assert "\n" not in str(error).replace(name, "").replace(word, "") or "\n" in name + word
        return
    assert name in NAMES
    assert isinstance(used[name], KINDS[name])
    assert set(used) == set(NAMES)


@settings(max_examples=40)
@given(st.lists(st.sampled_from(["-p", "--timeout", "n", "lr", "x"]) | words, max_size=6))
def test_the_command_line_ends_in_0_or_in_2_with_one_line(notebook, tmp_path_factory, more):
    folder = notebook.parent

    def checked(given, output, *, parameters, timeout, progress):
        """Everything of `run_notebook` but the kernel."""
        check_parameters(folder / "chapter.ipynb", {n: plain(v, n) for n, v in parameters.items()})
        return {"numbers": {}, "seconds": 0.0}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(__main__, "run_notebook", checked)
        try:
            code = __main__.main(["run", str(notebook), str(folder / "out.ipynb"), *more])
        except SystemExit as stop:  # argparse, which prints how to call it; 0 after --help
            assert stop.code in (0, 2)
        else:
            assert code in (0, 2)


pieces = st.sampled_from(["n", "x", ": int", ": list[int]", ": Optional[int]", " = ", "3", "'a'"])
pieces |= st.sampled_from(["\n", "# help", "[1, 2]", "(", ")", ",", ":", "=", "None", "|", "  "])
pieces |= st.sampled_from(["if", "import os", "lambda: 0", "*", "\\", '"', "\t", "é", "\x00"])


@settings(max_examples=60)
@given(st.lists(pieces, max_size=8).map("".join), st.integers(-2, 2))
@example("n = m = 3", 1)
@example("n: int | None = 3", 1)
@example("n: list[ = 3", 1)
def test_any_parameters_cell_is_read_or_refused(tmp_path_factory, source, value):
    path = tmp_path_factory.getbasetemp() / "cell.ipynb"
    write_notebook(path, source, "1")
    try:
        used = check_parameters(path, {"n": value})
    except ValueError as error:
        assert "cell.ipynb" in str(error)
        return
    assert used["n"] == value


@settings(max_examples=40)
@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
@example(b'{"cells": []}')
@example(b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [1]}')
@example(b"[" * 100_000)
@example(b"\xff\xfe")
def test_any_bytes_are_no_notebook(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "bytes.ipynb"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="bytes.ipynb"):
        check_parameters(path, {"n": 1})


def test_a_notebook_without_parameters_takes_none(tmp_path):
    path = tmp_path / "plain.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[]), path)
    assert check_parameters(path, {}) == {}
