"""A class without a network: what is packed, that it installs offline, and what a failure leaves.

pip is the true one; the packages are tiny wheels in a folder, and ours is one that builds itself.
"""

import os
import re
import runpy
import signal
import subprocess
import sys
import zipfile

import pytest

from .fake_install import ROOT, copy_for_install, fake_python, make

EXT = ROOT / "book" / "_ext"
BUILDS_ITSELF = """
import zipfile
def build_wheel(folder, settings=None, metadata=None):
    name = "recon_tutorial-7.0-py3-none-any.whl"
    known = ("book", "test", "descriptors", "sweep", "cellflow")
    extras = "".join(f"Provides-Extra: {e}\\n" for e in known)
    about = f"Metadata-Version: 2.1\\nName: recon-tutorial\\nVersion: 7.0\\n{extras}"
    about += "Requires-Dist: needed>=1\\nRequires-Dist: sphinxlike; extra == 'book'\\n"
    with zipfile.ZipFile(f"{folder}/{name}", "w") as wheel:
        wheel.writestr("recon_tutorial/__init__.py", "import needed\\n")
        wheel.writestr("recon_tutorial-7.0.dist-info/METADATA", about)
        tags = "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
        wheel.writestr("recon_tutorial-7.0.dist-info/WHEEL", tags)
        wheel.writestr("recon_tutorial-7.0.dist-info/RECORD", "")
    return name
"""
PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["recon_tutorial"]
"""


def tiny_wheel(folder, name, version, needs=""):
    tags = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    about = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{name}.py", f"version = {version!r}\n")
        wheel.writestr(f"{name}-{version}.dist-info/METADATA", about)
        wheel.writestr(f"{name}-{version}.dist-info/WHEEL", tags)
        wheel.writestr(f"{name}-{version}.dist-info/RECORD", "")


@pytest.fixture
def index(tmp_path, monkeypatch):
    """Return a folder of wheels that is all pip can see."""
    folder = tmp_path / "index"
    folder.mkdir()
    for name in ("needed", "sphinxlike", "jupyterlab", "setuptools"):
        tiny_wheel(folder, name, "1.0")
        tiny_wheel(folder, name, "2.0")
    tiny_wheel(folder, "cellflow_tools", "0.1", "Requires-Dist: nowhere==1\n")
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    settings = {"CONFIG_FILE": os.devnull, "NO_INDEX": "1", "FIND_LINKS": str(folder)}
    for name, value in settings.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    return folder


@pytest.fixture
def tool(monkeypatch, tmp_path):
    """Return the tool's names, at work on a tiny project with tiny data."""
    monkeypatch.syspath_prepend(EXT)
    names = runpy.run_path(str(EXT / "wheelhouse.py"))
    project, cache = tmp_path / "project", tmp_path / "cache" / "tinydata-1.0"
    for folder in (project / "recon_tutorial", project / "book" / "solutions", cache):
        folder.mkdir(parents=True)
    (project / "recon_tutorial" / "backend.py").write_text(BUILDS_ITSELF)
    (project / "pyproject.toml").write_text(PYPROJECT)
    (project / "constraints.txt").write_text("needed==1.0\n")
    for name in ("README.md", "LICENSE", "book/01_a.ipynb", "book/solutions/01_a.ipynb"):
        (project / name).write_text(name)
    (cache / "a.bin").write_bytes(b"real")
    monkeypatch.setattr("recon_tutorial.datasets.SOURCES", {"tiny": None})
    monkeypatch.setattr("recon_tutorial.datasets.fetch", lambda name: {"a": cache / "a.bin"})
    for function in ("collect_wheels", "copy_notebooks"):
        names[function].__kwdefaults__ = None
        defaults = names[function].__defaults__
        names[function].__defaults__ = (*defaults[:-1], project)
    return names


def pack(tool, folder, extras=""):
    pins = str(folder.parent / "project" / "constraints.txt")
    return tool["main"]([str(folder), "--constraints", pins, "--extras", extras])


def test_the_two_commands_of_the_class_install_offline(index, tool, tmp_path, capfd):
    assert pack(tool, tmp_path / "wheelhouse", "cellflow") == 0
    said = capfd.readouterr().out.splitlines()
    assert re.fullmatch(r"wheelhouse/: 6 wheels, the data and the notebooks, \d+ MB", said[-2])
    house = tmp_path / "wheelhouse"
    pins = ["cellflow_tools==0.1", "jupyterlab==2.0", "needed==1.0", "recon_tutorial==7.0"]
    pins += ["setuptools==2.0", "sphinxlike==2.0"]
    assert (house / "requirements.txt").read_text().split() == pins
    assert (house / "data/tinydata-1.0/a.bin").read_bytes() == b"real"
    assert (house / "notebooks/solutions/01_a.ipynb").is_file()
    assert {path.suffix for path in house.iterdir()} == {".whl", ".txt", ""}
    install, work = (house / "INSTALL.txt").read_text().splitlines()[-2:]
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "PYTHONPATH"))}
    here = f'PATH="{os.path.dirname(sys.executable)}:$PATH"; {install} -q'
    done = subprocess.run(["sh", "-c", here], cwd=tmp_path, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    code = "import recon_tutorial, needed, cellflow_tools; print(needed.version)"
    python = tmp_path / "class/bin/python"
    assert subprocess.check_output([python, "-c", code], cwd=index, env=env, text=True) == "1.0\n"
    setting, program, folder = re.fullmatch(
        r'(\S+="\S+") (class/bin/jupyter lab) (\S+)', work
    ).groups()
    assert setting == 'RECON_TUTORIAL_DATA="$PWD/wheelhouse/data"' and program
    assert (tmp_path / folder / "01_a.ipynb").is_file()


def test_a_wheel_that_is_missing_leaves_the_older_folder(index, tool, tmp_path):
    assert pack(tool, tmp_path / "wheelhouse") == 0
    before = sorted(path.name for path in (tmp_path / "wheelhouse").iterdir())
    (index / "needed-1.0-py3-none-any.whl").unlink()
    with pytest.raises(SystemExit, match=r"^pip could not pack every wheel \(see above\): wheelho"):
        pack(tool, tmp_path / "wheelhouse")
    assert sorted(path.name for path in (tmp_path / "wheelhouse").iterdir()) == before
    assert not list(tmp_path.glob("wheelhouse.*"))


def test_an_interrupted_run_leaves_nothing_half_packed(index, tool, tmp_path, monkeypatch):
    def interrupted(name):
        signal.raise_signal(signal.SIGINT)

    assert pack(tool, tmp_path / "wheelhouse") == 0
    (tmp_path / "wheelhouse.part").mkdir()  # what a killed run left
    monkeypatch.setattr("recon_tutorial.datasets.fetch", interrupted)
    assert pack(tool, tmp_path / "wheelhouse") == 130
    assert (tmp_path / "wheelhouse/INSTALL.txt").is_file()
    assert not list(tmp_path.glob("wheelhouse.*"))


def test_a_folder_that_is_no_wheelhouse_is_not_replaced(tool, tmp_path):
    with pytest.raises(SystemExit, match="is there but is no wheelhouse: name another folder"):
        pack(tool, tmp_path / "project")
    assert (tmp_path / "project" / "LICENSE").is_file()


def test_make_hands_on_its_pins_and_extras(tmp_path):
    clone = copy_for_install(tmp_path)
    options = (f"PYTHON={fake_python(clone, 'true')}", "EXTRAS=cellflow", "CONSTRAINTS=other.txt")
    steps = make("--dry-run", "wheelhouse", *options, folder=clone).stdout
    assert 'wheelhouse.py wheelhouse --constraints other.txt --extras "cellflow"' in steps
    assert ".[cellflow]" in steps and ".[state]" not in steps
    makefile = (ROOT / "Makefile").read_text()
    base = re.search(r"-e '\.\[(.*?)\]'", makefile)[1].split(",")
    assert f"BASE = {tuple(base)!r}".replace("'", '"') in (EXT / "wheelhouse.py").read_text()
