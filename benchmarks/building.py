"""How long does `make book` take, cold (every notebook is run) and warm (each is in the cache)?

Builds a copy of the tracked files twice with the environment that runs this script, so that
installing is not counted; the copy is removed afterwards.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
LIMITS = {"cold": 600, "warm": 60}  # seconds on two cores; the project's own aim


def copy_of_the_book(folder: Path) -> None:
    """Copy what git tracks, as it lies in the working tree."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
    ).stdout
    for name in filter(None, listed.split("\0")):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).exists():
            target.write_bytes((ROOT / name).read_bytes())


def compare(jobs: int = 2) -> pd.DataFrame:
    """Seconds of the two steps of a build, cold and warm."""
    python = Path(sys.executable)
    environment = os.environ | {"PYTHONPATH": "", "OMP_NUM_THREADS": "1"}
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copy_of_the_book(folder)
        environment["PYTHONPATH"] = str(folder)
        steps = {
            "notebooks": [python, "book/_ext/execute.py", "--jobs", str(jobs)],
            "pages": [
                python.with_name("jupyter-book"),
                *("build", ".", "--all", "-W", "--keep-going", "-n"),
            ],
        }
        for build in LIMITS:
            row = {"build": build}
            for step, command in steps.items():
                start = perf_counter()
                done = subprocess.run(
                    command, cwd=folder, env=environment, capture_output=True, text=True
                )
                if done.returncode:
                    sys.exit(
                        f"the {build} build failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
                    )
                row[step] = perf_counter() - start
            row["seconds"] = row["notebooks"] + row["pages"]
            rows.append(row | {"aim": LIMITS[build]})
    return pd.DataFrame(rows)


def main() -> None:
    """Build twice and print the seconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=2, help="notebooks that run at a time")
    print(compare(parser.parse_args().jobs).round(1).to_string(index=False))


if __name__ == "__main__":
    main()
