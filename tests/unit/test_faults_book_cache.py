"""The cache of executed notebooks: killed at every line, damaged, on a full disk, used by two."""

import contextlib
import importlib
import re
import shutil
import signal
import sqlite3
import time

import nbformat
import psutil
import pytest

from .faults import HERE, ROOT, full_disk, read_only, said, start, steps

EXT = ROOT / "book" / "_ext"
SENTENCE = r"cannot keep executed notebooks in .*/\.jupyter_cache \(.*\): free space there, or make"
KILLED = """
import signal, sys
from pathlib import Path
from fault_cache import keep
from faults import at_every_line

before, rooms = Path(sys.argv[1], "before"), Path(sys.argv[1], "rooms")
before.mkdir()
names = ("open_cache", "mend", "keep", "cache_notebook_bundle", "create_db")
at_every_line(lambda room: keep(room, 2), before, rooms, names=names, number=signal.SIGKILL)
"""


@pytest.fixture
def cache(monkeypatch):
    """The helpers around the module that Jupyter Book finds in book/_ext."""
    for folder in (EXT, HERE):
        monkeypatch.syspath_prepend(folder)
    return importlib.import_module("fault_cache")


def test_a_run_killed_at_any_line_leaves_whole_notebooks_and_goes_on(cache, tmp_path):
    process = start(KILLED, tmp_path, path=[EXT])
    _, complaint = said(process)
    assert process.returncode == 0, complaint
    rooms = sorted((tmp_path / "rooms").iterdir(), key=lambda room: int(room.name))
    found = [cache.kept(room) for room in rooms]
    assert len(found) > 20
    assert steps(found) == [[], [2]]
    for room in rooms[::4]:
        cache.keep(room, 2, 3)
        assert cache.kept(room) == [2, 3]


def empty_the_index(file):
    """Write a page without entries over the index of the records: readable, but wrong."""
    query = "SELECT rootpage FROM sqlite_master WHERE type = 'index' AND tbl_name = 'nbcache'"
    with contextlib.closing(sqlite3.connect(file)) as database:
        (page,) = database.execute(query).fetchone()
        (size,) = database.execute("PRAGMA page_size").fetchone()
    with open(file, "r+b") as damaged:
        damaged.seek((page - 1) * size)
        damaged.write((b"\x0a\0\0\0\0" + size.to_bytes(2, "big")).ljust(size, b"\0"))


DAMAGES = {
    "an empty index": empty_the_index,
    "empty": lambda file: file.write_bytes(b""),
    "no database": lambda file: file.write_bytes(b"x" * 5000),
    "cut short": lambda file: file.write_bytes(file.read_bytes()[: file.stat().st_size // 2]),
    "half made": lambda file: sqlite3.connect(file).executescript("DROP TABLE settings"),
    "without records": lambda file: sqlite3.connect(file).executescript("DROP TABLE nbcache"),
    "gone": lambda file: file.unlink(),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_database_begins_anew(cache, tmp_path, damage):
    cache.keep(tmp_path, 1)
    DAMAGES[damage](tmp_path / ".jupyter_cache" / "key" / "global.db")
    assert cache.kept(tmp_path) == []
    cache.keep(tmp_path, 1, 2)
    assert cache.kept(tmp_path) == [1, 2]


def test_a_notebook_cut_at_any_length_is_forgotten(cache, tmp_path):
    cache.keep(tmp_path, 1, 2)
    (file,) = (p for p in tmp_path.rglob("base.ipynb") if "print(1)" in p.read_text())
    whole = file.read_bytes()
    for length in (0, 1, len(whole) // 2, len(whole) - 1):
        file.write_bytes(whole[:length])
        assert cache.kept(tmp_path) == [2]
        cache.keep(tmp_path, 1)
        assert cache.kept(tmp_path) == [1, 2]


def test_two_runs_may_fill_one_cache(cache, tmp_path):
    code = "import sys; from fault_cache import keep\nfor _ in range(8): keep(sys.argv[1], 1, 2, 3)"
    runs = [start(code, tmp_path, path=[EXT]) for _ in range(2)]
    assert [said(run) for run in runs] == [("", "")] * 2
    assert cache.kept(tmp_path) == [1, 2, 3]


KEEP = """
import sys
from pathlib import Path
from fault_cache import book_cache, keep
try:
    keep(Path(sys.argv[1]), *range(100))
except book_cache.CacheError as error:
    print(error)
"""


@pytest.mark.parametrize("fault", ["full", "closed"])
def test_a_cache_that_cannot_be_written_is_one_sentence(tmp_path, fault):
    around = full_disk(tmp_path, "300k") if fault == "full" else read_only(tmp_path)
    out, complaint = said(start(KEEP, tmp_path, path=[EXT], around=around))
    assert complaint == "" and out.count("\n") == 1
    assert re.match(SENTENCE, out)
    full = ("No space left on device", "disk is full")  # as the system or SQLite says it
    assert any(words in out for words in {"full": full, "closed": ["Read-only"]}[fault]), out


# --- the script that executes the book


@pytest.fixture
def toy(tmp_path):
    """A book of a notebook that takes ten minutes, and one that breaks the cache meanwhile."""
    (tmp_path / "book" / "_ext").mkdir(parents=True)
    for name in ("execute.py", "book_cache.py"):
        shutil.copy(EXT / name, tmp_path / "book" / "_ext")
    (tmp_path / "_config.yml").write_text("execute: {timeout: 900}")
    (tmp_path / "_toc.yml").write_text(
        "format: jb-book\nroot: book/slow\nchapters: [{file: book/breaks}]"
    )
    cells = {
        "slow": "import time; open('slow', 'w').close(); time.sleep(600)",
        "breaks": "import pathlib, shutil, time\n"
        "while not pathlib.Path('slow').exists(): time.sleep(0.05)\n"
        "folder = pathlib.Path('../_build/.jupyter_cache')\n"
        "shutil.rmtree(folder)\nfolder.touch()",
    }
    for name, cell in cells.items():
        book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell)])
        nbformat.write(book, tmp_path / "book" / f"{name}.ipynb")
    return tmp_path


RUN = "import runpy, sys; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"


def execute(toy, jobs):
    folder = toy / "book" / "_ext"
    return start(RUN, folder / "execute.py", "--jobs", jobs, path=[folder])


def test_a_cache_that_breaks_stops_the_kernels_and_is_one_sentence(toy):
    run = execute(toy, jobs=2)
    out, complaint = said(run)
    assert run.returncode == 1 and out == ""
    assert complaint.startswith("cannot keep executed notebooks in ") and complaint.count("\n") == 1


def test_a_killed_run_takes_its_kernels_along(toy):
    run = execute(toy, jobs=1)
    end = time.monotonic() + 60
    while not (toy / "book" / "slow").exists():
        assert time.monotonic() < end and run.poll() is None
        time.sleep(0.05)
    kernels = psutil.Process(run.pid).children(recursive=True)
    assert kernels
    run.send_signal(signal.SIGKILL)
    _, alive = psutil.wait_procs(kernels, timeout=20)
    assert not alive
    said(run)
