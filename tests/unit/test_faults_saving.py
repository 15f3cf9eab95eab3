"""Saves that are ended at every line of theirs, or in the middle of a file: old, new or nothing."""

import os
import shutil
import signal

import pytest

from recon_tutorial.screen import simulate_screen
from recon_tutorial.streaming import write_pairs

from .fault_savers import NEW, OLD, SAVERS
from .faults import HOUR, age, drafts, in_the_middle_of_a_file, said, start, steps

# One process saves each kind once and then, in copies of itself, until each line that this takes.
SCRIPT = """
import shutil, signal, sys
from pathlib import Path
from fault_savers import NEW, OLD, SAVERS, WRITERS
from faults import at_every_line, in_the_middle_of_a_file

def telling(save, room):
    try:
        save(room, NEW)
    except OSError as error:
        Path(f"{room}.txt").write_text(str(error))

for kind, (save, _) in SAVERS.items():
    before = Path(sys.argv[1], kind, "before")
    before.mkdir(parents=True)
    save(before, OLD)
    for number in (signal.SIGINT, signal.SIGKILL):
        rooms = before.with_name(number.name)
        at_every_line(lambda room: save(room, NEW), before, rooms, names=WRITERS, number=number)
    for name, size, number, due in (
        ("killed", 4000, signal.SIG_DFL, -signal.SIGXFSZ),
        ("refused", 450, signal.SIG_IGN, 0),
    ):
        room = shutil.copytree(before, before.with_name(name))
        code = in_the_middle_of_a_file(lambda: telling(save, room), size, number=number)
        assert code == due, code
"""
every_kind = pytest.mark.parametrize("kind", SAVERS)


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    """What is there after a save of each kind was ended, or could not write, in a folder each."""
    folder = tmp_path_factory.mktemp("ended")
    process = start(SCRIPT, folder)
    _, complaint = said(process)
    assert process.returncode == 0, complaint
    return folder


def rooms(ended, kind, name):
    return sorted((ended / kind / name).iterdir(), key=lambda room: int(room.name))


@every_kind
@pytest.mark.parametrize("name", ["SIGINT", "SIGKILL"])
def test_a_save_ended_at_any_line_leaves_the_old_or_the_new(ended, kind, name):
    found = [SAVERS[kind][1](room) for room in rooms(ended, kind, name)]
    assert len(found) > 10
    # Two files take two steps, between which there is nothing to read, but never a mixture.
    two_files = kind in ("results", "report")
    assert steps(found) == ([OLD, None, NEW] if two_files else [OLD, NEW])


@every_kind
def test_ctrl_c_leaves_no_drafts(ended, kind):
    for room in rooms(ended, kind, "SIGINT"):
        assert drafts(room) == []


@every_kind
@pytest.mark.parametrize("shift", [-2 * HOUR, 24 * HOUR], ids=["past", "future"])
def test_drafts_of_killed_saves_go_with_the_next_save_an_hour_later(ended, kind, shift, tmp_path):
    save, read = SAVERS[kind]
    left = [room for room in rooms(ended, kind, "SIGKILL") if drafts(room) and read(room) == OLD]
    assert len(left) > 3
    room = shutil.copytree(left[-1], tmp_path / "room")
    mine = drafts(room)
    other = room / f".other.{'0' * 32}.safetensors"
    other.touch()
    age(room, shift)
    (room / mine[0]).touch()
    if kind == "pairs":  # one of whose files is young, though the folder is old
        os.utime(room / mine[0], (0, 0))
        next((room / mine[0]).iterdir()).touch()
    save(room, NEW)
    assert drafts(room) == sorted([mine[0], other.name])  # it may be another's, who lives
    age(room, shift)
    shutil.rmtree(room / "pairs", ignore_errors=True)
    save(room, NEW)
    assert drafts(room) == [other.name] and read(room) == NEW


@every_kind
def test_a_save_killed_in_the_middle_of_a_file_leaves_the_old(ended, kind):
    room = ended / kind / "killed"
    assert SAVERS[kind][1](room) == OLD
    parts = [path for name in drafts(room) for path in [room / name, *(room / name).glob("*")]]
    assert 4000 in {path.stat().st_size for path in parts}  # it was really in the middle


@every_kind
def test_a_file_that_may_grow_no_further_is_one_sentence_and_the_old_stays(ended, kind):
    room = ended / kind / "refused"
    assert SAVERS[kind][1](room) == OLD
    assert drafts(room) == []
    told = (ended / kind / "refused.txt").read_text()
    assert told.startswith(f"cannot write {room}/") and "\n" not in told
    assert " (File too large): free space there, or name a place that" in told


def test_an_array_that_finds_no_room_half_way_is_the_same_sentence(tmp_path):
    """Of which numpy says how many numbers it wrote, and not why no more."""
    knobs = {"n_perturbations": 3, "cells_per_perturbation": 400, "embed_dim": 1}
    screen = simulate_screen(**knobs, cov_dim=2, n_genes=5)

    def refused():
        with pytest.raises(OSError, match=r"cannot write .*/pairs \(File too large\): free space"):
            write_pairs(screen, tmp_path / "pairs", how="random")

    assert in_the_middle_of_a_file(refused, 4500, number=signal.SIG_IGN) == 0
    assert list(tmp_path.iterdir()) == []
