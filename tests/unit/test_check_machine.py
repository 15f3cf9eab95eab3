"""Each thing that a machine may lack gets its sentence, and a fit machine gets none."""

import ast
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "book" / "_ext" / "check_machine.py"
README = ROOT / "README.md"
GIGABYTE = 10**9


@pytest.fixture(scope="module")
def check_machine():
    spec = importlib.util.spec_from_file_location("check_machine", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def find(check_machine, tmp_path):
    """find_problems on a machine that lacks nothing, but for what a test takes away."""
    git = tmp_path / "bin" / "git"
    git.parent.mkdir()
    git.touch(mode=0o755)

    def find_on(**changes):
        machine = {
            "version": (3, 11, 0),
            "module": lambda name: True,
            "path": str(git.parent),
            "free": lambda folder: 100 * GIGABYTE,
        }
        return check_machine.find_problems(str(tmp_path / ".venv"), **(machine | changes))

    return find_on


def only(problems):
    """The one sentence that was expected, on one line and ended."""
    (sentence,) = problems
    assert "\n" not in sentence
    assert sentence.endswith(".")
    return sentence


def test_a_fit_machine_has_no_problem(find):
    assert find() == []


@pytest.mark.parametrize("version", [(2, 7, 18), (3, 6, 15), (3, 10, 13)])
def test_an_old_python_is_named_with_the_one_to_install(find, version):
    sentence = only(find(version=version))
    assert f"Python {version[0]}.{version[1]} is too old" in sentence
    assert "3.11" in sentence


@pytest.mark.parametrize("lost", ["venv", "ensurepip"])
def test_a_python_without_venv_names_the_debian_package(find, lost):
    sentence = only(find(module=lambda name: name != lost))
    assert "apt-get install python3-venv" in sentence


def test_a_missing_git_is_named(find, tmp_path):
    assert "git was not found" in only(find(path=str(tmp_path)))


def test_a_git_that_may_not_run_is_missing(find, tmp_path):
    (tmp_path / "bin" / "git").chmod(0o644)
    assert "git was not found" in only(find())


def test_a_full_disk_says_how_much_is_left_and_how_much_is_needed(find):
    sentence = only(find(free=lambda folder: 2.5 * GIGABYTE))
    assert "2.5 GB free" in sentence
    assert "about 6 GB" in sentence


def test_a_disk_that_may_be_too_small_is_told_and_no_problem(check_machine, find, tmp_path):
    def doubts(gigabytes, platform="linux"):
        venv, free = str(tmp_path / ".venv"), lambda folder: gigabytes * GIGABYTE
        return check_machine.find_doubts(venv, free, platform)

    assert find(free=lambda folder: 6 * GIGABYTE) == []
    sentence = only(doubts(6))
    assert "6.0 GB free" in sentence and "about 12 GB in all" in sentence
    assert doubts(12) == doubts(5.9) == doubts(11, "darwin") == []  # of 5.9 find_problems tells
    (tmp_path / ".venv" / "lib" / "python3.11" / "site-packages" / "torch").mkdir(parents=True)
    assert doubts(6) == []


def test_the_script_tells_a_doubt_and_goes_on(check_machine, monkeypatch, capsys):
    monkeypatch.setattr(check_machine, "find_problems", lambda venv: [])
    monkeypatch.setattr(check_machine, "find_doubts", lambda venv: ["It may be too little."])
    assert check_machine.main(["nowhere"]) == 0
    assert capsys.readouterr().err == "It may be too little.\n"


def test_the_readme_names_the_same_sizes(check_machine):
    (line,) = [line for line in README.read_text().splitlines() if line.startswith("- free disk")]
    needed = [check_machine.bytes_needed("nowhere", system)[1] for system in ("linux", "darwin")]
    assert re.findall(r"(\d+) GB", line) == [f"{size // GIGABYTE}" for size in needed]


def test_what_the_environment_holds_already_needs_no_disk(find, tmp_path):
    packages = tmp_path / ".venv" / "lib" / "python3.11" / "site-packages"
    (packages / "torch").mkdir(parents=True)
    assert find(free=lambda folder: 4 * GIGABYTE) == []
    assert "about 3 GB" in only(find(free=lambda folder: 2 * GIGABYTE))
    (packages / "jax").mkdir()
    assert find(free=lambda folder: 2 * GIGABYTE) == []
    assert "about 1 GB" in only(find(free=lambda folder: 0))
    (packages / "torch").rmdir()
    assert "about 4 GB" in only(find(free=lambda folder: 3 * GIGABYTE))


def test_a_disk_of_unknown_size_is_no_problem(find):
    assert find(free=lambda folder: None) == []


def test_every_problem_is_told_at_once(find, tmp_path):
    assert len(find(version=(3, 8, 0), path=str(tmp_path), free=lambda folder: 0)) == 3


def test_free_bytes_of_a_folder_to_be_made_are_those_of_its_parent(check_machine, tmp_path):
    assert check_machine.free_bytes(str(tmp_path / "not" / "yet")) > 0


def test_the_script_prints_sentences_and_fails(tmp_path):
    command = [sys.executable, SCRIPT, tmp_path / ".venv"]
    run = subprocess.run(command, env={"PATH": str(tmp_path)}, capture_output=True, text=True)
    assert run.returncode == 1
    assert run.stdout == ""
    assert run.stderr.startswith("git was not found")


def test_the_script_asks_for_a_folder():
    run = subprocess.run([sys.executable, SCRIPT], capture_output=True, text=True)
    assert run.returncode == 2
    assert "usage" in run.stderr


def test_an_old_python_can_read_the_script():
    """No f-strings and no syntax newer than Python 2.7, or the sentence would never be printed."""
    tree = ast.parse(SCRIPT.read_text(), feature_version=(3, 4))
    newer = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.Nonlocal, ast.YieldFrom, ast.Starred)
    assert not [node for node in ast.walk(tree) if isinstance(node, newer)]
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    assert not [f.name for f in functions if f.args.kwonlyargs or f.returns]
    imported = [node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))]
    assert {alias.name for node in imported for alias in node.names} == {"glob", "os", "sys"}
