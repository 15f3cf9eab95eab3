"""Each dependency has one true row in .ci/dependencies.md: who asks, which licence, where used."""

import re
from importlib.metadata import PackageNotFoundError, distribution

import pytest
from packaging.requirements import Requirement

from .project_files import PROJECT, ROOT

PAGE = (ROOT / ".ci/dependencies.md").read_text()
ROWS = {
    name: (asked, licence, reason, place)
    for name, asked, licence, reason, place in re.findall(
        r"^\| (\S+) \| (.+?) \| (.+?) \| (.+?) \| (\S+) \|$", PAGE, re.MULTILINE
    )
    if name != "dependency"
}
# What the code calls a distribution, where that is not its name with "_" for "-".
CALLED = {
    "arc-state": "state",
    "cellflow-tools": "cellflow",
    "import-linter": "lint-imports",
    "jupyter-book": "jupyter-book",
    "ipykernel": "kernel_name=",
    "jupyter-repo2docker": "jupyter-repo2docker",
    "ott-jax": "ott",
    "POT": "ot",
    "pyarrow": "dask.dataframe",
    "pytest-xdist": "-n $(JOBS)",
    "PyYAML": "yaml",
    "scikit-learn": "sklearn",
    "sphinx-mathjax-offline": "sphinx-mathjax-offline",
    "sphinxext-opengraph": "sphinxext.opengraph",
}
PINNED = dict(re.findall(r"^(\S+)==(\S+)", (ROOT / "constraints.txt").read_text(), re.MULTILINE))
UNFREE = re.compile(r"\bA?GPL|non-?commercial|PolyForm|CC[- ]BY-NC", re.IGNORECASE)


def asked_for():
    """Name -> who asks for it: core, extras, the build, or a step of the Makefile."""
    project, found = PROJECT["project"], {}
    lists = {"core": project["dependencies"], **project["optional-dependencies"]}
    lists["build-system"] = PROJECT["build-system"]["requires"]
    steps = re.findall(r"pip install .*[ \t]([a-z][\w-]+)$", (ROOT / "Makefile").read_text(), re.M)
    lists["Makefile"] = re.findall(r"[a-z][\w-]+", " ".join(steps))
    for who, lines in lists.items():
        for name in {Requirement(line).name for line in lines}:
            found.setdefault(name, set()).add(who)
    return found


def said_of(name):
    """What an installed distribution says of its licence; its file where the metadata is silent."""
    try:
        installed = distribution(name)
    except PackageNotFoundError:
        pytest.skip(f"{name} is not installed")
    known = installed.metadata
    said = [known.get("License-Expression") or "", (known.get("License") or "")[:200]]
    said += [words for words in known.get_all("Classifier") or [] if words.startswith("License")]
    files = [f for f in installed.files or [] if re.search(r"LICEN[CS]E", f.name)]
    texts = [file.locate().read_text(errors="replace")[:3000] for file in files[:5]]
    return "\n".join(said), "\n".join(texts)


def test_there_is_one_row_for_each_dependency_and_no_other():
    names = re.findall(r"^\| (\S+) \|", PAGE, re.MULTILINE)[1:]
    assert sorted(names, key=str.lower) == names and len(set(names)) == len(names) == len(ROWS)
    assert {name: set(row[0].split(", ")) for name, row in ROWS.items()} == asked_for()


@pytest.mark.parametrize("name", ROWS)  # of the pinned versions: some had other ones before
def test_the_licence_is_the_one_that_the_distribution_names(name):
    licences = ROWS[name][1].split(", ")
    metadata, files = said_of(name)
    installed = distribution(name).version.partition("+")[0]  # torch's names its build
    if installed != PINNED.get(name.lower(), installed):
        pytest.skip(f"{name} {installed} is not the pinned one")
    family = {"PSF": "Python Software Foundation", "CC-BY-NC-SA-4.0": "NonCommercial-ShareAlike"}
    for licence in licences:
        word = family.get(licence, re.split(r"-\d", licence)[0])
        bsd = word == "BSD" and "Redistribution and use in" in files
        assert bsd or re.search(word, metadata + files, re.IGNORECASE), (word, metadata)
    unfree = UNFREE.search(metadata) or (not metadata.strip() and UNFREE.search(files))
    assert bool(unfree) == bool(UNFREE.search(" ".join(licences))), metadata


def test_what_is_not_free_or_under_the_gpl_is_named_above_the_table():
    said = PAGE.partition("| dependency")[0]
    named = {name for name, row in ROWS.items() if UNFREE.search(row[1])}
    assert named == {"arc-state", "cellflow-tools", "codespell"}
    assert all(f"`{name}`" in said for name in named)


@pytest.mark.parametrize("name", ROWS)
def test_the_place_uses_it(name):
    place = ROWS[name][3]
    owner = {"cellflow": "cellflow-tools", "pertpy": "pertpy"}.get(place.partition("/")[0])
    if owner:
        said_of(owner)  # skips where it is not installed
        text = distribution(owner).locate_file(place).read_text()
    else:
        text = (ROOT / place).read_text()
    word = CALLED.get(name, name.replace("-", "_"))
    named = re.escape(word) + (r"\b" if word[-1].isalnum() else "")
    imported = rf"^\s*(?:import|from) {named}|[\"'(-]{named}|^\s*{named}"
    pattern = imported if place.endswith(".py") else re.escape(word)
    assert re.search(pattern, text, re.MULTILINE), word
