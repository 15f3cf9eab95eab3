"""Read what an index offers: its pages in JSON or HTML (PEP 691, PEP 503), or a plain folder."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from recon_tutorial.fetching._sources import UnreachableError

JSON = "application/vnd.pypi.simple.v1+json"


class Link(NamedTuple):
    """A file on offer."""

    address: str
    sha256: str | None  # as the index says, where it does

    @property
    def name(self) -> str:
        """Name of the file."""
        return unquote(PurePosixPath(urlsplit(self.address).path).name)


def links_of_page(page: bytes, kind: str, address: str) -> list[Link]:
    """Read the files that an index page at `address` names; `kind` is its media type."""
    text = page.decode("utf8", errors="replace")
    if kind != JSON:
        parser = _Anchors(address)
        parser.feed(text)
        return parser.links
    try:
        return [
            Link(urljoin(address, file["url"]), file.get("hashes", {}).get("sha256"))
            for file in json.loads(text)["files"]
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        host = urlsplit(address).hostname
        raise UnreachableError(f"{host} answered with no page of an index") from error


def links_of_folder(folder: Path) -> list[Link]:
    """List the files of a folder, as pip's find-links does."""
    return [Link(path.as_uri(), None) for path in folder.iterdir() if path.is_file()]


class _Anchors(HTMLParser):
    """Collect <a href>, relative to <base href> if there is one."""

    def __init__(self, address):
        super().__init__()
        self.base, self.links = address, []

    def handle_starttag(self, tag, attrs):
        href = dict(attrs).get("href")
        if href and tag == "base":
            self.base = urljoin(self.base, href)
        elif href and tag == "a":
            address, fragment = urldefrag(urljoin(self.base, href))
            kind, _, digest = fragment.partition("=")
            self.links.append(Link(address, digest if kind == "sha256" else None))
