"""Offer all notebooks as one archive: `notebooks.zip`, beside the built pages.

The same notebooks give the same bytes: names are sorted, and every file bears one date.
"""

import os
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAME = "notebooks.zip"
FOLDER = "notebooks"  # what unpacking makes
DATE = (1980, 1, 1, 0, 0, 0)  # the first that a zip can say


def notebooks(root=ROOT):
    """Return name in the archive -> path of every chapter and solution, and of the licence."""
    book = root / "book"
    found = sorted([*book.glob("[0-9]*.ipynb"), *book.glob("solutions/[0-9]*.ipynb")])
    return {path.relative_to(book).as_posix(): path for path in found} | {
        "LICENSE": root / "LICENSE"  # copies must come with it
    }


def write_zip(target, files):
    """Write `files` (name -> path) into the archive `target`, whole or not at all."""
    beside = target.with_name(f"{target.name}.tmp")
    try:
        with zipfile.ZipFile(beside, "w") as archive:
            for name, path in sorted(files.items()):
                entry = zipfile.ZipInfo(f"{FOLDER}/{name}", DATE)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.create_system, entry.external_attr = 3, 0o100644 << 16  # as on Unix
                archive.writestr(entry, path.read_bytes())
        os.replace(beside, target)
    finally:
        beside.unlink(missing_ok=True)


def zip_notebooks(app, exception):
    """Write the archive when the pages stand."""
    if exception is None and app.builder.format == "html":
        write_zip(Path(app.outdir, NAME), notebooks())


def setup(app):
    """Write when the build has finished."""
    app.connect("build-finished", zip_notebooks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
