"""Every page leads to places where it runs: launch and edit links, the archive, Binder's files."""

import importlib.util
import io
import os
import re
import shutil
import subprocess
import sys
import zipfile
from html import unescape
from types import SimpleNamespace

import nbformat
import pytest

ADDRESSES = ("BOOK_REPOSITORY_URL", "BOOK_REPOSITORY_BRANCH", "BOOK_BASEURL")


def load(root, name):
    spec = importlib.util.spec_from_file_location(name, root / "book" / "_ext" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def fork(monkeypatch):
    """Return a function that sets the variables of a fork and nothing else."""

    def choose(url=None, branch=None, site=None):
        for variable, value in zip(ADDRESSES, (url, branch, site), strict=True):
            monkeypatch.delenv(variable, raising=False)
            if value is not None:
                monkeypatch.setenv(variable, value)

    return choose


@pytest.fixture
def page(root):
    """Return the source of the page on running it yourself."""
    return (root / "book" / "run_it_yourself.md").read_text(encoding="utf8")


# --- addresses of a fork, for one build


def sphinx_config():
    options = {"repository_url": "https://github.com/a/b", "repository_branch": "main"}
    return SimpleNamespace(
        html_theme_options=options, html_baseurl="https://a.github.io/b/", html_title="A book"
    )


@pytest.mark.parametrize(
    ("variables", "options", "site"),
    [
        ((None, None, None), ("a/b", "main"), "https://a.github.io/b/"),
        (("https://github.com/Me/f/",), ("Me/f", "main"), "https://me.github.io/f/"),
        (
            ("https://github.com/me/me.github.io",),
            ("me/me.github.io", "main"),
            "https://me.github.io/",
        ),
        (("https://github.com/me/f", "x", "https://me.org"), ("me/f", "x"), "https://me.org/"),
        ((None, "x"), ("a/b", "x"), "https://a.github.io/b/"),
        (("", " ", ""), ("a/b", "main"), "https://a.github.io/b/"),
    ],
)
def test_variables_override_the_addresses(root, fork, variables, options, site):
    fork(*variables)
    config = sphinx_config()
    load(root, "book_overrides").override(None, config)
    assert config.html_theme_options == {
        "repository_url": f"https://github.com/{options[0]}",
        "repository_branch": options[1],
    }
    assert config.html_baseurl == config.ogp_site_url == site


def test_this_page_follows_a_fork(root, fork, page, config):
    owner = config["repository"]["url"].removeprefix("https://github.com/")
    assert page.count(owner) == 3
    module, source = load(root, "book_overrides"), [page]
    fork()
    module.relaunch(None, "book/run_it_yourself", source)
    assert source == [page]
    fork("https://github.com/me/fork/", "draft")
    module.relaunch(None, "book/run_it_yourself", source)
    assert owner not in source[0]
    assert "github/me/fork/blob/draft/book/" in source[0]
    assert "gh/me/fork/draft?urlpath=lab/tree/book/" in source[0]
    assert "git clone https://github.com/me/fork\ncd fork\n" in source[0]


def test_what_the_page_promises_exists(root, page):
    makefile = (root / "Makefile").read_text(encoding="utf8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    named = set(re.findall(r"(?:^|`|\" )make ([a-z]+)", page, re.MULTILINE))
    assert named >= {"book", "lab", "data", "repository", "wheelhouse"}
    assert named <= targets
    chapters = re.findall(r"book/\d\d_\w+\.ipynb", page)
    assert len(chapters) == 3 and all((root / chapter).is_file() for chapter in chapters)
    assert set(re.findall(r"\bBOOK_[A-Z_]+", page)) == set(ADDRESSES)
    labels = set(re.findall(r"^\((run-\w+)\)=$", page, re.MULTILINE))
    assert set(re.findall(r"\]\((run-\w+)\)", page)) == labels
    for cells in re.findall(r"-p (\w+) ", page):
        assert f"{cells}: int" in (root / "book/05_cell_split.ipynb").read_text(encoding="utf8")


# --- the archive of all notebooks


def test_the_archive_holds_every_notebook_as_it_stands(root, tmp_path):
    app = SimpleNamespace(outdir=tmp_path, builder=SimpleNamespace(format="html"))
    module = load(root, "book_zip")
    module.zip_notebooks(app, None)
    with zipfile.ZipFile(tmp_path / module.NAME) as archive:
        assert archive.testzip() is None
        files = {name: archive.read(name) for name in archive.namelist()}
    chapters = [*root.glob("book/[0-9]*.ipynb"), *root.glob("book/solutions/[0-9]*.ipynb")]
    names = {f"notebooks/{path.relative_to(root / 'book').as_posix()}": path for path in chapters}
    assert set(files) == {*names, "notebooks/LICENSE"}
    for name, path in names.items():
        assert files[name] == path.read_bytes()
        notebook = nbformat.read(io.BytesIO(files[name]), as_version=4)
        nbformat.validate(notebook)
        tags = [cell.metadata.get("tags", []) for cell in notebook.cells]
        assert sum("skip-execution" in tag for tag in tags) == 1  # the set-up cell stays


def test_the_archive_depends_on_the_notebooks_alone(root, tmp_path):
    module, files = load(root, "book_zip"), {}
    for name in ("b", "a"):
        files[name] = tmp_path / name
        files[name].write_text(name)
    module.write_zip(tmp_path / "one.zip", files)
    os.utime(files["a"], (10**9, 10**9))
    files["a"].chmod(0o600)
    module.write_zip(tmp_path / "two.zip", dict(sorted(files.items())))
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with pytest.raises(FileNotFoundError):
        module.write_zip(tmp_path / "two.zip", files | {"c": tmp_path / "gone"})
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "one.zip", "two.zip"]


@pytest.mark.parametrize(("form", "error"), [("latex", None), ("html", RuntimeError("failed"))])
def test_no_archive_without_pages(root, tmp_path, form, error):
    app = SimpleNamespace(outdir=tmp_path, builder=SimpleNamespace(format=form))
    load(root, "book_zip").zip_notebooks(app, error)
    assert list(tmp_path.iterdir()) == []


# --- the built pages


def links(build, name):
    html = (build / f"{name}.html").read_text(encoding="utf8")
    return {unescape(link) for link in re.findall(r'<a\b[^>]*?\bhref="([^"]+)"', html, re.DOTALL)}


def test_the_page_links_to_the_archive(build):
    assert "../notebooks.zip" in links(build, "book/run_it_yourself")
    with zipfile.ZipFile(build / "notebooks.zip") as archive:
        assert archive.testzip() is None


def test_launch_and_edit_links_of_every_page_open_its_source(build, root, config, pages):
    url = os.environ.get("BOOK_REPOSITORY_URL", "").rstrip("/") or config["repository"]["url"]
    branch = os.environ.get("BOOK_REPOSITORY_BRANCH") or config["repository"]["branch"]
    owner = url.removeprefix("https://github.com/")
    for name in pages:
        is_notebook = (root / f"{name}.ipynb").is_file()
        file = f"{name}.ipynb" if is_notebook else f"{name}.md"
        assert (root / file).is_file()
        expected = {f"{url}/edit/{branch}/{file}"}
        if is_notebook:
            expected.add(f"https://colab.research.google.com/github/{owner}/blob/{branch}/{file}")
            expected.add(f"https://mybinder.org/v2/gh/{owner}/{branch}?urlpath=lab/tree/{file}")
        assert expected - links(build, name) == set()


# --- Binder


def test_repo2docker_accepts_the_repository(root, tmp_path):
    """It reads what Binder would read, without Docker; its rule is that exit status 0 is a yes."""
    program = shutil.which("jupyter-repo2docker", path=os.path.dirname(sys.executable))
    assert program, "jupyter-repo2docker comes with the test extra: run make test"
    for name in ("environment.yml", "postBuild"):
        shutil.copy(root / name, tmp_path / name)
    command = [program, "--no-build", "--no-run", "."]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    said = run.stdout + run.stderr
    assert run.returncode == 0, said
    assert "Building conda environment for python=3.11" in said
    assert "environment.yml" in said and re.search(r"\./postBuild\b", said)
