"""What autodoc should know of our docstrings.

They write |x| for a distance, where reStructuredText would look for a substitution x;
and the fields of a NamedTuple are told by its docstring, not by "Alias for field number 0".
"""

import re

CODE_OR_BAR = re.compile(r"``.*?``|\|")


def escape_bars(app, what, name, obj, options, lines):
    """Escape each bar outside of code."""
    for i, line in enumerate(lines):
        lines[i] = CODE_OR_BAR.sub(lambda m: r"\|" if m[0] == "|" else m[0], line)


def skip_fields(app, what, name, obj, skip, options):
    """Skip the fields of a NamedTuple; None leaves the choice to others."""
    told = (getattr(obj, "__doc__", None) or "").startswith("Alias for field number")
    return True if told else None


def setup(app):
    """Connect before napoleon, which turns numpydoc sections into markup."""
    app.connect("autodoc-process-docstring", escape_bars, priority=400)
    app.connect("autodoc-skip-member", skip_fields, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
