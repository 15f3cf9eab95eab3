"""Download a source distribution from where pip would, without pip: it would run its setup.py."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from recon_tutorial.fetching import _pip
from recon_tutorial.fetching._links import JSON, Link, links_of_folder, links_of_page
from recon_tutorial.fetching._sources import (
    DamagedError,
    Source,
    UnreachableError,
    progress_bar,
)
from recon_tutorial.fetching._web import WEB, Web, reaching

PAGE = 10_000_000  # bytes; the page of one project has some thousands
BLOCK = 1 << 16
ATTEMPTS = 3  # at a download that breaks off


def download(source: Source, room: Path, progress: bool) -> Path:
    """Download the archive into the folder `room`; nothing of it is unpacked, built or run."""
    settings = _pip.settings()
    web = Web(settings)
    failed = None
    for place in _places(settings, source.distribution):
        try:
            for link in _links(web, place):
                if _plain(link.name) == _plain(source.archive):
                    if link.sha256 in (None, source.sha256):
                        return _save(web, link.address, source, room, progress)
                    failed = DamagedError(f"{source.archive} has another SHA-256 on your index")
        except UnreachableError as error:
            failed = failed or error
    raise failed or UnreachableError(f"no index that pip is set to has {source.archive}")


def _places(settings, distribution) -> Iterator[str]:
    """Folders and pages that may offer the archive: those that pip would look at."""
    yield from settings.get("find-links", "").split()
    if settings.get("no-index", "").lower() not in ("1", "true", "t", "yes", "y", "on"):
        yield from (
            f"{index.rstrip('/')}/{_plain(distribution)}/"
            for index in [
                settings.get("index-url") or _pip.default_index(),
                *settings.get("extra-index-url", "").split(),
            ]
        )


def _plain(name):
    """Spell a name as indexes do, to which case, dots, dashes and underscores are one."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _links(web, place) -> list[Link]:
    """What a place offers; only a place on this machine may offer files of this machine."""
    if urlsplit(place).scheme in WEB:
        with web.open(place, accept=f"{JSON}, text/html;q=0.1") as page, reaching(place):
            text = page.read(PAGE)
            links = links_of_page(text, page.headers.get_content_type(), page.geturl())
        return [link for link in links if urlsplit(link.address).scheme in WEB]
    path = _path(place)
    with reaching(place):
        path = path / "index.html" if (path / "index.html").is_file() else path
        if path.is_dir():
            return links_of_folder(path)
        return links_of_page(path.read_bytes(), "text/html", path.as_uri()) if path.exists() else []


def _path(place):
    """The path that a file: address, or a plain path, stands for."""
    if urlsplit(place).scheme == "file":
        return Path(url2pathname(urlsplit(place).path))
    return Path(place).expanduser().absolute()


def _save(web, address, source, room, progress) -> Path:
    """Download the archive into `room`, beginning anew if the connection breaks off."""
    for further in reversed(range(ATTEMPTS)):
        try:
            with (
                _opened(web, address) as file,
                (room / source.archive).open("wb") as kept,
                progress_bar(source, progress) as bar,
            ):
                for block in _blocks(file, address, source):
                    kept.write(block)
                    bar.update(len(block))
                    os.utime(room)  # says to other runs that this one is alive
            return room / source.archive
        except UnreachableError:
            if not further:
                raise


def _opened(web, address):
    if urlsplit(address).scheme in WEB:
        return web.open(address)
    with reaching(address):
        return _path(address).open("rb")


def _blocks(file, address, source) -> Iterator[bytes]:
    """Read to the end, which must come where the archive ends."""
    size = 0
    while True:
        with reaching(address):
            block = file.read(BLOCK)
        size += len(block)
        if size > source.size:
            raise DamagedError(f"{source.archive} is longer on your index than it should be")
        if not block:
            break
        yield block
    with reaching(address):
        if size < source.size:
            raise ConnectionError(f"the download broke off after {size:,} of {source.size:,} bytes")
