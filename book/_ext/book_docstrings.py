"""What autodoc should know of our docstrings.

They write |x| for a distance, where reStructuredText would look for a substitution x;
the fields of a NamedTuple are told by its docstring, not by "Alias for field number 0";
and they end in "Derived in chapter N." or "Described on the page X.", which become links.
"""

import re
from pathlib import Path

BOOK = Path(__file__).resolve().parents[1]
DERIVED = re.compile(r"^(\s*)Derived in chapters? ([\d, and]+)\.$")
DESCRIBED = re.compile(r"^(\s*)Described on the page ([\w/]+)\.$")
CODE_OR_BAR = re.compile(r"``.*?``|\|")


def escape_bars(app, what, name, obj, options, lines):
    """Escape each bar outside of code."""
    for i, line in enumerate(lines):
        lines[i] = CODE_OR_BAR.sub(lambda m: r"\|" if m[0] == "|" else m[0], line)


def link_chapters(app, what, name, obj, options, lines):
    """Link the chapters or the page of the last line, and make it the last of the notes."""
    for i, line in enumerate(lines):
        if found := DERIVED.match(line):
            chapters = re.sub(r"\d+", lambda number: _link(number[0]), found[2])
            words = f"Derived in chapter {chapters}."
        elif found := DESCRIBED.match(line):
            words = f"Described on the page :doc:`/book/{found[2]}`."
        else:
            continue
        del lines[i]
        titles = [k for k in range(len(lines) - 1) if set(lines[k + 1].strip()) == {"-"}]
        notes = [k for k in titles if lines[k].strip() == "Notes"]
        if notes:
            end = min((k for k in titles if k > notes[0]), default=len(lines))
            lines[end:end] = ["", found[1] + words, ""]
        else:
            lines[i:i] = [found[1] + "Notes", found[1] + "-----", found[1] + words]
        return


def _link(number):
    chapters = sorted(BOOK.glob(f"{int(number):02d}_*.ipynb"))
    return f":doc:`{number} </book/{chapters[0].stem}>`" if chapters else number


def skip_fields(app, what, name, obj, skip, options):
    """Skip the fields of a NamedTuple; None leaves the choice to others."""
    told = (getattr(obj, "__doc__", None) or "").startswith("Alias for field number")
    return True if told else None


def setup(app):
    """Connect before napoleon, which turns numpydoc sections into markup."""
    app.connect("autodoc-process-docstring", escape_bars, priority=400)
    app.connect("autodoc-process-docstring", link_chapters, priority=410)
    app.connect("autodoc-skip-member", skip_fields, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
