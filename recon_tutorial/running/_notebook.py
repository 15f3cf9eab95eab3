"""Run a notebook with other parameters, and keep what it recorded beside it."""

from __future__ import annotations

import math
import os
import platform
import time
from collections.abc import Callable
from contextlib import suppress
from importlib import metadata
from pathlib import Path

import nbformat
import papermill
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.exceptions import PapermillExecutionError

from recon_tutorial._given import a_path, is_number
from recon_tutorial._whole import draft_of, remove, writing
from recon_tutorial.running._files import keep_json
from recon_tutorial.running._parameters import check_parameters, plain
from recon_tutorial.running.recording import recorded

PACKAGES = ("recon-tutorial", "numpy", "scipy", "scikit-learn", "torch", "anndata", "papermill")


def run_notebook(
    notebook: str | Path,
    output: str | Path,
    *,
    parameters: dict | None = None,
    timeout: float | None = None,
    cwd: str | Path | None = None,
    progress: bool = False,
) -> dict:
    """Execute a notebook with other parameters and return what it recorded.

    Parameters
    ----------
    notebook : path
        A notebook with a cell tagged "parameters" that holds ``name: type = literal`` lines.
    output : path
        Where the executed notebook goes (.ipynb); the returned dict is kept beside it as .json.
        If a cell fails, the notebook is kept as ``<output stem>.failed.ipynb`` instead.
    parameters : dict, optional
        Replaces defaults of the parameters cell; names and types are checked first.
    timeout : float, optional
        Longest time that one cell may take, in seconds (rounded up to whole ones).
    cwd : path, optional
        Where the notebook runs; the default is its own folder.
    progress : bool
        Show a progress bar over cells on stderr.

    Returns
    -------
    dict
        "parameters" (given or default), "numbers" (of every `record`, a later one replacing an
        earlier one of its name), "seconds" and "versions".

    Raises
    ------
    FileNotFoundError
        If there is no such notebook.
    TypeError, ValueError
        If a parameter is unknown or of the wrong type, the notebook cannot be read, `output` is
        no .ipynb file or is the notebook itself, or `cwd` or `timeout` make no sense.
    RuntimeError
        If a cell fails (tagged "raises-exception" or not), takes too long, or kills the kernel.
    OSError
        If there is no space or no right to write.

    Derived in chapter 13.
    """
    return run(
        notebook,
        output,
        parameters=parameters,
        timeout=timeout,
        cwd=cwd,
        progress=progress,
        measured=dict,
    )


def run(
    notebook: str | Path,
    output: str | Path,
    *,
    parameters: dict | None,
    timeout: float | None,
    cwd: str | Path | None,
    progress: bool,
    measured: Callable[[], dict],
) -> dict:
    """Do what `run_notebook` says, and keep as well what is measured when the kernel has ended."""
    notebook, output = (
        Path(a_path(path, name)).absolute()
        for name, path in (("notebook", notebook), ("output", output))
    )
    if not notebook.is_file():
        raise FileNotFoundError(f"there is no notebook {notebook}: check the path")
    if output.suffix != ".ipynb" or output.is_dir():
        raise ValueError(f"output {output} is no notebook file: give a name that ends in .ipynb")
    if output.resolve() == notebook.resolve():
        raise ValueError(f"output is the notebook itself ({output}): give another file name")
    folder = Path(notebook.parent if cwd is None else a_path(cwd, "cwd")).absolute()
    if not folder.is_dir():
        raise ValueError(f"cwd {folder} is no folder: name one that exists")
    if timeout is not None and not (is_number(timeout) and timeout > 0):
        raise ValueError(f"timeout is {timeout} s: give a positive number, or None for no limit")
    if parameters is not None and not isinstance(parameters, dict):
        raise TypeError(f"parameters is a {type(parameters).__name__}: pass a dict of values")
    given = {name: plain(value, name) for name, value in (parameters or {}).items()}
    used = check_parameters(notebook, given)

    with writing(output):
        output.parent.mkdir(parents=True, exist_ok=True)
    draft, failed = draft_of(output), output.with_suffix(".failed.ipynb")
    start = time.perf_counter()
    try:
        with writing(output):
            executed = papermill.execute_notebook(
                notebook,
                draft,
                parameters=given,
                kernel_name="python3",
                language="python",
                progress_bar=progress,
                execution_timeout=timeout and math.ceil(timeout),
                # Not papermill's own cwd=, which would move this whole process there.
                resources={"metadata": {"path": str(folder)}},
                # The kernel's own log, not the notebook's: of no use to who reads the error.
                extra_arguments=["--IPKernelApp.log_level=50"],
            )
        seconds = time.perf_counter() - start
        output.with_suffix(".json").unlink(missing_ok=True)  # it tells of an earlier run
        _keep(executed, draft, notebook, output)
        failed.unlink(missing_ok=True)
    except (PapermillExecutionError, CellTimeoutError, DeadKernelError) as error:
        executed = nbformat.read(draft, as_version=4)
        where = _failed_cell(executed, error)
        _keep(executed, draft, notebook, failed)
        raise RuntimeError(
            f"{notebook.name} failed in {where}: {_reason(error, timeout)}; see {failed}"
        ) from error
    finally:
        remove(draft)
    return keep_json(
        output.with_suffix(".json"),
        {
            "parameters": used,
            "numbers": recorded(executed),
            "seconds": round(seconds, 3),
            "versions": versions(),
            **measured(),
        },
    )


def _keep(executed, draft, notebook, target):
    """Write the executed notebook to its final name at once, without a path of this machine."""
    executed.metadata.papermill.update(input_path=notebook.name, output_path=target.name)
    with writing(target):
        nbformat.write(executed, draft)
        os.replace(draft, target)


def _failed_cell(executed, error):
    """Name the cell at fault, as one counts code cells in the failed notebook."""
    code = [cell for cell in executed.cells if cell.cell_type == "code"]
    started = [i for i, cell in enumerate(code) if cell.metadata.papermill.get("start_time")]
    number = getattr(error, "exec_count", None)  # only an exception in the cell has one
    at = next((i for i in started if code[i].execution_count == number is not None), started[-1])
    return f"code cell {at + 1} ({_first_line(code[at].source)!r})"


def _first_line(text):
    return str(text).strip().partition("\n")[0]


def _reason(error, timeout):
    if isinstance(error, PapermillExecutionError):
        return f"{error.ename}: {_first_line(error.evalue)}".removesuffix(": ")
    if isinstance(error, CellTimeoutError):
        return f"it took longer than {timeout:g} s"
    return "the kernel died, perhaps for lack of memory"


def versions() -> dict:
    """Name the versions of what results depend on."""
    versions = {"python": platform.python_version()}
    for package in PACKAGES:
        with suppress(metadata.PackageNotFoundError):
            versions[package] = metadata.version(package)
    return versions
