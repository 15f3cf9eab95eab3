"""The directive ``book-minutes``: how long each section of each chapter takes in class.

Reading and doing are estimated from the words of the chapter, running is what was measured when
execute.py ran it; so nothing on the page is typed by hand. A teacher needs an estimate that is the
same for all chapters more than one that is right for every reader.
"""

import posixpath
import re
from dataclasses import dataclass

from docutils import nodes
from execute import ROOT, is_cached, notebooks, read
from jupyter_cache import get_cache
from sphinx.addnodes import pending_xref
from sphinx.util.docutils import SphinxDirective

WORDS_A_MINUTE = 200
LINES_A_MINUTE = 15  # of code that is explained while it is read
EACH_FORMULA = 1.0  # minutes; a figure takes as long
EACH_EXERCISE = 8.0
EACH_QUESTION = 1.5  # of a quiz, answers read and one of them discussed

CHAPTER = re.compile(r"book/\d\d_[a-z_]+")
STATED = re.compile(r"\*\*Time\.?\*\*\s*(\d+) minutes")
FORMULA = re.compile(r"\$\$.*?\$\$", re.DOTALL)
QUIET = re.compile(r"`[^`]*`|\]\([^)]*\)|<[^>]*>|\$[^$]*\$|\{[a-z:]+\}")  # code, links, tags, maths


@dataclass
class Section:
    """What a section of a chapter asks of its reader."""

    title: str
    words: int = 0
    lines: int = 0
    pauses: int = 0  # formulas and figures
    exercises: int = 0
    questions: int = 0
    seconds: float | None = None  # measured; None where nobody has run it

    @property
    def reading(self):
        """Minutes to read text and code, formulas and figures."""
        text = self.words / WORDS_A_MINUTE + self.lines / LINES_A_MINUTE
        return text + EACH_FORMULA * self.pauses

    @property
    def doing(self):
        """Minutes for exercises and questions."""
        return EACH_EXERCISE * self.exercises + EACH_QUESTION * self.questions

    @property
    def minutes(self):
        """All of it; a section that nobody has timed runs in no time."""
        return self.reading + self.doing + (self.seconds or 0) / 60


def sections(notebook, seconds=None):
    """Return the sections of a chapter; `seconds` holds one number for each code cell."""
    found, times = [Section("Opening")], iter(seconds or [])
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for part in re.split(r"^(?=## )", cell.source, flags=re.MULTILINE):
                if part.startswith("## "):
                    found.append(Section(part.partition("\n")[0][3:].strip()))
                _count_text(found[-1], part)
        elif cell.cell_type == "code":
            took = next(times, None)
            if "skip-execution" not in cell.metadata.get("tags", []):
                _count_code(found[-1], cell, took)
    return found


def _count_text(section, text):
    section.pauses += len(FORMULA.findall(text))
    section.exercises += len(re.findall(r"^### Exercise", text, re.MULTILINE))
    section.questions += text.count("<fieldset")
    section.words += len(re.findall(r"\w+", QUIET.sub(" ", FORMULA.sub(" ", text))))


def _count_code(section, cell, took):
    section.lines += sum(bool(line.strip()) for line in cell.source.splitlines())
    section.pauses += "figure" in cell.metadata.get("mystnb", {})
    if took is not None:
        section.seconds = (section.seconds or 0) + took


def measured(cache, notebook):
    """Return the seconds of each code cell when the notebook last ran, or None."""
    if cache is None or not is_cached(cache, notebook):
        return None
    return cache.match_cache_notebook(notebook).data.get("cell_seconds")


class BookMinutes(SphinxDirective):
    """An overview of the chapters, then a table for each; no argument and no content."""

    def run(self):
        """Build the tables; the page is read anew at every build."""
        self.env.note_reread()
        path = getattr(self.config, "nb_execution_cache_path", "")
        cache, chapters = get_cache(path) if path else None, {}
        for file in notebooks():
            name = file.relative_to(ROOT).with_suffix("").as_posix()
            if CHAPTER.fullmatch(name):
                chapters[name] = read(file)
        times = {name: measured(cache, notebook) for name, notebook in chapters.items()}
        parts = {name: sections(notebook, times[name]) for name, notebook in chapters.items()}
        overview = [
            [self.link(name), stated(chapters[name]), *numbers(total(rows))]
            for name, rows in parts.items()
        ]
        header = ["Chapter", "The page says", "Reading", "Running", "Doing", "Minutes"]
        made = [nodes.paragraph(text=rule()), self.table(header, overview)]
        for name, rows in parts.items():
            made.append(nodes.rubric("", "", self.link(name)))
            worth = [section for section in rows if section.minutes >= 0.5]  # no bare references
            table = [[section.title, *numbers(section)] for section in worth]
            made.append(self.table(["Section", *header[2:]], table))
        return made

    def link(self, name):
        """Return a link to a chapter under its own title."""
        start = posixpath.dirname(self.env.docname)
        target = posixpath.relpath(name, start)
        options = {"reftype": "doc", "refdomain": "std", "refexplicit": False, "refwarn": True}
        text = nodes.inline(classes=["std", "std-doc"])
        return pending_xref("", text, reftarget=target, refdoc=self.env.docname, **options)

    def table(self, header, rows):
        """Return a table of words and links."""
        table, group = nodes.table(classes=["colwidths-auto"]), nodes.tgroup(cols=len(header))
        group += [nodes.colspec(colwidth=10) for _ in header]
        group += nodes.thead("", row(header))
        group += nodes.tbody("", *[row(cells) for cells in rows])
        table += group
        return table


def row(cells):
    """Return one table row."""
    texts = [c if isinstance(c, nodes.Node) else nodes.Text(c) for c in cells]
    return nodes.row("", *[nodes.entry("", nodes.paragraph("", "", text)) for text in texts])


def total(parts):
    """Return all sections of a chapter as one."""
    whole = Section("all")
    for field in ("words", "lines", "pauses", "exercises", "questions"):
        setattr(whole, field, sum(getattr(part, field) for part in parts))
    times = [part.seconds for part in parts if part.seconds is not None]
    whole.seconds = sum(times) if times else None
    return whole


def numbers(section):
    """Return reading, running, doing and all of them as the table prints them."""
    running = "–" if section.seconds is None else f"{section.seconds:.0f} s"
    doing = f"{section.doing:.0f}" if section.doing else ""
    return [f"{section.reading:.0f}", running, doing, f"{section.minutes:.0f}"]


def stated(notebook):
    """Return the minutes that the opening of a chapter promises."""
    found = STATED.search(notebook.cells[0].source)
    return found[1] if found else ""


def rule():
    """Return the sentence that says how the minutes are counted."""
    return (
        f"Reading counts {WORDS_A_MINUTE} words or {LINES_A_MINUTE} lines of code a minute, and "
        f"{EACH_FORMULA:g} minute for a displayed formula or a figure. Doing counts "
        f"{EACH_EXERCISE:g} minutes for an exercise and {EACH_QUESTION:g} for a question of a "
        "quiz. Running is in seconds, as measured on one thread when the cells last ran; a "
        "dash stands where nobody has timed them."
    )


def setup(app):
    """Register the directive."""
    app.add_directive("book-minutes", BookMinutes)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
