"""A package index on this machine, to download from for real, that can be told to misbehave."""

import gzip
import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np

from recon_tutorial import fetching
from recon_tutorial.fetching import Source

ROOT = Path(fetching.__file__).parents[2]
# Random bytes do not shrink, so the archive is as long as what it holds.
A, B = (np.random.default_rng(seed).bytes(150_000) for seed in (0, 1))
WHEEL, SDIST = "tinydata-1.0-py3-none-any.whl", "tinydata-1.0.tar.gz"


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def wheel(trace):
    """A wheel whose code would write the file `trace` if it ever ran."""
    about = "Metadata-Version: 2.1\nName: tinydata\nVersion: 1.0\nRequires-Python: <3\n"
    about += "Requires-Dist: tinydata-needs-this\n"
    tags = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files = {
        "tinydata/__init__.py": f"open({str(trace)!r}, 'w')\n".encode(),
        "tinydata/data/a.bin": A,
        "tinydata/data/b.bin": B,
        "tinydata-1.0.dist-info/METADATA": about.encode(),
        "tinydata-1.0.dist-info/WHEEL": tags.encode(),
        "tinydata-1.0.dist-info/RECORD": b"",
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path, content in files.items():
            archive.writestr(zipfile.ZipInfo(path), content)  # without the time of day
    return packed.getvalue()


def sdist(trace):
    """A source distribution whose setup.py would write the file `trace` if it ever ran."""
    files = {
        "tinydata-1.0/setup.py": f"open({str(trace)!r}, 'w')\nimport setuptools\n".encode(),
        "tinydata-1.0/tinydata/data/a.bin": A,
        "tinydata-1.0/tinydata/data/b.bin": B,
    }
    packed = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as zipped,  # without the time of day
        tarfile.open(fileobj=zipped, mode="w") as archive,
    ):
        for path, content in files.items():
            member = tarfile.TarInfo(path)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        link = tarfile.TarInfo("tinydata-1.0/link.bin")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        archive.addfile(link)
    return packed.getvalue()


def source(archive, content, **changes):
    """Pin `content` under the name `archive`."""
    folder = "tinydata-1.0/" if archive.endswith(".gz") else ""
    members = tuple((f"{folder}tinydata/data/{n}.bin", sha256(c)) for n, c in (("a", A), ("b", B)))
    pinned = {
        "distribution": "tinydata",
        "version": "1.0",
        "archive": archive,
        "size": len(content),
        "sha256": sha256(content),
        "members": members,
    }
    return Source(**(pinned | changes))


class Index(ThreadingHTTPServer):
    """The simple API in front of `files`, with a record of what was asked for."""

    daemon_threads = True

    def __init__(self, files):
        super().__init__(("127.0.0.1", 0), _Answer)
        self.files = files  # name -> bytes
        self.page = None  # (media type, bytes) instead of the right page
        self.html = False  # the old form of a page
        self.hashes = {}  # name -> SHA-256 to state
        self.moved = {}  # path -> where to
        self.password = None  # "Basic ..." without which nothing is told
        self.delay = 0  # seconds between the twentieths of a file
        self.cut = 0  # so many downloads break off half-way
        self.asked, self.sent, self.broken = [], 0, 0
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *_):
        pass  # a client that goes away is what is tested


class _Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        index, name = self.server, self.path.rpartition("/")[2]
        index.asked.append((self.path, self.headers))
        if index.password and self.headers["Authorization"] != index.password:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="tests"')
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif self.path in index.moved:
            self.send_response(302)
            self.send_header("Location", index.moved[self.path])
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif self.path == "/simple/tinydata/":
            self._send(*(index.page or self._page()))
        elif name in index.files:
            self._send("application/octet-stream", index.files[name])
        else:
            self.send_error(404)

    def do_CONNECT(self):
        """Refuse to be a proxy, having noted for whom."""
        self.server.asked.append((self.path, self.headers))
        self.send_error(403)

    def _page(self):
        index = self.server
        if index.html:
            marks = {n: f"#sha256={h}" for n, h in index.hashes.items()}
            links = [f'<a href="../../files/{n}{marks.get(n, "")}">{n}</a>' for n in index.files]
            return "text/html", f"<html><body>{'<br>'.join(links)}</body></html>".encode()
        files = [
            {
                "filename": name,
                "url": f"../../files/{name}",
                "hashes": {"sha256": index.hashes[name]} if name in index.hashes else {},
            }
            for name in index.files
        ]
        page = {"meta": {"api-version": "1.0"}, "name": "tinydata", "files": files}
        return "application/vnd.pypi.simple.v1+json", json.dumps(page).encode()

    def _send(self, kind, content):
        index, is_file = self.server, self.path.startswith("/files/")
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        step = max(1, len(content) // 20)
        for start in range(0, len(content), step):
            if is_file and index.cut and start > len(content) // 2:
                index.cut -= 1
                self.close_connection = True
                return
            try:
                self.wfile.write(content[start : start + step])
            except OSError:
                index.broken += 1
                return
            if is_file:
                index.sent += 1
                time.sleep(index.delay)

    def log_message(self, *_):
        pass


@contextmanager
def serve(files):
    index = Index(files)
    try:
        yield index
    finally:
        index.shutdown()
        index.server_close()


SCRIPT = """
import resource, sys
from recon_tutorial.fetching import Source, cache
{before}
cache.SOURCES = {{"tiny": {source!r}}}
try:
    files = cache.fetch("tiny", progress=False)
    print("got", *(len(path.read_bytes()) for path in files.values()))
except (OSError, RuntimeError, ValueError) as error:
    print(type(error).__name__, error)
"""


def start_fetch(pinned, *, before="", around=(), **options):
    """Fetch "tiny" in a process of its own; `around` is a command that starts it."""
    command = [*around, sys.executable, "-c", SCRIPT.format(before=before, source=pinned)]
    env = dict(os.environ, PYTHONPATH=str(ROOT))
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True, **options)


def wait_for(condition, seconds=20):
    """Wait until `condition()` holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def use_only(monkeypatch, cache, **settings):
    """Set an empty cache, and a pip that knows nothing but these settings."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("RECON_TUTORIAL_DATA", str(cache))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_RETRIES", "0")
    for name, value in settings.items():
        monkeypatch.setenv(f"PIP_{name.upper()}", value)


def kept(cache):
    """The files in the cache, and what was left half-way."""
    return sorted(str(path.relative_to(cache)) for path in cache.rglob("*") if path.is_file())
