"""Every place repeats one address of the repository, and `make repository` moves all of them."""

import os
import re
import runpy
import shutil
import subprocess
import sys
from urllib.parse import urlsplit

import nbformat
import pytest
import yaml

from .fake_install import make
from .project_files import ROOT, project_files, read_yaml

EXT = ROOT / "book" / "_ext"
REFERENCES = {"book/references.bib"}  # what is cited stays cited, by whoever forks
OURS = read_yaml("_config.yml")["repository"]
OWNER_AND_NAME = OURS["url"].removeprefix("https://github.com/")
FORK = "https://github.com/You-2/a.fork_of-recon-tutorial"


@pytest.fixture
def tool(monkeypatch):
    """Return what the tool defines."""
    monkeypatch.syspath_prepend(EXT)
    return runpy.run_path(str(EXT / "repository.py"))


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """Return a copy of the repository, moved to a fork by make."""
    folder = tmp_path_factory.mktemp("clone")
    for name, _ in project_files():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    run = move(folder, FORK, "draft-1.0")
    assert run.returncode == 0, run.stderr
    return folder


def move(folder, url, branch=""):
    python = f"PYTHON={sys.executable}"
    return make("repository", f"URL={url}", f"BRANCH={branch}", python, folder=folder)


def texts(folder):
    """Name -> text of the project's files, as they stand in a copy."""
    return {name: (folder / name).read_text(encoding="utf8") for name, _ in project_files()}


def moved(folder):
    """The copy's files that differ from ours."""
    return {name for name, text in texts(folder).items() if text != (ROOT / name).read_text("utf8")}


def setup_cells(folder):
    """Path -> source of the set-up cell of every notebook."""
    return {
        path.relative_to(folder).as_posix(): cell.source
        for path in sorted(folder.glob("book/**/[0-9]*.ipynb"))
        for cell in nbformat.read(path, as_version=4).cells
        if "skip-execution" in cell.metadata.get("tags", [])
    }


# --- what every place says


def inconsistent(folder):
    """Places of a copy whose address, branch or site is not that of its configuration."""
    config = yaml.safe_load((folder / "_config.yml").read_text(encoding="utf8"))
    url, branch = config["repository"]["url"], config["repository"]["branch"]
    owner_and_name = url.removeprefix("https://github.com/")
    right = {
        f"https://colab.research.google.com/github/{owner_and_name}/blob/{branch}/",
        f"https://mybinder.org/v2/gh/{owner_and_name}/{branch}?urlpath=",
    }
    launch = r"https://(?:colab\.research\.google\.com/github|mybinder\.org/v2/gh)/[\w./-]+?"
    launch = rf"{launch}(?:/(?=book/)|\?urlpath=)"
    for name in ("README.md", "book/index.md", "book/run_it_yourself.md"):
        text = (folder / name).read_text(encoding="utf8")
        yield from ((name, link) for link in set(re.findall(launch, text)) ^ right)
        cloned = re.findall(r"git clone (\S+)\n\s*cd (\S+)", text)
        yield from ((name, c) for c in cloned if c != (url, url.rpartition("/")[2]))
    for name, source in setup_cells(folder).items():
        said = f'REPOSITORY = "{url}"', f'git+{{REPOSITORY}}@{branch}"'
        yield from ((name, line) for line in said if source.count(line) != 1)
    cited = yaml.safe_load((folder / "CITATION.cff").read_text(encoding="utf8"))
    project = (folder / "pyproject.toml").read_text(encoding="utf8")
    if cited["repository-code"] != url or f'Repository = "{url}"\n' not in project:
        yield "CITATION.cff or pyproject.toml", url
    owner, name = owner_and_name.split("/")
    if config["html"]["baseurl"] != f"https://{owner.lower()}.github.io/{name}/":
        yield "_config.yml", config["html"]["baseurl"]


def test_every_set_up_cell_badge_and_address_is_that_of_the_configuration():
    assert len(setup_cells(ROOT)) == len(list(ROOT.glob("book/**/[0-9]*.ipynb"))) > 12
    assert len(set(setup_cells(ROOT).values())) == 1
    assert list(inconsistent(ROOT)) == []


# --- make repository


def test_a_fork_is_as_consistent_as_we_are_and_says_our_address_nowhere(clone):
    assert list(inconsistent(clone)) == []
    assert len(set(setup_cells(clone).values())) == 1
    owner, name = OWNER_AND_NAME.lower().split("/")
    ours = re.compile(rf"{owner}/{name}\b|{owner}\.github\.io(?!\w)", re.IGNORECASE)
    named = {file for file, text in texts(clone).items() if ours.search(text)}
    assert named - REFERENCES == set()


def test_the_fork_differs_from_us_in_addresses_alone(clone):
    assert len(moved(clone)) > 12
    for name in moved(clone):
        new, old = (folder.joinpath(name).read_text("utf8") for folder in (clone, ROOT))
        assert len(new.splitlines()) == len(old.splitlines())
        for ours, theirs in zip(old.splitlines(), new.splitlines(), strict=True):
            about = r"https://|github|git\+|baseurl|branch:|^\s*cd "
            assert ours == theirs or re.search(about, ours), (name, ours)
        if name.endswith(".ipynb"):
            nbformat.validate(nbformat.reads(new, as_version=4))


def test_moving_again_changes_nothing_and_moving_back_restores_us(clone, tmp_path):
    folder = shutil.copytree(clone, tmp_path / "clone")
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    run = move(folder, f"{FORK}/")  # the branch stays
    assert run.returncode == 0 and run.stdout.startswith("0 files now say")
    after = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    assert after == before
    assert move(folder, OURS["url"], OURS["branch"]).returncode == 0
    assert moved(folder) == set()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "you/fork",
        "http://github.com/you/fork",
        "https://github.com/you",
        "https://github.com/you/fork.git",
        "https://github.com/you/fork/tree/main",
        "https://github.com/you/..",
        "https://github.com/you/fork?tab=readme",
        "https://gitlab.com/you/fork",
        "git@github.com:you/fork.git",
    ],
)
def test_a_malformed_url_is_one_sentence_and_changes_nothing(clone, tmp_path, url):
    folder = shutil.copytree(clone, tmp_path / "clone")
    run = move(folder, url)
    assert run.returncode != 0
    sentence = run.stderr.splitlines()[0]
    assert sentence.startswith("URL is ") and "Traceback" not in run.stderr
    almost = url == "https://github.com/you/fork.git"
    told = "leave out .git" if almost else "`make repository URL=https://github.com/you/fork`"
    assert told in sentence
    assert texts(folder) == texts(clone)


@pytest.mark.parametrize("branch", ["feature/x", "-x", 'a"b'.replace('"', "'"), "a b"])
def test_a_branch_that_links_cannot_hold_is_refused(tool, branch):
    with pytest.raises(ValueError, match=r"^BRANCH is .*, expected a name without slashes"):
        tool["check"](FORK, branch)


@pytest.mark.parametrize("branch", ["on", "1.0", "null"])
def test_a_branch_that_yaml_would_read_as_something_else_stays_a_word(tool, branch):
    text = tool["configure"]((ROOT / "_config.yml").read_text(), tool["check"](FORK, branch))
    assert yaml.safe_load(text)["repository"]["branch"] == branch
    assert tool["read_address"](text) == tool["check"](FORK, branch)


def test_longer_names_that_begin_like_ours_are_left_alone(tool):
    old, new = tool["check"]("https://github.com/a/b", "main"), tool["check"](FORK, "main")
    text = "https://github.com/a/bc https://github.com/a/b-c https://github.com/a/b.c xa/b"
    assert tool["rewrite"](text, old, new) == text
    assert tool["rewrite"]("(see https://github.com/a/b.)", old, new) == f"(see {FORK}.)"


def test_a_site_named_like_its_owner_has_no_folder(tool):
    site = tool["check"]("https://github.com/You/you.github.io", "main").site
    assert (site, urlsplit(site).path) == ("https://you.github.io/", "/")


def test_an_interrupted_run_leaves_whole_files_and_can_be_repeated(clone, tmp_path, tool):
    """Replacing breaks off after three files, the configuration comes last."""
    folder = shutil.copytree(clone, tmp_path / "clone")
    crash = (
        "import os, runpy, sys\n"
        "replace, done = os.replace, []\n"
        "def some(*names):\n"
        "    if len(done) == 3: raise OSError(28, 'No space left on device')\n"
        "    done.append(replace(*names))\n"
        "os.replace = some\n"
        f"sys.argv = ['repository.py', {OURS['url']!r}, {OURS['branch']!r}]\n"
        "runpy.run_path('book/_ext/repository.py', run_name='__main__')\n"
    )
    env = os.environ | {"PYTHONPATH": "book/_ext"}
    command = [sys.executable, "-c", crash]
    run = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
    assert run.returncode == 1 and "No space left on device" in run.stderr.splitlines()[-1]
    broken = moved(folder)
    assert len(broken) == len(moved(clone)) - 3 and "_config.yml" in broken
    assert list(folder.rglob("*.tmp")) == []
    assert all(texts(folder)[name] == texts(clone)[name] for name in broken)
    assert move(folder, OURS["url"], OURS["branch"]).returncode == 0
    assert moved(folder) == set()


def test_a_full_disk_while_writing_changes_nothing(clone, tmp_path, tool):
    folder = shutil.copytree(clone, tmp_path / "clone")
    changes = {folder / "README.md": b"new", folder / "gone" / "x": b"no folder to write to"}
    with pytest.raises(FileNotFoundError):
        tool["write"](changes)
    assert texts(folder) == texts(clone)
    assert list(folder.rglob("*.tmp")) == []
