"""The built book behind a loopback server, and one browser for all tests that look at it.

Without a build or a browser these tests skip; where ``CI=true`` they fail instead.
"""

import functools
import importlib.util
import os
import shutil
import sys
import threading
from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from recon_tutorial.running import recorded

ROOT = Path(__file__).resolve().parents[2]
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}
SCHEMES = ("light", "dark")
CHROMIUM = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
CHROMIUM += ["--disable-background-networking"]
CHROMIUM += ["--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"]

# Colours change with the theme, everything else with the size.
CHECKS = {
    ("desktop", "light"): ("colours", "rest"),
    ("desktop", "dark"): ("colours",),
    ("phone", "light"): ("rest",),
    ("phone", "dark"): ("colours",),
}
COLOUR_RULES = ["color-contrast", "link-in-text-block"]
COLOURS = {"runOnly": COLOUR_RULES}
REST = {"rules": {rule: {"enabled": False} for rule in COLOUR_RULES}}
# preload would make axe ask for style sheets by wrong addresses
AXE_ALWAYS = {"preload": False, "resultTypes": ["violations"]}
ONE_OF_EACH_LOOK = Path(__file__).with_name("one_of_each_look.js").read_text(encoding="utf8")
# What a page waits for comes within 5 s or never: a tab that is not drawn gets no frames, and its
# transitions do not end. What is then missing fails the test that asks for it, and nothing hangs.
SETTLED = """async () => {
  const soon = (promise) => Promise.race([promise, new Promise((r) => setTimeout(r, 5000))]);
  await soon(window.MathJax?.startup?.promise);
  await soon(Promise.all([...document.images].map((i) => i.decode().catch(() => null))));
  await soon(new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  const ending = document.getAnimations().filter((a) => a.effect.getComputedTiming().endTime < 1e4);
  await soon(Promise.all(ending.map((a) => a.finished.catch(() => null))));
}"""
FACTS = """() => ({
  theme: document.documentElement.dataset.theme,
  overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  broken: [...document.images].filter((i) => !i.naturalWidth).map((i) => i.src),
  formulas: document.querySelectorAll(".math").length,
  rendered: document.querySelectorAll(".math mjx-container").length,
  misread: document.querySelectorAll("mjx-merror").length,
})"""


def toc_pages():
    """Return the names of all pages in ``_toc.yml``."""

    def walk(node):
        if isinstance(node, dict):
            for key, value in node.items():
                if key in ("root", "file"):
                    yield value
                else:
                    yield from walk(value)
        elif isinstance(node, list):
            for item in node:
                yield from walk(item)

    return list(walk(yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf8"))))


def pytest_generate_tests(metafunc):
    """Give each test its page, its chapter or its solutions, by name."""
    if "page_name" in metafunc.fixturenames:
        metafunc.parametrize("page_name", [*toc_pages(), "search"])
    chapters = sorted((ROOT / "book").glob("[0-9][0-9]_*.ipynb"))
    solutions = sorted((ROOT / "book" / "solutions").glob("[0-9][0-9]_*.ipynb"))
    kinds = {"chapter": chapters, "solution": solutions, "notebook": chapters + solutions}
    for kind, paths in kinds.items():
        if kind in metafunc.fixturenames:
            names = [path.relative_to(ROOT / "book").with_suffix("") for path in paths]
            metafunc.parametrize(kind, paths, ids=[name.as_posix() for name in names])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Give all tests of a page to one process, which then visits it once."""
    from xdist.scheduler import LoadScopeScheduling

    class ByPage(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            return nodeid.partition("[")[2] or nodeid

    return ByPage(config, log)


def missing(reason):
    """Skip at home, fail in continuous integration."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason} (CI=true: nothing may be skipped)")
    pytest.skip(reason)


class QuietHandler(SimpleHTTPRequestHandler):
    """Serve files without a line for each request."""

    def log_message(self, *args):
        """Say nothing: a failed request is caught in the browser."""


@dataclass
class State:
    """What was seen on one page at one size in one theme."""

    size: str
    scheme: str
    facts: dict
    violations: list


@dataclass
class Visit:
    """All that the tests of one page need to know."""

    log: list = field(default_factory=list)
    hosts: set = field(default_factory=set)
    states: list = field(default_factory=list)


@pytest.fixture(scope="session")
def root():
    """Return the root of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def config():
    """Return ``_config.yml`` as it stands."""
    return yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf8"))


@pytest.fixture(scope="session")
def pages():
    """Return the names of all pages in ``_toc.yml``."""
    return toc_pages()


@pytest.fixture(scope="session")
def build():
    """Return the folder of the built pages."""
    folder = ROOT / "_build" / "html"
    if not (folder / "index.html").exists():
        missing("the book is not built: run `make book` first")
    return folder


@pytest.fixture(scope="session")
def numbers(root, build):
    """Return a function that gives what a chapter recorded when the book was built."""
    sys.path.insert(0, str(root / "book" / "_ext"))
    try:
        spec = importlib.util.spec_from_file_location("execute", root / "book/_ext/execute.py")
        execute = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(execute)
    finally:
        sys.path.pop(0)
    cache = execute.open_cache(root / "_build")

    def read(chapter):
        source = execute.read(root / "book" / f"{chapter}.ipynb")
        return recorded(cache.get_cache_bundle(cache.match_cache_notebook(source).pk).nb)

    return read


@pytest.fixture(scope="session")
def book(build):
    """Serve the built book on the loopback; return its address."""
    handler = functools.partial(QuietHandler, directory=str(build))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="session")
def browser():
    """Start one chromium."""
    executable = shutil.which("chromium")
    if executable is None:
        missing("chromium is not installed: install your system's package `chromium`")
    from playwright.sync_api import sync_playwright  # after the skip: it starts a driver

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=CHROMIUM)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def desktop(browser):
    """Return one page at desktop size, for tests that click and type."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    yield page
    page.close()


@pytest.fixture(scope="session")
def find():
    """Return two functions: tab -> what axe finds, in its colours and in all the rest."""
    from axe_playwright_python.sync_playwright import Axe

    axe = Axe()

    def find_in_colours(tab):
        tab.evaluate(ONE_OF_EACH_LOOK)
        context, options = {"include": [["[data-sample]"]]}, COLOURS | AXE_ALWAYS
        return axe.run(tab, context=context, options=options).response["violations"]

    def find_in_the_rest(tab):
        return axe.run(tab, options=REST | AXE_ALWAYS).response["violations"]

    return {"colours": find_in_colours, "rest": find_in_the_rest}


@pytest.fixture(scope="session")
def visit(book, browser, find, tmp_path_factory):
    """Return a function that visits a page once, at both sizes and in both themes."""
    seen = {}
    shared = "PYTEST_XDIST_WORKER" in os.environ
    visitors = tmp_path_factory.getbasetemp().parent if shared else None
    tabs = {
        size: browser.new_page(viewport={"width": width, "height": height})
        for size, (width, height) in SIZES.items()
    }

    def look(name):
        if name in seen:
            return seen[name]
        if visitors:  # it takes seconds, so that a second process must not do it again
            (visitors / f"visited {name.replace('/', ' ')}").touch(exist_ok=False)
        seen[name] = result = Visit()
        for size, tab in tabs.items():
            stop = listen(tab, result)
            tab.emulate_media(color_scheme="light")
            tab.goto(f"{book}/{name}.html", wait_until="load")
            for scheme in SCHEMES:
                tab.emulate_media(color_scheme=scheme)
                tab.evaluate(SETTLED)
                facts = tab.evaluate(FACTS)
                checks = [find[check] for check in CHECKS[size, scheme]]
                found = [violation for check in checks for violation in check(tab)]
                result.states.append(State(size, scheme, facts, found))
            stop()
        return result

    yield look
    for tab in tabs.values():
        tab.close()


def listen(tab, result):
    """Write what the browser complains about into `result`; return how to stop."""

    def on_console(message):
        if message.type == "error":
            result.log.append(f"console: {message.text}")

    handlers = {
        "console": on_console,
        "pageerror": lambda error: result.log.append(f"error: {error}"),
        "requestfailed": lambda request: result.log.append(f"failed: {request.url}"),
        "request": lambda request: result.hosts.add(request.url.split("/")[2]),
    }
    for event, handler in handlers.items():
        tab.on(event, handler)

    def stop():
        for event, handler in handlers.items():
            tab.remove_listener(event, handler)

    return stop
