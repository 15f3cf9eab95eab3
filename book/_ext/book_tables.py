"""Tell words from numbers in the tables that pandas writes, so that a style sheet can align them.

pandas puts every cell at the right, which suits numbers; a sentence that ends in a straight line
and begins in a ragged one is hard to read. CSS cannot tell them apart, so cells get classes here:
``words`` for columns and row labels of words, ``sentence`` for cells that need room.
"""

import re

from bs4 import BeautifulSoup

TABLE = re.compile(r'<table border="1" class="dataframe">.*?</table>', re.DOTALL)
MISSING = {"", "none", "<na>", "nat"}
ROOM = 40  # characters from which a cell is a sentence


def is_words(text):
    """Return whether a cell holds words; what is missing holds none."""
    text = text.strip().rstrip("%").replace(",", "").replace("−", "-")
    if text.lower() in MISSING or not any(character.isalpha() for character in text):
        return False
    try:
        float(text)  # 2e-72, nan and inf have letters too
    except ValueError:
        return True
    return False


def mark(body):
    """Return the HTML of a page with the cells of its pandas tables marked."""
    return TABLE.sub(lambda match: mark_table(match[0]), body)


def mark_table(html):
    """Mark one table: a column is of words when most of its cells are."""
    table = BeautifulSoup(html, "html.parser")
    rows = [row.find_all("td") for row in table.select("tbody tr")]
    width = max(map(len, rows), default=0)
    # from the right: headings span columns, and labels rows, at the left
    columns = [[row[-i - 1] for row in rows if len(row) > i] for i in range(width)]
    wordy = [sum(is_words(cell.text) for cell in column) > len(column) / 2 for column in columns]
    for column, words in zip(columns, wordy, strict=True):
        for cell in column:
            classes = ["words"] * words + ["sentence"] * (len(cell.text) > ROOM)
            if classes:
                cell["class"] = classes
    for label in table.select("tbody th"):
        if is_words(label.text):
            label["class"] = ["words"]
    for row in table.select("thead tr"):
        mark_heads(row, wordy)
    return str(table)


def mark_heads(row, wordy):
    """Let each heading follow its column, counted from the right as spans are found there."""
    place = 0
    for cell in reversed(row.find_all(["th", "td"])):
        inside = place < len(wordy)
        if cell.text.strip() and (wordy[place] if inside else is_words(cell.text)):
            cell["class"] = ["words"]
        place += int(cell.get("colspan", 1))


def mark_page(app, pagename, templatename, context, doctree):
    """Mark the tables of one page."""
    if context.get("body"):
        context["body"] = mark(context["body"])


def setup(app):
    """Connect when the page's body is finished."""
    app.connect("html-page-context", mark_page, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
