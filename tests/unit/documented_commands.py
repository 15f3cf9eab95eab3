"""The commands of the documents, and a fresh clone of the book in which they can be typed in."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat

from .fake_install import OUTSIDE, program
from .project_files import ROOT, project_files, read_yaml

FENCE = re.compile(r"^```(?:sh|bash|shell|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)
ADDRESS = read_yaml("_config.yml")["repository"]["url"]


def commands(text):
    """The commands of a text's shell blocks, without comments; a script is one command."""
    found = []
    for block in FENCE.findall(text):
        lines = [re.sub(r"\s+#\s.*", "", line) for line in block.splitlines()]
        found += [block] if block.startswith("#!") else filter(str.strip, lines)
    return found


def documented():
    """Document -> its commands, for each document that has any."""
    texts = {name: text for name, text in project_files() if name.endswith(".md")}
    return {name: commands(text) for name, text in texts.items() if commands(text)}


def inline_makes(text):
    """The calls of make within the lines of a text."""
    return sorted({call for call in re.findall(r"`(make\b[^`]*)`", text) if "..." not in call})


def environment(folder):
    """What a reader's shell has: the address of the book leads to a repository on this machine."""
    ours = {k: v for k, v in os.environ.items() if not k.startswith("MAKE") and k not in OUTSIDE}
    pairs = {
        f"url.{folder / 'origin'}.insteadOf": ADDRESS,
        "user.name": "A reader",
        "user.email": "reader@example.org",
        "protocol.file.allow": "always",
        "init.defaultBranch": "main",
    }
    git = {"GIT_CONFIG_COUNT": str(len(pairs)), "GIT_CONFIG_GLOBAL": os.devnull}
    for i, (key, value) in enumerate(pairs.items()):
        git |= {f"GIT_CONFIG_KEY_{i}": key, f"GIT_CONFIG_VALUE_{i}": value}
    return ours | git | {"OMP_NUM_THREADS": "1"}


def typed(command, folder, env, **more):
    """Type a command into a shell, in a folder."""
    words = ["sh", "-e", "-c", command]
    return subprocess.run(words, cwd=folder, env=env | more, capture_output=True, text=True)


def publish(folder):
    """Put the files as they stand here into a repository of their own."""
    origin = folder / "origin"
    for name, _ in project_files():
        (origin / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, origin / name)
    # What git keeps and project_files leaves out: pictures.
    for path in (ROOT / "book/_static").glob("*.png"):
        shutil.copy(path, origin / "book/_static" / path.name)
    run = typed("git init -q && git add -A && git commit -qm all", origin, environment(folder))
    assert run.returncode == 0, run.stderr


def install(clone):
    """Stand in for `make`, which takes minutes: a Python that finds the clone's package."""
    line = f'PYTHONPATH="{clone}" exec "{sys.executable}" "$@"'
    program(Path(clone) / ".venv/bin/python", line)


def shorten(notebook, **quick):
    """Give a chapter other defaults, with which it takes seconds."""
    chapter = nbformat.read(notebook, as_version=4)
    (cell,) = [c for c in chapter.cells if "parameters" in c.metadata.get("tags", [])]
    for name, value in quick.items():
        pattern = re.compile(rf"^({name}: \w+ = ).*$", re.MULTILINE)
        cell.source, n = pattern.subn(rf"\g<1>{value!r}", cell.source)
        assert n == 1, name
    nbformat.write(chapter, notebook)
