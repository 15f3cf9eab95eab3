"""Numbers that a notebook shows and keeps: written by `record`, read back by `recorded`."""

from __future__ import annotations

import nbformat
from IPython import get_ipython
from IPython.display import display

from recon_tutorial.running._listing import listing
from recon_tutorial.running._parameters import plain

RECORD = "application/vnd.recon-tutorial.record+json"


def record(**numbers) -> None:
    """Show the numbers that a chapter ends with, and keep them for `run_notebook`.

    Parameters
    ----------
    **numbers
        Name and value: numbers, text, booleans, None, and lists or dicts of them.
        Arrays and NumPy scalars become plain ones, the keys of a dict become text, and NaN
        (undefined) becomes null.

    Raises
    ------
    ValueError
        If there is nothing to record, or a number is infinite.
    TypeError
        If a value is of another type.

    Derived in chapter 1.
    """
    if not numbers:
        raise ValueError("record() got nothing to keep: pass name=value, e.g. record(mse=0.1)")
    numbers = {name: plain(value, name) for name, value in numbers.items()}
    if get_ipython() is None:
        print(listing(numbers))
    else:
        # Kept in the metadata, for Sphinx warns of data whose mime type it cannot show.
        display({"text/plain": listing(numbers)}, metadata={RECORD: numbers}, raw=True)


def recorded(executed: nbformat.NotebookNode) -> dict:
    """Merge what every `record` of an executed notebook kept, a later one winning.

    Parameters
    ----------
    executed : NotebookNode
        A notebook with outputs.

    Returns
    -------
    dict
        Name to value, empty where nothing was recorded.

    Raises
    ------
    TypeError
        If it is no notebook.

    Derived in chapter 13.
    """
    if not isinstance(executed, nbformat.NotebookNode):
        raise TypeError(f"executed is a {type(executed).__name__}: read it by nbformat.read")
    numbers = {}
    for cell in executed.cells:
        for output in cell.get("outputs", []):
            numbers.update(output.get("metadata", {}).get(RECORD, {}))
    return numbers
