"""Execute the notebooks of the book several at a time, into the cache that Jupyter Book reads.

    python book/_ext/execute.py [--jobs N] [--force]

Jupyter Book executes notebooks one by one; after this script it finds them all in its cache.
The exit status is 1 when a notebook fails (the good ones stay cached), 130 after Ctrl-C.
"""

import argparse
import asyncio
import os
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed

import nbformat
import yaml
from book_cache import ROOT, CacheError, keep, open_cache
from jupyter_cache.base import CacheBundleIn
from nbclient import NotebookClient
from nbclient.exceptions import CellControlSignal, DeadKernelError
from sphinx_external_toc.parsing import parse_toc_yaml

BUILD = ROOT / "_build"
KERNEL = "python3"  # nb_kernel_rgx_aliases in _config.yml sends every kernel name here


def notebooks(root=ROOT):
    """Return the notebooks that ``_toc.yml`` lists, in reading order."""
    paths = [root / f"{name}.ipynb" for name in parse_toc_yaml(root / "_toc.yml")]
    return [path for path in paths if path.exists()]


def read(path):
    """Read a notebook as Jupyter Book does, so that both compute the same hash of it."""
    notebook = nbformat.read(path, as_version=4)
    if "name" in notebook.metadata.get("kernelspec", {}):
        notebook.metadata["kernelspec"]["name"] = KERNEL
    return notebook


def is_cached(cache, notebook):
    """Tell whether the cache holds this notebook's code cells."""
    try:
        cache.match_cache_notebook(notebook)
    except KeyError:
        return False
    return True


def execute(client):
    """Run one notebook in a kernel of its own; return its seconds, and those of each code cell."""
    began, took = {}, {}

    def on_start(cell, cell_index):
        began[cell_index] = time.perf_counter()

    def on_end(cell, cell_index, execute_reply):
        took[cell_index] = time.perf_counter() - began[cell_index]

    client.on_cell_start, client.on_cell_executed = on_start, on_end
    start = time.perf_counter()
    client.execute()
    seconds = time.perf_counter() - start
    code = [i for i, cell in enumerate(client.nb.cells) if cell.cell_type == "code"]
    return seconds, [round(took.get(i, 0.0), 3) for i in code]


def make_client(path, notebook, timeout):
    """Prepare a kernel that will start in the notebook's folder."""
    return NotebookClient(
        notebook,
        kernel_name=KERNEL,
        timeout=notebook.metadata.get("execution", {}).get("timeout", timeout),
        resources={"metadata": {"path": str(path.parent)}},
        record_timing=False,  # times in the metadata would change the hash
        extra_arguments=["--IPKernelApp.log_level=40"],  # no word about unencrypted loopback
    )


def run_all(todo, cache, *, jobs, timeout, report):
    """Execute the notebooks of `todo` (path -> notebook); return the paths that failed.

    Kernels run in parallel; only this thread writes to the cache.
    """
    clients = {path: make_client(path, notebook, timeout) for path, notebook in todo.items()}
    failed = []
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        futures = {pool.submit(execute, client): path for path, client in clients.items()}
        try:
            for future in as_completed(futures):
                path = futures[future]
                try:
                    seconds, cell_seconds = future.result()
                except (CellControlSignal, DeadKernelError) as error:
                    failed.append(path)
                    report(path, "FAILED")
                    print(error, file=sys.stderr, flush=True)
                    continue
                times = {"execution_seconds": seconds, "cell_seconds": cell_seconds}
                keep(BUILD, cache, CacheBundleIn(todo[path], str(path), data=times))
                report(path, f"{seconds:.1f} s")
        except BaseException:  # Ctrl-C or whatever else: no kernel may run on, unheard
            pool.shutdown(wait=False, cancel_futures=True)
            stop(clients.values())
            raise
    return failed


def stop(clients):
    """Kill the kernels that run, so that the threads which wait for them end."""
    for client in clients:
        if client.km is not None and client.km.has_kernel:
            asyncio.run(client.km.signal_kernel(signal.SIGKILL))


def main(arguments=None):
    """Parse the command line, execute what the cache lacks, return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="kernels at a time")
    parser.add_argument("--force", action="store_true", help="execute cached notebooks again")
    options = parser.parse_args(arguments)
    if options.jobs < 1:
        parser.error(f"--jobs is {options.jobs}, expected 1 or more: pass --jobs 2")

    os.environ["OMP_NUM_THREADS"] = "1"  # kernels with two threads each would fight for the cores
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf8"))
    try:
        cache = open_cache(BUILD)
    except CacheError as error:
        sys.exit(str(error))
    found = {path: read(path) for path in notebooks()}
    todo = {p: nb for p, nb in found.items() if options.force or not is_cached(cache, nb)}
    names = {path: path.relative_to(ROOT).with_suffix("").as_posix() for path in found}
    done = 0

    def report(path, outcome):
        nonlocal done
        done += 1
        print(f"[{done}/{len(found)}] {names[path]}: {outcome}", flush=True)

    for path in found:
        if path not in todo:
            report(path, "cached")
    try:
        failed = run_all(
            todo, cache, jobs=options.jobs, timeout=config["execute"]["timeout"], report=report
        )
    except KeyboardInterrupt:
        print("interrupted: finished notebooks stay cached", file=sys.stderr)
        return 130
    except CacheError as error:
        sys.exit(str(error))
    if failed:
        print(f"failed: {', '.join(names[path] for path in failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
