"""Let docstrings write |x| for a distance: reStructuredText would look for a substitution x."""

import re

CODE_OR_BAR = re.compile(r"``.*?``|\|")


def escape_bars(app, what, name, obj, options, lines):
    """Escape each bar outside of code."""
    for i, line in enumerate(lines):
        lines[i] = CODE_OR_BAR.sub(lambda m: r"\|" if m[0] == "|" else m[0], line)


def setup(app):
    """Connect before napoleon, which turns numpydoc sections into markup."""
    app.connect("autodoc-process-docstring", escape_bars, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
