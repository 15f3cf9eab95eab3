"""The cache of executed notebooks: filled in parallel, read by Jupyter Book, never out of date."""

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

CONFIG = """
title: Toy
only_build_toc_files: true
execute: {execute_notebooks: cache, timeout: 60, raise_on_error: true}
sphinx:
  local_extensions: {book_cache: book/_ext}
  config: {nb_kernel_rgx_aliases: {".*": python3}}
"""
TOC = """
format: jb-book
root: book/one
chapters: [{file: book/two}]
"""


@pytest.fixture
def toy(root, tmp_path):
    """Make a book of two notebooks with a package of one module."""
    shutil.copytree(
        root / "book" / "_ext",
        tmp_path / "book" / "_ext",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    package = tmp_path / "recon_tutorial"
    (package / "data").mkdir(parents=True)
    (package / "__init__.py").write_text("NUMBER = 1\n")
    (package / "data" / "table.csv").write_text("a\n")
    (tmp_path / "constraints.txt").write_text("numpy==2.0\n")
    (tmp_path / "_config.yml").write_text(CONFIG)
    (tmp_path / "_toc.yml").write_text(TOC)
    for name in ("one", "two"):
        write(tmp_path, name, f"print('{name}')")
    return tmp_path


def write(toy, name, *sources):
    cells = [nbformat.v4.new_markdown_cell(f"# {name}")]
    cells += [nbformat.v4.new_code_cell(source) for source in sources]
    metadata = {"kernelspec": {"display_name": "x", "language": "python", "name": "other"}}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=metadata)
    nbformat.write(notebook, toy / "book" / f"{name}.ipynb")


def execute(toy, *options):
    """Run the script; return its exit status, outcome by notebook, and what it complained of."""
    command = [sys.executable, str(toy / "book" / "_ext" / "execute.py"), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    outcomes = {}
    for line in done.stdout.splitlines():
        name, outcome = line.split("] ")[1].split(": ")
        outcomes[name] = "ran" if outcome.endswith(" s") else outcome
    # Told to shut down, a kernel now and then aborts inside libzmq; its notebook is done by then.
    complaints = [line for line in done.stderr.splitlines() if "src/signaler.cpp" not in line]
    return done.returncode, outcomes, "\n".join(complaints)


def load_cache_module(toy):
    spec = importlib.util.spec_from_file_location("toy_cache", toy / "book/_ext/book_cache.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


BOTH_RAN = {"book/one": "ran", "book/two": "ran"}
BOTH_CACHED = {"book/one": "cached", "book/two": "cached"}


def test_runs_what_changed_and_nothing_else(toy):
    assert execute(toy) == (0, BOTH_RAN, "")
    assert execute(toy) == (0, BOTH_CACHED, "")
    write(toy, "two", "print('two again')")
    assert execute(toy) == (0, {"book/one": "cached", "book/two": "ran"}, "")
    (toy / "recon_tutorial" / "__init__.py").write_text("NUMBER = 2\n")
    assert execute(toy) == (0, BOTH_RAN, "")
    assert len(list((toy / "_build" / ".jupyter_cache").iterdir())) == 1
    assert execute(toy, "--force") == (0, BOTH_RAN, "")


def build(toy):
    program = Path(sys.executable).with_name("jupyter-book")
    command = [program, "build", toy, "--all", "-W", "--keep-going"]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_jupyter_book_takes_all_from_the_cache(toy):
    write(toy, "two", "open('runs', 'a').write('ran ')", "print('from' + ' the kernel')")
    assert execute(toy)[:2] == (0, BOTH_RAN)
    done = build(toy)
    assert done.returncode == 0, done.stderr
    page = toy / "_build" / "html" / "book" / "two.html"
    assert "from the kernel" in page.read_text(encoding="utf8")
    assert (toy / "book" / "runs").read_text() == "ran "


def test_jupyter_book_alone_fails_with_a_failing_notebook(toy):
    write(toy, "two", "1 / 0")
    done = build(toy)
    assert done.returncode != 0
    assert "ZeroDivisionError" in done.stderr


def test_a_failing_notebook_is_told_and_the_others_are_kept(toy):
    write(toy, "two", "1 / 0")
    status, outcomes, complaint = execute(toy, "--jobs", "2")
    assert (status, outcomes) == (1, {"book/one": "ran", "book/two": "FAILED"})
    assert "ZeroDivisionError" in complaint
    assert "failed: book/two" in complaint
    assert execute(toy)[1] == {"book/one": "cached", "book/two": "FAILED"}


def test_a_dead_kernel_is_told(toy):
    write(toy, "two", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
    status, outcomes, complaint = execute(toy)
    assert (status, outcomes) == (1, {"book/one": "ran", "book/two": "FAILED"})
    assert "Kernel died" in complaint


def test_ctrl_c_stops_the_kernels_and_keeps_what_is_done(toy):
    write(toy, "two", "import os\nopen('pid', 'w').write(str(os.getpid()))", "while True: pass")
    command = [sys.executable, str(toy / "book" / "_ext" / "execute.py"), "--jobs", "2"]
    script = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert "book/one" in script.stdout.readline()
    pid = toy / "book" / "pid"
    wait_until(lambda: pid.exists() and pid.read_text())
    script.send_signal(signal.SIGINT)
    _, complaint = script.communicate(timeout=60)
    assert script.returncode == 130
    assert complaint.strip() == "interrupted: finished notebooks stay cached"
    wait_until(lambda: not alive(int(pid.read_text())))
    write(toy, "two", "print('two')")
    assert execute(toy)[1] == {"book/one": "cached", "book/two": "ran"}


def wait_until(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize(
    "path", ["recon_tutorial/__init__.py", "recon_tutorial/data/table.csv", "constraints.txt"]
)
def test_key_follows_whatever_the_numbers_depend_on(toy, path):
    cache_key = load_cache_module(toy).cache_key
    before = cache_key()
    (toy / path).write_text("changed\n")
    assert cache_key() != before


def test_key_follows_the_installed_versions(toy, monkeypatch):
    module = load_cache_module(toy)
    before = module.cache_key()
    assert module.cache_key() == before
    monkeypatch.setattr(module, "version", lambda name: "0.0.1")
    assert module.cache_key() != before


def test_key_ignores_what_numbers_do_not_depend_on(toy):
    cache_key = load_cache_module(toy).cache_key
    before = cache_key()
    (toy / "recon_tutorial" / "__pycache__").mkdir()
    (toy / "recon_tutorial" / "__pycache__" / "x.py").write_text("compiled")
    (toy / "book" / "one.ipynb").write_text("another")
    assert cache_key() == before


@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_a_half_written_record_is_run_again(toy, damage):
    assert execute(toy)[1] == BOTH_RAN
    kept = sorted((toy / "_build" / ".jupyter_cache").glob("*/executed/*/base.ipynb"))
    kept[0].write_text('{"cells": [') if damage == "cut" else shutil.rmtree(kept[0].parent)
    outcomes = execute(toy)[1]
    assert sorted(outcomes.values()) == ["cached", "ran"]
    assert execute(toy)[1] == BOTH_CACHED


def test_the_seconds_of_each_code_cell_are_kept(toy):
    write(toy, "two", "import time", "time.sleep(0.3)", "1")
    assert execute(toy)[1] == BOTH_RAN
    cache = load_cache_module(toy).open_cache(toy / "_build")
    (record,) = [r for r in cache.list_cache_records() if r.uri.endswith("two.ipynb")]
    first, slept, last = record.data["cell_seconds"]
    assert first < 0.3 <= slept < record.data["execution_seconds"] and last < 0.3
