"""The command ``sweep``: its options, and the table that it writes."""

from __future__ import annotations

import sys
from pathlib import Path

from recon_tutorial._whole import keep_bytes
from recon_tutorial.running.sweeping import sweep


def add_sweep(commands) -> None:
    """Add the command and its options to a parser's commands."""
    grid = commands.add_parser(
        "sweep",
        help="execute a chapter at every point of a grid",
        description="Execute a notebook at every point of a grid, several at a time; keep every "
        "run, and a table of all as sweep.csv. The same command again does what is left.",
        epilog="example: python -m recon_tutorial sweep book/06_held_out_perturbations.ipynb "
        "grid.yaml runs/ --workers 2",
    )
    grid.add_argument("notebook", metavar="NOTEBOOK", help="the .ipynb to execute")
    grid.add_argument(
        "grid",
        metavar="GRID",
        help="a .yaml or .json: lists of values by name, or a list of points",
    )
    grid.add_argument("output", metavar="OUT", help="the folder for the runs")
    where = grid.add_mutually_exclusive_group()
    where.add_argument(
        "--workers", type=int, metavar="N", help="runs at a time on this machine [one per core]"
    )
    where.add_argument(
        "--scheduler", metavar="ADDRESS", help="use this Dask cluster, as tcp://127.0.0.1:8786"
    )
    where.add_argument(
        "--scheduler-file", type=Path, metavar="FILE", help="the same, named by its own file"
    )
    grid.add_argument(
        "--timeout", type=float, metavar="SECONDS", help="longest time that one cell may take"
    )
    grid.add_argument(
        "--no-resume", action="store_true", help="refuse a folder that holds a sweep already"
    )
    grid.set_defaults(command=_sweep)


def _sweep(options):
    frame = sweep(
        options.notebook,
        options.grid,
        options.output,
        client=options.scheduler or options.scheduler_file,
        workers=options.workers,
        resume=not options.no_resume,
        timeout=options.timeout,
    )
    table = Path(options.output) / "sweep.csv"
    keep_bytes(table, frame.to_csv(index=False).encode())
    failed = int((frame["status"] == "failed").sum())
    print(f"wrote {table}: {len(frame) - failed} runs done, {failed} failed", file=sys.stderr)
    return 1 if failed else 0
