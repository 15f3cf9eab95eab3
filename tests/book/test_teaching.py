"""The teaching kit: minutes that add up, names that exist, code that does what the script says."""

import importlib.util
import re
import sys
from datetime import timedelta
from itertools import pairwise

import nbformat
import pytest

CITED = re.compile(r"\[[Cc]hapter \d+\]\(\.\./(\d\d_\w+)\.ipynb\)")
NAMING = ("schedules", "learning_goals", "misconceptions")


@pytest.fixture
def page(root):
    """Return a function that reads a page of the teaching kit."""
    return lambda name: (root / "book" / "teaching" / f"{name}.md").read_text(encoding="utf8")


@pytest.fixture(scope="module")
def minutes(root):
    """Return the module that counts minutes."""
    sys.path.insert(0, str(root / "book" / "_ext"))
    try:
        path = root / "book" / "_ext" / "book_minutes.py"
        spec = importlib.util.spec_from_file_location("book_minutes", path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module  # dataclasses look for it there
        spec.loader.exec_module(module)
        return module
    finally:
        sys.path.pop(0)


def tables(text):
    """Return the tables of a page: lists of rows, the header first, rows as lists of cells."""
    found, open_table = [], False
    for line in text.splitlines():
        if line.startswith("|"):
            found += [] if open_table else [[]]
            found[-1].append([cell.strip() for cell in line.strip("|").split("|")])
        open_table = line.startswith("|")
    return [[rows[0], *rows[2:]] for rows in found]


def cited(text):
    """Yield (chapter, name) for every *name* after a link to a chapter in the same line."""
    for line in text.splitlines():
        for part in re.split(r"(?=\[[Cc]hapter \d+\]\(\.\./)", line)[1:]:
            if chapter := CITED.match(part):
                yield from ((chapter[1], name) for name in re.findall(r"\*([^*|]+)\*", part))


def headings(chapter):
    cells = nbformat.read(chapter, as_version=4).cells
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    return {line.lstrip("#").strip() for line in text.splitlines() if line.startswith("##")}


def test_cited_sections_and_exercises_exist(page, chapter):
    names = {n for name in NAMING for c, n in cited(page(name)) if c == chapter.stem}
    assert names - headings(chapter) - {"Quiz"} == set()
    assert len(names) > 3


def clock(text):
    hours, minutes = text.split(":")
    return timedelta(hours=int(hours), minutes=int(minutes))


@pytest.mark.parametrize(
    ("name", "lengths"), [("schedules", [3.5, 8, 8, 8, 8]), ("live_coding", [0.75])]
)
def test_slots_follow_each_other(page, name, lengths):
    days = [rows[1:] for rows in tables(page(name)) if rows[0][0] == "From"]
    assert len(days) == len(lengths)
    for rows, hours in zip(days, lengths, strict=True):
        starts = [clock(row[0]) for row in rows]
        slots = [timedelta(minutes=int(row[1])) for row in rows]
        assert [b - a for a, b in pairwise(starts)] == slots[:-1]
        assert slots[-1] == timedelta() and rows[-1][2] == "End"
        assert starts[-1] - starts[0] == timedelta(hours=hours)


def test_nobody_sits_for_two_hours_without_a_break(page):
    for rows in tables(page("schedules")):
        worked = 0
        for row in rows[1:] if rows[0][0] == "From" else []:
            worked = 0 if row[2] in ("Break", "Lunch") else worked + int(row[1])
            assert worked <= 120, row


def test_the_semester_has_thirteen_weeks_of_ninety_minutes(page):
    (rows,) = [rows[1:] for rows in tables(page("schedules")) if rows[0][0] == "Week"]
    assert [int(row[0]) for row in rows] == list(range(1, 14))
    assert {int(row[1]) + int(row[2]) for row in rows} == {90}


def test_every_chapter_has_goals_and_every_exercise_serves_one(page, chapter):
    rows = tables(page("learning_goals"))[0][1:]
    mine = [row for row in rows if chapter.name in row[0]]
    assert len(mine) >= 2
    assert all(len(row[1].split()) >= 4 and row[2].startswith("*") for row in mine)
    named = {name for row in mine for name in re.findall(r"\*(Exercise \d)\*", row[3])}
    assert named == {title for title in headings(chapter) if title.startswith("Exercise ")}


def test_weights_add_up_to_a_hundred(page):
    weighed = [rows for rows in tables(page("rubric")) if "Weight" in rows[0]]
    assert len(weighed) == 3
    for header, *rows in weighed:
        column = header.index("Weight")
        *parts, total = [int(row[column]) for row in rows]
        assert rows[-1][0] == "Sum" and sum(parts) == total == 100
        assert all(all(row) for row in rows[:-1]), "a level without a criterion"


def test_levels_leave_no_gap(page):
    (rows,) = [rows[1:] for rows in tables(page("rubric")) if rows[0][0] == "Points"]
    spans = [[int(end) for end in row[0].split(" to ")] for row in rows][::-1]
    assert spans[0][0] == 0 and spans[-1][1] == 100
    assert all(a[1] + 1 == b[0] for a, b in pairwise(spans))


def test_each_misconception_is_complete(page):
    entries = page("misconceptions").split("\n### ")[1:]
    assert 15 <= len(entries) <= 20
    for entry in entries:
        said, *rest = entry.splitlines()
        assert said.startswith('"') and said.endswith('"')
        body = "\n".join(rest)
        terms = re.findall(r"^(\w.*)\n: (.+)", body, re.MULTILINE)
        assert [term for term, _ in terms] == ["Tempting", "What breaks it", "Ask"], said
        assert CITED.search(body) and terms[-1][1].endswith("?"), said


def test_the_live_lesson_does_what_its_script_says(page):
    text, names = page("live_coding"), {}
    cells = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(cells) == 8, "the table counts eight cells"
    for source in cells:
        exec(compile(source, "live_coding.md", "exec"), names)  # the page's own code
    real, fake, far = (names["scores"](names[n]) for n in ("replicate", "collapsed", "far"))
    assert fake["purity"] > real["purity"] and far["purity"] > real["purity"]
    distance = "energy distance"
    assert real[distance] < fake[distance] < far[distance]
    spread = {n: names["variance_ratio"](names["truth"], names[n]) for n in ("collapsed", "far")}
    assert spread["collapsed"] < 0.01 and 0.7 < spread["far"] < 1.3


def toy():
    make = nbformat.v4
    return make.new_notebook(
        cells=[
            make.new_markdown_cell("# Title\n\n**Time.** 7 minutes."),
            make.new_code_cell("setup", metadata={"tags": ["skip-execution"]}),
            make.new_markdown_cell("## First\n\none two $x$ `code`\n\n$$\nx\n$$\n\n## Second"),
            make.new_code_cell("a = 1\n\nb = 2"),
            make.new_code_cell("draw()", metadata={"mystnb": {"figure": {"name": "f"}}}),
            make.new_markdown_cell("## Quiz\n\n<fieldset class='q'>\nwhat\n</fieldset>"),
            make.new_markdown_cell("### Exercise 1\n\n### Exercise 2"),
        ]
    )


def test_what_a_section_asks_is_counted(minutes):
    opening, first, second, quiz = minutes.sections(toy(), [0.0, 30.0, 90.0])
    assert [s.title for s in (opening, first, second, quiz)] == [
        "Opening",
        "First",
        "Second",
        "Quiz",
    ]
    assert (opening.lines, opening.seconds) == (0, None), "the set-up cell is not taught"
    assert (first.words, first.pauses, first.lines) == (3, 1, 0)
    assert (second.lines, second.pauses, second.seconds) == (3, 1, 120)
    assert (quiz.questions, quiz.exercises) == (1, 2)
    assert second.minutes == pytest.approx(second.reading + 2)
    assert quiz.doing == minutes.EACH_QUESTION + 2 * minutes.EACH_EXERCISE
    assert minutes.stated(toy()) == "7"


def test_a_chapter_is_the_sum_of_its_sections(minutes):
    parts = minutes.sections(toy(), [0.0, 30.0, 90.0])
    assert minutes.total(parts).minutes == pytest.approx(sum(part.minutes for part in parts))
    assert minutes.total(minutes.sections(toy())).seconds is None, "a dash, and not 0 s"


def test_every_section_of_a_chapter_is_counted(minutes, chapter):
    notebook = nbformat.read(chapter, as_version=4)
    parts = minutes.sections(notebook)
    source = "\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")
    assert [part.title for part in parts[1:]] == re.findall(r"^## (.+)$", source, re.MULTILINE)
    assert all(part.words for part in parts)
    assert int(minutes.stated(notebook)) >= 10
