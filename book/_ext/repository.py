"""Point every address in the book to a fork; `make repository URL=... [BRANCH=...]` runs it.

    python book/_ext/repository.py https://github.com/you/fork [BRANCH]

The address that counts stands in `_config.yml`: all others are found by it, and it is rewritten
last, so that a run that was interrupted can be repeated. A file is replaced whole or not at all.
Nothing but the standard library, because a fork may want this before it has an environment.
"""

import os
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from book_overrides import GITHUB, pages_site

ROOT = Path(__file__).resolve().parents[2]
CONFIG = "_config.yml"
FILES = ("*.md", "CITATION.cff", "pyproject.toml", "book/**/*.md", "book/**/*.ipynb", CONFIG)
OWNER_AND_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?/[A-Za-z0-9._-]+"
BRANCH = r"[A-Za-z0-9_][A-Za-z0-9._-]*"
# the three lines of _config.yml that hold what every other place repeats
SETTINGS = {
    "url": r"(?<=^repository:\n  url: )\S+",
    "branch": r"(?<=^  branch: ).+(?=\n)",
    "site": r"(?<=^  baseurl: )\S+",
}


@dataclass(frozen=True)
class Address:
    """Where the book lives: its repository, the branch readers get, and the site of its pages."""

    url: str
    branch: str
    site: str

    @property
    def name(self):
        """OWNER/NAME."""
        return self.url.removeprefix(GITHUB)


def check(url, branch):
    """Return the address of a fork; ValueError says in one sentence what is wrong with it."""
    name = url.strip().removesuffix("/").removeprefix(GITHUB)
    if url.startswith(GITHUB) and name.endswith(".git"):
        raise ValueError(f"URL is {url!r}: leave out .git at its end, as a browser shows it")
    good = url.startswith(GITHUB) and re.fullmatch(OWNER_AND_NAME, name)
    if not good or set(name.split("/")[1]) == {"."}:
        raise ValueError(
            f"URL is {url!r}, expected {GITHUB}OWNER/NAME (Colab opens notebooks from nowhere "
            f"else): run `make repository URL={GITHUB}you/fork`"
        )
    if not re.fullmatch(BRANCH, branch):
        raise ValueError(
            f"BRANCH is {branch!r}, expected a name without slashes such as main: the links of "
            "Colab and Binder would take what follows a slash for a folder"
        )
    return Address(GITHUB + name, branch, pages_site(GITHUB + name))


def read_address(config):
    """Return the address that the text of `_config.yml` holds."""
    found = {name: re.search(line, config, re.MULTILINE) for name, line in SETTINGS.items()}
    lost = sorted(name for name, match in found.items() if match is None)
    if lost:
        raise ValueError(
            f"{CONFIG} has no line for {', '.join(lost)}: restore repository.url, "
            "repository.branch and html.baseurl from git"
        )
    return Address(**{name: match[0].strip("\"'") for name, match in found.items()})


def rewrite(text, old, new):
    """Return the text with each form of the old address replaced by the new one.

    In one pass, so that a new address that holds the old one is not replaced twice.
    """
    owner_and_name, branch = re.escape(old.name), re.escape(old.branch)
    ends = r"(?![\w-]|\.\w)"  # of a longer name nothing is replaced
    forms = re.compile(
        r"(?P<host>https://(?:github\.com|colab\.research\.google\.com/github|"
        rf"mybinder\.org/v2/gh)/){owner_and_name}{ends}"
        rf"(?:(?P<between>/(?:(?:blob|edit|raw|tree)/)?){branch}{ends}"
        rf"|(?P<cd>\n\s*cd ){re.escape(old.name.split('/')[1])}{ends})?"
        rf"|(?P<site>{re.escape(old.site.rstrip('/'))}){ends}"
        rf"|(?P<installs>git\+\{{REPOSITORY\}}@){branch}{ends}"
    )

    def replace(found):
        if found["site"]:
            return new.site.rstrip("/")
        if found["installs"]:
            return found["installs"] + new.branch
        after = found["between"] + new.branch if found["between"] else ""
        after += found["cd"] + new.name.split("/")[1] if found["cd"] else ""
        return found["host"] + new.name + after

    return forms.sub(replace, text)


def configure(text, new):
    """Return `_config.yml` with its three settings set; unquoted, a branch `on` is True."""
    values = {"url": new.url, "branch": f'"{new.branch}"', "site": new.site}
    for name, line in SETTINGS.items():
        text = re.sub(line, lambda _, name=name: values[name], text, count=1, flags=re.MULTILINE)
    return text


def plan(root, old, new):
    """Return path -> new bytes of the files to change, `_config.yml` last."""
    changes = {}
    for path in (path for pattern in FILES for path in sorted(root.glob(pattern))):
        if path in changes or any(p.startswith(".") for p in path.relative_to(root).parts):
            continue
        before = path.read_bytes()
        after = rewrite(before.decode("utf8"), old, new)
        after = configure(after, new) if path == root / CONFIG else after
        if after.encode("utf8") != before:
            changes[path] = after.encode("utf8")
    return changes


def write(changes):
    """Write all new files beside the old ones, then put each in its place at once."""
    staged = {path: path.with_name(f"{path.name}.tmp") for path in changes}  # git ignores *.tmp
    try:
        for path, beside in staged.items():
            beside.write_bytes(changes[path])
            shutil.copymode(path, beside)
        for path, beside in staged.items():
            os.replace(beside, path)
    finally:
        for beside in staged.values():
            beside.unlink(missing_ok=True)


def main(arguments, root=ROOT):
    """Rewrite the addresses and say which files changed; exit with a sentence on a mistake."""
    if not arguments or not arguments[0]:
        sys.exit(f"URL is missing: run `make repository URL={GITHUB}you/fork`")
    try:
        old = read_address((root / CONFIG).read_text(encoding="utf8"))
        new = check(arguments[0], (arguments[1:] or [""])[0] or old.branch)
        changes = plan(root, old, new)
        write(changes)
    except (OSError, ValueError) as error:
        sys.exit(str(error))
    for path in changes:
        print(path.relative_to(root))
    print(f"{len(changes)} files now say {new.url}, branch {new.branch}, pages at {new.site}")


if __name__ == "__main__":
    main(sys.argv[1:])
