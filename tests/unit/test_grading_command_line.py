"""`python -m recon_tutorial grade`: what it writes and returns, and the brief that explains it."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from recon_tutorial.__main__ import main
from recon_tutorial.grading import Limits
from recon_tutorial.grading._verdicts import POINTS

from . import grading_room
from .grading_room import GOOD, SEED, SUBMISSIONS

ROOT = Path(__file__).parents[2]
BRIEF = (ROOT / "book" / "teaching" / "project_brief.md").read_text()
room = grading_room.room


def _run(*words, cwd):
    command = [sys.executable, "-m", "recon_tutorial", *map(str, words)]
    env = dict(os.environ, PYTHONPATH=os.pathsep.join([str(ROOT), *sys.path[1:]]))
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=300)


def test_the_example_of_the_brief_is_level_with_the_ridge(tmp_path):
    (example,) = re.findall(r"```python\n(.*?)```", BRIEF, re.DOTALL)
    (command,) = re.findall(r"```sh\npython -m recon_tutorial (.*)\n```", BRIEF)
    (tmp_path / "submission.py").write_text(example)
    (tmp_path / "seed").write_text(f"{SEED}\n")
    run = _run(*command.split(), "--seed-file", "seed", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("level with ridge (85 points): its gain over the ridge is ")
    assert re.fullmatch(r"wrote submission\.report\.md in [\d.]+ s\n", run.stderr)
    written = {path.name for path in tmp_path.iterdir()} - {"seed"}
    assert written == {"submission.py", "submission.report.md", "submission.report.json"}
    text = (tmp_path / "submission.report.md").read_text()
    assert "Seed: the teacher's." in text and str(SEED) not in text
    kept = json.loads((tmp_path / "submission.report.json").read_text())
    assert [world["world"] for world in kept["worlds"]] == [
        name.replace(" ", "_") for name in re.findall(r"^\| ([a-z ]+) \| an? ", BRIEF, re.MULTILINE)
    ]


def test_without_a_seed_each_grading_has_new_worlds_and_tells_which(room, tmp_path, capsys):
    (tmp_path / "s.py").write_text(GOOD)
    seeds = set()
    for name in ("one.md", "two.md"):
        assert main(["grade", str(tmp_path / "s.py"), "-o", str(tmp_path / name)]) == 0
        kept = json.loads((tmp_path / name).with_suffix(".json").read_text())
        assert f"Seed: {kept['seed']}, drawn for this grading." in (tmp_path / name).read_text()
        assert kept["verdict"] == "beats ridge" and kept["overall"]["n"] == 48
        seeds.add(kept["seed"])
    assert len(seeds) == 2 and min(seeds).bit_length() > 100


def test_limits_of_the_command_reach_the_submission(room, tmp_path, capsys):
    (tmp_path / "s.py").write_text("while True: pass")
    report = tmp_path / "r.md"
    words = ["grade", str(tmp_path / "s.py"), "-o", str(report), "--seconds", "1", "--memory", "99"]
    assert main(words) == 0
    assert capsys.readouterr().out.startswith("out of time (0 points): in the contract: it took")
    assert "Limits of each process: 1 s, 99 MiB, 64 processes" in report.read_text()


def test_what_a_submission_says_cannot_move_the_cursor(room, tmp_path, capsys):
    (tmp_path / "s.py").write_text("raise OSError('\\x1b[2J\\r\\nbeats ridge')")
    assert main(["grade", str(tmp_path / "s.py"), "-o", str(tmp_path / "r.md")]) == 0
    shown = capsys.readouterr().out
    assert shown.count("\n") == 1 and "\x1b" not in shown and "\r" not in shown
    assert shown.startswith("cannot be loaded (0 points): in the contract: it raised OSError")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["none.py"], "there is no submission none.py: give the path of a .py file"),
        (["s.py", "-o", "r.txt"], "the report r.txt is no .md file"),
        (["s.py", "--seconds", "0"], "seconds=0.0 is no limit"),
        (["s.py", "--memory", "nan"], "memory=nan is no limit"),
        (["s.py", "--seed-file", "none"], "No such file"),
        (["s.py", "--seed-file", "words"], "words holds no whole number"),
        (["s.py", "--seed-file", "short"], "the seed has 10 bits"),
    ],
)
def test_a_mistake_of_the_teacher_is_one_line_and_exit_code_2(
    words, says, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    Path("s.py").write_text((SUBMISSIONS / "good.py").read_text())
    Path("words").write_text("my secret")
    Path("short").write_text("1000")
    assert main(["grade", *words]) == 2
    shown = capsys.readouterr()
    assert shown.out == "" and says in shown.err and shown.err.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["s.py", "short", "words"]


def test_the_brief_says_what_the_grader_does():
    rows = re.findall(r"^\| (.*?) \| .*? \| (\d+)", BRIEF, re.MULTILINE)
    told = {name: int(points) for names, points in rows for name in names.split(", ")}
    assert told == POINTS
    limits = Limits()
    said = f"{limits.seconds:g} s, {limits.memory / 1024:g} GiB of memory, {limits.processes} proc"
    assert said in BRIEF
    for path in re.findall(r"\]\(([^)]+)\)", BRIEF):
        assert (ROOT / "book" / "teaching" / path).is_file()
