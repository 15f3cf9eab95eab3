"""Pack all that a class without a network needs into one folder; `make wheelhouse` runs it.

    python book/_ext/wheelhouse.py FOLDER [--constraints FILE] [--extras "cellflow state interop"]

The folder gets every wheel that make would install, ours among them, the real data, the notebooks
and INSTALL.txt with the two commands for the class. The wheels fit the Python and the system that
packed them. It is packed beside its place and then moved there: an interrupted run leaves an older
folder as it was.
"""

import argparse
import platform
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from book_zip import FOLDER as NOTEBOOKS
from book_zip import notebooks

ROOT = Path(__file__).resolve().parents[2]
PIP = [sys.executable, "-m", "pip"]
BASE = ("book", "test", "descriptors", "sweep")  # as in the Makefile
BESIDES = ("jupyterlab", "setuptools")  # setuptools builds ours when make installs it offline
PACKAGE = ("pyproject.toml", "README.md", "LICENSE", "recon_tutorial")
MEGABYTE = 10**6
INSTALL = """\
The book without a network: {wheels} wheels for Python {python} on {system}, the real data and the
notebooks. Every student's machine needs the same Python and the same kind of system.
Copy the folder wheelhouse to your disk and run these two commands in the folder that holds it:

python{python} -m venv class && class/bin/python -m pip install --no-index --no-deps -f wheelhouse -r wheelhouse/requirements.txt
RECON_TUTORIAL_DATA="$PWD/wheelhouse/data" class/bin/jupyter lab wheelhouse/{notebooks}
"""  # noqa: E501 (a command to copy stands on one line)


def collect_wheels(room, constraints, extras, root=ROOT):
    """Let pip put every wheel into `room`; our own is built from a copy without old build files."""
    source = room / "source"
    source.mkdir()
    for name in PACKAGE:
        path = root / name
        if path.is_dir():
            shutil.copytree(path, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(path, source / name)
    wanted = [f"{source}[{','.join([*BASE, *extras])}]", *BESIDES]
    pip = [*PIP, "wheel", "--wheel-dir", room, "--constraint"]
    subprocess.run([*pip, constraints, *wanted], check=True)
    if "cellflow" in extras:  # pyproject.toml says why it comes alone
        pins = root / "constraints.txt"
        subprocess.run([*pip, pins, "--no-deps", "cellflow-tools"], check=True)
    shutil.rmtree(source)


def copy_data(room):
    """Copy the real data, checked, into `room` as a cache; what the user's lacks is downloaded."""
    from recon_tutorial.datasets import SOURCES, fetch

    for name in SOURCES:
        for path in fetch(name).values():
            copy = room / "data" / path.parent.name / path.name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)


def copy_notebooks(room, root=ROOT):
    """Copy every chapter and solution into `room`."""
    for name, path in notebooks(root).items():
        copy = room / NOTEBOOKS / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)


def write_install(room):
    """Write what to install, and the commands for the class."""
    parts = sorted(wheel.name.split("-")[:2] for wheel in room.glob("*.whl"))
    pins = "".join(f"{name}=={version}\n" for name, version in parts)
    (room / "requirements.txt").write_text(pins, encoding="utf8")
    text = INSTALL.format(
        wheels=len(parts),
        python="{}.{}".format(*sys.version_info),
        system=f"{platform.system()} ({sysconfig.get_platform()})",
        notebooks=NOTEBOOKS,
    )
    (room / "INSTALL.txt").write_text(text, encoding="utf8")


def move(room, target):
    """Put the packed folder in its place, where an older one may stand."""
    old = target.with_name(f"{target.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    room.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def size(folder):
    """Bytes of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def main(arguments=None):
    """Pack the folder and say how large it is; exit with a sentence when something is missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--constraints", default=ROOT / "constraints.txt", help="versions to take")
    parser.add_argument("--extras", default="", help="optional packages, in one argument")
    options = parser.parse_args(arguments)
    target = options.folder.absolute()
    room = target.with_name(f"{target.name}.part")
    if target.exists() and not (target / "INSTALL.txt").is_file():
        sys.exit(f"{target} is there but is no wheelhouse: name another folder, or remove it")
    try:
        shutil.rmtree(room, ignore_errors=True)  # what a killed run left
        room.mkdir(parents=True)
        collect_wheels(room, options.constraints, options.extras.split())
        copy_data(room)
        copy_notebooks(room)
        write_install(room)
        move(room, target)
    except subprocess.CalledProcessError:
        sys.exit(f"pip could not pack every wheel (see above): {target.name}/ is as before")
    except (OSError, RuntimeError, ValueError) as error:  # a full disk, or data out of reach
        sys.exit(f"{error}: {target.name}/ is as before")
    except KeyboardInterrupt:
        print(f"interrupted: {target.name}/ is as before", file=sys.stderr)
        return 130
    finally:
        shutil.rmtree(room, ignore_errors=True)
    wheels, megabytes = len(list(target.glob("*.whl"))), size(target) / MEGABYTE
    print(f"{target.name}/: {wheels} wheels, the data and the notebooks, {megabytes:.0f} MB")
    print(f"{target.name}/INSTALL.txt holds the two commands for the class")
    return 0


if __name__ == "__main__":
    sys.exit(main())
