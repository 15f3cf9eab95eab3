"""The quizzes: their form, read from the chapters, and their use in a browser, by keyboard alone.

A quiz is plain HTML in one Markdown cell: each answer explained, each wrong one with a link.
"""

import os
from dataclasses import dataclass, field
from html.parser import HTMLParser

import nbformat
import pytest
from docutils.nodes import make_id

VOID = {"input", "br", "img", "hr"}
WORDS = {"Right:": True, "Not quite:": False}


@dataclass
class Answer:
    """One answer of a question as it stands in the HTML."""

    radio: dict | None = None
    label: str = ""
    summary: str = ""
    feedback: str = ""
    links: list = field(default_factory=list)

    @property
    def right(self):
        """True, False, or None where the feedback does not say."""
        said = [right for word, right in WORDS.items() if self.feedback.startswith(word)]
        return said[0] if said else None


@dataclass
class Question:
    attributes: dict
    legend: str = ""
    answers: list = field(default_factory=list)


class QuizParser(HTMLParser):
    """Read questions, ids and forbidden things out of the HTML of a quiz."""

    def __init__(self, text):
        super().__init__()
        self.questions, self.ids, self.found, self.open = [], [], [], []
        self.feed(text)
        self.close()
        self.found += [f"<{tag}> is not closed" for tag, _ in self.open]

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.ids += [attributes["id"]] if "id" in attributes else []
        self.found += [f"<{tag}> is not for a quiz"] * (
            tag in ("script", "style", "iframe", "form")
        )
        self.found += [f"{name} is a script" for name in attributes if name.startswith("on")]
        self.found += ["style belongs in quiz.css"] * ("style" in attributes)
        if tag == "fieldset":
            self.questions.append(Question(attributes))
        elif attributes.get("class") == "answer":
            self.questions[-1].answers.append(Answer())
        elif tag == "input":
            if "label" in [name for name, _ in self.open]:
                self.questions[-1].answers[-1].radio = attributes
            else:
                self.found.append("an input stands outside of its label")
        elif tag == "a" and self.inside("feedback"):
            self.questions[-1].answers[-1].links.append(attributes.get("href", ""))
        if tag not in VOID:
            self.open.append((tag, attributes.get("class", "")))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop()[0] != tag:
            self.found.append(f"</{tag}> closes nothing")

    def inside(self, name):
        return any(name in pair for pair in self.open)

    def handle_data(self, data):
        if self.inside("legend"):
            self.questions[-1].legend += data
        for kind in ("label", "summary", "feedback"):  # a summary stands in the feedback
            if self.inside("answer") and self.inside(kind):
                answer = self.questions[-1].answers[-1]
                setattr(answer, kind, (getattr(answer, kind) + data).lstrip())
                break


def problems(text, number, anchors):
    """Return what is wrong with the quiz cell of chapter `number`, whose page has these anchors."""
    quiz = QuizParser(text)
    found = quiz.found + [f"id {i} stands twice" for i in set(quiz.ids) if quiz.ids.count(i) > 1]
    if not text.startswith("## Quiz\n"):
        found.append("the cell does not begin with ## Quiz")
    for part in text.split("<fieldset")[1:]:
        block = part.partition("</fieldset>")[0]
        found += ["a blank line ends the HTML too early"] * ("\n\n" in block)
        found += [f"{m} is Markdown, which is not read here" for m in "$`*{" if m in block]
    names = [question.attributes.get("id") for question in quiz.questions]
    if names != [f"q-{number}-{i}" for i in (1, 2, 3)]:
        found.append(f"questions are {names}")
    for name, question in zip(names, quiz.questions, strict=True):
        found += [f"{name}: {what}" for what in of_question(question, name, anchors)]
    return found


def of_question(question, name, anchors):
    """Yield what is wrong with one question."""
    answers = question.answers
    if question.attributes.get("class") != "quiz":
        yield "class is not quiz"
    if len(question.legend.split()) < 4:
        yield "no question"
    if not 3 <= len(answers) <= 4:
        yield f"{len(answers)} answers"
    if [answer.right for answer in answers].count(True) != 1:
        yield "not exactly one right answer"
    if len({(answer.radio or {}).get("value") for answer in answers}) < len(answers):
        yield "two answers share a value"
    for answer in answers:
        radio = answer.radio or {}
        if (radio.get("type"), radio.get("name")) != ("radio", name) or "checked" in radio:
            yield f"no free radio button of this question at {answer.label!r}"
        reason = answer.feedback.partition(":")[2].split()
        if answer.right is None or len(reason) < 5 or not answer.label:
            yield f"no reason of five words, right or not quite, at {answer.label!r}"
        if answer.summary != "Is this right?":
            yield f"a summary that may tell: {answer.summary!r}"
        if answer.right is False and not answer.links:
            yield f"a wrong answer without a place to look: {answer.label!r}"
        yield from (f"{link} is not on the page" for link in answer.links if link not in anchors)


def anchors(cells):
    found = set()
    for cell in cells:
        lines = cell.source.splitlines() if cell.cell_type == "markdown" else []
        found |= {make_id(line.lstrip("# ")) for line in lines if line.startswith("#")}
        found |= {cell.metadata.get("mystnb", {}).get("figure", {}).get("name", "")}
    return {f"#{name}" for name in found if name}


@pytest.fixture
def quiz(chapter):
    """Return the cells of a chapter and the place of its quiz among them."""
    cells = nbformat.read(chapter, as_version=4).cells
    places = [i for i, cell in enumerate(cells) if cell.source.startswith("## Quiz")]
    if not places:
        reason = f"{chapter.name} has no cell that begins with ## Quiz"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    assert len(places) == 1
    return cells, places[0]


def test_form(quiz, chapter):
    cells, place = quiz
    assert problems(cells[place].source, chapter.name[:2], anchors(cells)) == []


def test_stands_before_the_exercises(quiz):
    cells, place = quiz
    assert cells[place].cell_type == "markdown"
    assert cells[place + 1].source.startswith("## Exercises")


def test_the_right_answer_is_not_given_away(root):
    places, longest = [], []
    for path in sorted((root / "book").glob("[0-9][0-9]_*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.source.startswith("## Quiz"):
                for question in QuizParser(cell.source).questions:
                    right = [answer.right for answer in question.answers].index(True)
                    lengths = [len(answer.label) for answer in question.answers]
                    places.append(right)
                    longest.append(lengths[right] == max(lengths))
    if len(places) < 12:
        pytest.skip("fewer than four chapters have a quiz")
    assert max(places.count(place) for place in range(4)) <= len(places) / 2
    assert sum(longest) <= 2 * len(longest) / 3, "the longest answer is right too often"


GOOD = "\n\n".join(
    ["## Quiz\n\nThree questions."]
    + [
        f'<fieldset class="quiz" id="q-03-{i}">\n<legend>{i}. What is it, then?</legend>\n'
        + "\n".join(
            f'<div class="answer">\n<label><input type="radio" name="q-03-{i}" value="{value}">'
            f'{value}</label>\n<details class="feedback" id="q-03-{i}-{value}">'
            f"<summary>Is this right?</summary>\n<p><strong>{word}</strong> one two three four "
            f'<a href="#here">five</a>.</p>\n</details>\n</div>'
            for value, word in zip("abc", ("Not quite:", "Right:", "Not quite:"), strict=True)
        )
        + "\n</fieldset>"
        for i in (1, 2, 3)
    ]
)


def test_a_good_quiz_has_no_problem():
    assert problems(GOOD, "03", {"#here"}) == []


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("</legend>", "</legend><script>x</script>", "<script>"),
        ("<legend>", '<legend onclick="x">', "onclick"),
        ("<legend>", '<legend style="color: red">', "style"),
        ("<legend>", "\n<legend>", "blank line"),
        ("one two", "`one` two", "Markdown"),
        ("Right:", "Not quite:", "exactly one right"),
        ("Not quite:", "Right:", "exactly one right"),
        ("Not quite:", "Hm:", "no reason"),
        ("one two three four", "one", "no reason"),
        ('<a href="#here">five</a>', "five", "place to look"),
        ("#here", "#there", "not on the page"),
        ('id="q-03-1-b"', 'id="q-03-1-a"', "stands twice"),
        ('id="q-03-1"', 'id="q-04-1"', "questions are"),
        ('name="q-03-1"', 'name="q-03-2"', "no free radio"),
        ('type="radio"', 'type="checkbox"', "no free radio"),
        ('value="a">', 'value="a" checked>', "no free radio"),
        ('value="b"', 'value="a"', "share a value"),
        ("Is this right?", "Is this right? Yes.", "may tell"),
        ("</label>", "</b>", "closes nothing"),
        ("What is it, then?", "", "no question"),
        ("## Quiz", "## Questions", "does not begin"),
    ],
)
def test_each_flaw_is_found(old, new, problem):
    assert old in GOOD
    found = problems(GOOD.replace(old, new, 1), "03", {"#here"})
    assert any(problem in what for what in found), found


def test_a_label_that_does_not_hold_its_input_is_found():
    radio = '<input type="radio" name="q-03-1" value="a">'
    moved = GOOD.replace(f"<label>{radio}", f"{radio}<label>", 1)
    assert "an input stands outside of its label" in problems(moved, "03", {"#here"})


def test_answers_by_keyboard(quiz, chapter, desktop, book):
    desktop.goto(f"{book}/book/{chapter.stem}.html")
    for question in desktop.locator("fieldset.quiz").all():
        radios = question.locator("input[type=radio]").all()
        assert question.locator(".feedback p:visible").count() == 0, "told before it was asked"
        radios[0].focus()
        desktop.keyboard.press("Space")
        for i, radio in enumerate(radios):
            assert radio.is_checked()
            shown = question.locator(".feedback p:visible")
            assert shown.count() == 1
            assert shown.inner_text().startswith(tuple(WORDS))
            inside = radio.locator("xpath=ancestor::*[@class='answer']//p[1]")
            assert inside.inner_text() == shown.inner_text()
            if i + 1 < len(radios):
                desktop.keyboard.press("ArrowDown")
        assert question.evaluate("q => q.contains(document.activeElement)")
