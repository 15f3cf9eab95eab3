"""Executed notebooks by number, kept in the book's cache and read from it again."""

from pathlib import Path
from unittest import mock

import book_cache
import nbformat
from jupyter_cache.base import CacheBundleIn


def notebook(number):
    shown = [nbformat.v4.new_output("stream", text=f"{number}\n" * 200)]
    cell = nbformat.v4.new_code_cell(f"print({number})", outputs=shown, execution_count=1)
    return nbformat.v4.new_notebook(cells=[cell])


def opened(build):
    with mock.patch.object(book_cache, "cache_key", lambda: "key"):  # hashing takes a while
        return book_cache.open_cache(Path(build))


def keep(build, *numbers):
    """Keep notebooks, as the script that executes the book does."""
    cache = opened(build)
    for number in numbers:
        bundle = CacheBundleIn(notebook(number), f"{number}.ipynb", data={})
        book_cache.keep(build, cache, bundle)


def kept(build):
    """The numbers of the notebooks that are there, each of them whole."""
    cache, numbers = opened(build), []
    for record in cache.list_cache_records():
        cell = cache.get_cache_bundle(record.pk).nb.cells[0]
        numbers.append(int(record.uri.removesuffix(".ipynb")))
        assert cell.outputs[0].text == f"{numbers[-1]}\n" * 200
    return sorted(numbers)
