"""The directive ``book-versions``: when, and with which versions, this book was built."""

import os
import platform
from datetime import UTC, datetime

from book_cache import PACKAGES, installed
from docutils import nodes
from sphinx.util.docutils import SphinxDirective

TOOLS = ("papermill", "jupyter-book", "Sphinx", "myst-nb")


def build_facts():
    """Return (name, value) pairs: the date, the machine, and each package's version."""
    seconds = os.environ.get("SOURCE_DATE_EPOCH")
    date = datetime.fromtimestamp(int(seconds), UTC) if seconds else datetime.now(UTC)
    return [
        ("Built on", f"{date:%Y-%m-%d %H:%M} UTC"),
        ("System", f"{platform.system()} on {platform.machine()}, {os.cpu_count()} CPU cores"),
        *installed(("recon-tutorial", *PACKAGES, *TOOLS)),
    ]


class BookVersions(SphinxDirective):
    """A table of the facts above; it takes no argument and no content."""

    def run(self):
        """Build the table; the page is read anew at every build."""
        self.env.note_reread()
        table, group = nodes.table(), nodes.tgroup(cols=2)
        group += [nodes.colspec(colwidth=50), nodes.colspec(colwidth=50)]
        table += group
        header = nodes.thead("", self.row("What", "Value"))
        group += [header, nodes.tbody("", *[self.row(*fact) for fact in build_facts()])]
        return [table]

    def row(self, *texts):
        """Return one table row of plain paragraphs."""
        entries = [nodes.entry("", nodes.paragraph(text=text)) for text in texts]
        return nodes.row("", *entries)


def setup(app):
    """Register the directive."""
    app.add_directive("book-versions", BookVersions)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
