"""Resolve `.[book,test]` for every Python given and print the pins: the whole of constraints.txt.

    python .ci/constraints.py constraints.txt python3.11 python3.12 python3.13

The first Python decides each version; every later one must accept those versions and may only add
distributions that the earlier ones did not need. A constraint does nothing where its distribution
is not required, so one list without markers serves all of them.
torch keeps the version that the old file pins: all numbers in the book were printed with it.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HEADER = """\
# What the book was tested with: every distribution that `.[book,test]` installs.
# Made by `make constraints` for Python {pythons}; do not edit, except to move torch.
"""


def canonical(name):
    """The normalised spelling of a distribution name."""
    return re.sub(r"[-_.]+", "-", name).lower()


def resolve(python, pins, folder):
    """Name -> version of all that pip would install into an empty environment under `pins`."""
    env = folder / "env"
    subprocess.run([python, "-m", "venv", "--clear", env], check=True)
    limits, report = folder / "limits.txt", folder / "report.json"
    limits.write_text("".join(f"{name}=={version}\n" for name, version in pins.items()))
    pip = [env / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    pip += ["--dry-run", "--report", report, "--constraint", limits, ".[book,test]"]
    subprocess.run(pip, check=True)
    found = {}
    for item in json.loads(report.read_text())["install"]:
        name = canonical(item["metadata"]["name"])
        found[name] = item["metadata"]["version"].partition("+")[0]
    del found["recon-tutorial"]
    return found


def main(old, pythons):
    """Print the new file; exit with a sentence when a Python is missing or refuses a pin."""
    kept = re.search(r"^torch==(\S+)$", Path(old).read_text(), re.MULTILINE)
    if kept is None:
        sys.exit(f"{old} pins no torch: write the version to keep into it, as in torch==2.13.0")
    pins = {"torch": kept[1]}
    versions = []
    with tempfile.TemporaryDirectory() as folder:
        for python in pythons:
            try:
                pins |= resolve(python, pins, Path(folder))
            except (OSError, subprocess.CalledProcessError) as error:
                sys.exit(f"{python} could not resolve the pins ({error}): see pip's words above")
            show = "import sys; print('%d.%d' % sys.version_info[:2])"
            versions.append(subprocess.check_output([python, "-c", show], text=True).strip())
    lines = "".join(f"{name}=={version}\n" for name, version in sorted(pins.items()))
    sys.stdout.write(HEADER.format(pythons=", ".join(versions)) + lines)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit("usage: python .ci/constraints.py OLD_CONSTRAINTS PYTHON [PYTHON ...]")
    main(sys.argv[1], sys.argv[2:])
