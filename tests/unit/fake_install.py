"""A clone whose pip only pretends, to see what make would install and when it would do so again."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
MAKEFILE = (ROOT / "Makefile").read_text()
# What a workflow may set must not reach the makes that are tested here.
OUTSIDE = {"CI", *re.findall(r"^(\w+) \?=", MAKEFILE, re.MULTILINE)}


def make(*arguments, folder=ROOT, **environment):
    """Run make and return the finished process."""
    command = ["make", *arguments]
    ours = {k: v for k, v in os.environ.items() if not k.startswith("MAKE") and k not in OUTSIDE}
    env = ours | environment
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)


def program(path, text):
    """Write a small shell program."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def copy_for_install(folder):
    """Copy just what an install reads into an empty folder, and return it."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt", "book/_ext/check_machine.py"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    return folder


def fake_python(clone, install, version=(3, 12)):
    """A Python that makes environments whose pip does `install` instead of installing.

    There `-c` runs in a true Python that takes itself for `version`, and pytest writes down which
    extras it was told to find.
    """
    code = f'"import sys; sys.version_info = {version}; $2"'
    inner = program(
        clone / "inner",
        f'case "$*" in *" install "*) {install};; "-c "*) exec "{sys.executable}" -c {code};;\n'
        '*" pytest "*) echo "$RECON_TUTORIAL_EXTRAS" >> told;; *) echo "pip 1";; esac',
    )
    making = f"*venv*) mkdir -p .venv/bin; cp {inner} .venv/bin/python;;"
    return program(clone / "fake-python", f'case "$*" in {making} *) exit 0;; esac')
