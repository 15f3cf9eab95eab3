"""A disk that is really full, and a folder that can really not be written: one sentence each."""

import json

import pytest

from recon_tutorial.__main__ import main

from . import grading_room
from .fault_savers import NEW, OLD, SAVERS
from .faults import drafts, full_disk, read_only, said, start
from .grading_room import linux
from .optional import needs
from .sweep_notebook import write_notebook

room = grading_room.room
ADVICE = "free space there, or name a place that you can write to"
# Saves all, and is told what there is to say of it; `leave` bytes are free on the full disk.
SCRIPT = """
import contextlib, io, json, os, sys
from pathlib import Path
from fault_savers import NEW, OLD, SAVERS
from recon_tutorial.__main__ import main

def command(*words):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main([*map(str, words)])
    return [code, out.getvalue(), err.getvalue()]

def fill(disk, leave):
    with (disk / "filler").open("wb", buffering=0) as filler, contextlib.suppress(OSError):
        while filler.write(bytes(4096)):
            pass
    os.truncate(disk / "filler", (disk / "filler").stat().st_size - leave)

def save_all(disk):
    told = {}
    for kind, (save, read) in SAVERS.items():
        try:
            save(disk, NEW)
        except OSError as error:
            told[kind] = [str(error), read(disk)]
    return told
"""
FULL = """
disk, inputs = map(Path, sys.argv[1:])
for save, _ in SAVERS.values():
    save(disk, OLD)
fill(disk, 8192)
told = {"saves": save_all(disk)}
fill(disk, 0)
told["sweep"] = command("sweep", inputs / "a.ipynb", inputs / "grid.json", disk / "out")
os.truncate(disk / "filler", (disk / "filler").stat().st_size - 200_000)
told["points"] = command("sweep", inputs / "a.ipynb", inputs / "grid.json", disk / "out")
told["left"] = sorted(path.name for path in disk.rglob(".*"))
(disk / "filler").unlink()
for save, read in SAVERS.values():
    save(disk, NEW)
told["after"] = [read(disk) for _, read in SAVERS.values()]
print(json.dumps(told))
"""
READ_ONLY = """
disk, inputs = map(Path, sys.argv[1:])
told = {"saves": save_all(disk)}
for name in ("run", "sweep"):
    grid = [inputs / "grid.json"] if name == "sweep" else []
    told[name] = command(name, inputs / "a.ipynb", *grid, disk / f"{name}.ipynb")
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """A notebook that prints half a megabyte, and a grid of one point."""
    needs("sweep")
    folder = tmp_path_factory.mktemp("inputs")
    write_notebook(folder / "a.ipynb", "n: int = 0", "print('x' * 500_000)")
    (folder / "grid.json").write_text('{"n": [1]}')
    return folder


def told_by(script, around, disk, inputs):
    process = start(SCRIPT + script, disk, inputs, around=around)
    out, complaint = said(process)
    assert process.returncode == 0, complaint
    return json.loads(out.splitlines()[-1])


@pytest.fixture(scope="module")
def full(tmp_path_factory, inputs):
    disk = tmp_path_factory.mktemp("disk")
    return disk, told_by(FULL, full_disk(disk, "2M"), disk, inputs)


@pytest.fixture(scope="module")
def closed(tmp_path_factory, inputs):
    disk = tmp_path_factory.mktemp("closed")
    for save, _ in SAVERS.values():
        save(disk, OLD)
    return disk, told_by(READ_ONLY, read_only(disk), disk, inputs)


def is_one_sentence(words, disk, reason):
    head, _, tail = words.partition(f" ({reason}): ")
    return head.startswith(f"cannot write {disk}/") and tail == ADVICE


@pytest.mark.parametrize("kind", SAVERS)
def test_on_a_full_disk_a_save_is_one_sentence_and_the_old_stays(full, kind):
    disk, told = full
    words, version = told["saves"][kind]
    assert is_one_sentence(words, disk, "No space left on device")
    assert version == OLD


def test_on_a_full_disk_nothing_is_left_behind_and_all_goes_well_with_space_again(full):
    _, told = full
    assert told["left"] == [".lock"]
    assert told["after"] == [NEW] * len(SAVERS)


def test_on_a_full_disk_a_sweep_begins_not_at_all(full):
    disk, told = full
    code, out, err = told["sweep"]
    assert (code, out) == (2, "") and err.endswith("\n") and err.count("\n") == 1
    words = err.removeprefix("recon_tutorial: ").removesuffix("\n")
    assert is_one_sentence(words, disk, "No space left on device")


def test_a_point_that_fills_the_disk_fails_alone_and_says_so(full):
    disk, told = full
    code, _, err = told["points"]
    assert code == 1 and err.startswith("1 of 1 runs failed:\n")
    (line,) = (line for line in err.splitlines() if "cannot write" in line)
    assert is_one_sentence(line.partition(": ")[2], disk, "No space left on device")
    assert err.splitlines()[-1] == f"wrote {disk}/out/sweep.csv: 0 runs done, 1 failed"


@pytest.mark.parametrize("kind", SAVERS)
def test_in_a_closed_folder_a_save_is_one_sentence_and_the_old_stays(closed, kind):
    disk, told = closed
    words, version = told["saves"][kind]
    assert is_one_sentence(words, disk, "Read-only file system")
    assert version == OLD and drafts(disk) == []


@pytest.mark.parametrize("name", ["run", "sweep"])
def test_in_a_closed_folder_nothing_is_run(closed, name):
    disk, told = closed
    code, out, err = told[name]
    assert (code, out) == (2, "")
    words = err.removeprefix("recon_tutorial: ").removesuffix("\n")
    assert is_one_sentence(words, disk, "Read-only file system")


@linux
def test_a_grade_is_told_even_if_its_report_cannot_be_written(room, tmp_path, capsys):
    (tmp_path / "s.py").write_text("1 / 0")
    closed = "/sys/kernel/report.md"  # where the superuser may not write either
    assert main(["grade", str(tmp_path / "s.py"), "-o", closed]) == 2
    out, err = capsys.readouterr()
    assert out.startswith("cannot be loaded (0 points): ") and out.count("\n") == 1
    assert err.startswith("recon_tutorial: cannot write /sys/kernel/report.") and ADVICE in err
    assert err.count("\n") == 1
