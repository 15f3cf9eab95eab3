"""Submissions of every kind, really run: each gets the verdict that it earned."""

import json
import subprocess
import sys
import time

import pytest

from recon_tutorial.grading import Grade, Limits, grade, write_report
from recon_tutorial.grading._report import as_markdown
from recon_tutorial.grading._verdicts import POINTS
from recon_tutorial.grading._worlds import derived_seed, hidden_world
from recon_tutorial.screen import EFFECTS

from . import grading_room
from .grading_room import GOOD, SEED, SUBMISSIONS, after, linux

room = grading_room.room
EATS = "cells = []\nwhile True: cells.append(np.ones(1 << 20)); time.sleep(0.001)"
IGNORES = GOOD.replace("cov @ self.weights", "self.weights[:1]")
WEAK = GOOD.replace("self.weights = np", "self.weights = 0.5 * np")


# --- six submissions, six verdicts


def test_a_good_submission_beats_the_ridge(room):
    result = room(GOOD, worlds=EFFECTS)
    assert (result.verdict, result.points) == ("beats ridge", 100)
    assert result.contract["kept"] and result.contract["peak_mib"] > 10
    assert [world["world"] for world in result.worlds] == list(EFFECTS)
    for world in result.worlds:
        assert world["floor"] > world["ceiling"] and world["n"] == 12 and world["seconds"] > 0
        shown = (world["floor"] - world["value"]) / (world["floor"] - world["ceiling"])
        assert world["scaled"] == pytest.approx(shown)
        assert world["gain"] == pytest.approx(world["ridge"] - world["value"])
    assert result.overall["n"] == 48 and result.overall["gain_low"] > 0
    assert result.unchecked == [] and result.attempts == []


def test_a_bad_submission_breaks_the_rule_it_is_told(room):
    result = room(IGNORES)
    assert (result.verdict, result.points) == ("broke the contract", 0)
    assert result.contract["rule"] == "uses the descriptor"
    assert result.reason.startswith("in the contract: [uses the descriptor] two descriptors gave")
    assert result.unchecked == ["the linear world"] and result.worlds == []


def test_a_crashing_submission_is_told_how_it_ended(room):
    result = room(after("predict", "print('so far so good')", "os.abort()"))
    assert result.verdict == "crashed"
    assert "its process was killed by SIGABRT instead of answering" in result.reason
    assert "so far so good" in result.output


def test_a_never_ending_submission_is_ended(room):
    start = time.monotonic()
    result = room(after("train", "while True: pass"), seconds=2)
    assert result.verdict == "out of time"
    assert result.reason == "in the contract: it took longer than the 2 s it was given"
    assert 2 < time.monotonic() - start < 20


@linux
def test_a_memory_eating_submission_is_ended(room):
    result = room(GOOD + f"\nimport time\n{EATS}", memory=200)
    assert result.verdict == "out of memory"
    assert "it held more than the 200 MiB of memory it was given" in result.reason
    assert 200 < result.contract["peak_mib"] < 1000


@linux
def test_a_cheating_submission_earns_what_it_would_have_earned_anyway(room, monkeypatch):
    monkeypatch.setenv("GRADER_TOKEN", "secret")
    honest, cheat = room(WEAK), room((SUBMISSIONS / "cheating.py").read_text())
    assert (honest.verdict, cheat.verdict) == ("behind ridge", "behind ridge")
    assert cheat.overall == honest.overall
    found = dict(line.split(": ", 1) for line in cheat.output.splitlines() if ": " in line)
    for who in ("watcher", "grader"):
        for what in ("memory", "environment", "files", "ptrace"):
            assert found[f"{what} of {who}"].startswith("denied")
    assert found["secrets in the environment"] == found["truth in frames"] == "[]"
    assert found["seed in the command line"] == "False"
    assert found["screens in memory"] == "0" and found["seed guessed"] == "None"
    if any("signal" in words or "user id" in words for words in cheat.confined):
        assert found["signal to grader"].startswith("denied")
    if any("files" in words for words in cheat.confined):
        for what in ("change the metrics", "list the submissions", "passwords"):
            assert found[what].startswith("denied")
    assert any("/mem" in words for words in cheat.attempts)
    assert honest.attempts == []


# --- other lawful ones


def test_a_ridge_is_level_with_the_ridge(room):
    result = room("from recon_tutorial.predictors import RidgeShift as make_predictor")
    assert result.verdict == "level with ridge"
    assert result.overall["gain"] == 0 == result.overall["gain_high"]


def test_worse_than_doing_nothing_is_no_better_than_the_floor(room):
    wild = "given = (np.asarray(given[0]) + 9 * (self.embed_dim == 32), given[1])"
    result = room(after("predict", wild))
    assert (result.verdict, result.points) == ("no better than the floor", 50)
    assert result.overall["scaled"] < 0


def test_the_verdict_of_one_seed_is_always_the_same_and_other_seeds_give_other_worlds(room):
    assert room(GOOD).overall == room(GOOD).overall
    one, other = (hidden_world("linear", seed).screen.obsm["X_emb"] for seed in (SEED, SEED + 1))
    assert not {tuple(cell) for cell in one} & {tuple(cell) for cell in other}
    purposes = {derived_seed(SEED, effect, what) for effect in EFFECTS for what in ("screen", "x")}
    assert len(purposes) == 8 and min(purposes).bit_length() > 64


# --- what the teacher does wrong


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"seed": 12345}, "the seed has 14 bits, so few that a submission could try them all"),
        ({"worlds": ("flat",)}, "world 'flat' is unknown: choose among linear"),
        ({"worlds": ()}, "there is no world to grade in"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, says):
    with pytest.raises(ValueError, match=says):
        grade(SUBMISSIONS / "good.py", **options)


@pytest.mark.parametrize("name", ["seconds", "memory", "processes", "file_size"])
@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf")])
def test_limits_that_are_none_are_refused(name, value):
    with pytest.raises(ValueError, match=f"{name}={value} is no limit"):
        Limits(**{name: value})


def test_a_missing_or_huge_file_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no submission"):
        grade(tmp_path / "none.py")
    (tmp_path / "huge.py").write_bytes(b"#" * (1 << 20 | 1))
    with pytest.raises(ValueError, match="larger than 1 MiB"):
        grade(tmp_path / "huge.py")


# --- the report


def test_the_report_shows_what_was_found_and_what_was_not_checked(room, tmp_path):
    result = room(after("train", "print('one', file=sys.stderr)", "1 / 0"))
    markdown, beside = write_report(result, tmp_path / "out" / "grade.md")
    text, kept = markdown.read_text(), json.loads(beside.read_text())
    assert text == as_markdown(result)
    assert "**Verdict: broke the contract**, 0 of 100 points: `in the contract: [train]" in text
    assert "Broken: rule `train`" in text and "ZeroDivisionError: division by zero" in text
    assert "    one\n" in text and "before the linear world." in text
    assert kept["verdict"] == "broke the contract" and kept["points"] == 0 and kept["seed"] is None
    assert sorted(path.name for path in markdown.parent.iterdir()) == ["grade.json", "grade.md"]


def test_nothing_that_a_submission_says_can_pass_for_the_report():
    forged = "x`\n\n**Verdict: beats ridge**\n```\n<script>\x1b[2K\u202e | 1 |"
    shown = as_markdown(
        Grade(forged, "0", "crashed", forged, limits=vars(Limits()), trace=forged, output=forged,
              attempts=[forged], contract={"rule": forged})
    )  # fmt: skip
    assert shown.count("\n**Verdict") == 1 and "\n**Verdict: crashed**, 0 of" in shown
    lines = [line for line in shown.splitlines() if "script" in line or "beats ridge" in line]
    assert all(line.startswith("    ") or line.count("`") == 2 for line in lines)
    assert "\x1b" not in shown and "\u202e" not in shown


def test_a_report_is_a_markdown_file(tmp_path):
    with pytest.raises(ValueError, match="is no .md file"):
        write_report(Grade("a", "b", "crashed"), tmp_path / "grade.txt")


def test_every_verdict_is_worth_something_in_order():
    order = ["beats ridge", "level with ridge", "behind ridge", "no better than the floor"]
    worth = [POINTS[verdict] for verdict in order]
    assert worth == sorted(worth, reverse=True) and min(worth) > POINTS["broke the contract"] == 0


def test_importing_the_command_line_does_not_load_the_grader():
    code = "import sys, recon_tutorial.__main__; sys.exit('recon_tutorial.grading' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
