"""Serve MathJax from the book itself: no page loads anything from another host.

The files come out of the Python package sphinx-mathjax-offline (MathJax 3, Apache-2.0).
Its folder is called ``sphinx-mathjax-offline``, which no import statement can name.
"""

from importlib.metadata import files
from pathlib import Path

from sphinx.errors import ExtensionError
from sphinx.util.fileutil import copy_asset

DISTRIBUTION = "sphinx-mathjax-offline"
SCRIPT = "static/mathjax/tex-chtml.js"
FONTS = "static/mathjax/output/chtml/fonts/woff-v2"


def package_folder():
    """Return the folder of the installed package."""
    for file in files(DISTRIBUTION) or []:
        if file.as_posix().endswith(SCRIPT):
            return Path(file.locate()).parents[len(Path(SCRIPT).parts) - 1]
    raise ExtensionError(
        f"the installed package {DISTRIBUTION} has no {SCRIPT}: reinstall it with pip"
    )


def copy_mathjax(app, exception):
    """Copy the one script and its fonts (1.5 MB) beside the pages."""
    if exception is not None or app.builder.format != "html":
        return
    folder, static = package_folder(), Path(app.outdir, "_static")
    for part in (SCRIPT, FONTS):
        target = static / Path(part).relative_to("static")
        copy_asset(str(folder / part), str(target if part == FONTS else target.parent))


def setup(app):
    """Copy when the build has finished."""
    app.connect("build-finished", copy_mathjax)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
