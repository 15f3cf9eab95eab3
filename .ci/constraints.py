"""Resolve the book with its extras for every Python given and print the pins: constraints.txt.

    python .ci/constraints.py constraints.txt python3.11 python3.12 python3.13

The first Python decides each version; every later one must accept those versions and may only add
distributions that the earlier ones did not need. A constraint does nothing where its distribution
is not required, so one list without markers serves all of them.
Two versions come from the old file: that of torch, because all numbers in the book were printed
with it, and that of cellflow-tools, which no extra requires because its own pins would refuse
everybody else's (pyproject.toml says more).
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

WHAT = ".[book,test,descriptors,sweep,cellflow,state,interop,mutation]"
KEPT = ("torch", "cellflow-tools")
HEADER = """\
# What the book was tested with: every distribution that `{what}` installs, and
# cellflow-tools, which `make cellflow` adds without its dependencies.
# Made by `make constraints` for Python {pythons}; do not edit,
# except to move {kept}.
"""


def canonical(name):
    """The normalised spelling of a distribution name."""
    return re.sub(r"[-_.]+", "-", name).lower()


def keep(old):
    """Name -> version of the distributions whose version the old file decides."""
    pins = dict(re.findall(r"^([a-z0-9-]+)==(\S+)$", Path(old).read_text(), re.MULTILINE))
    for name in KEPT:
        if name not in pins:
            sys.exit(f"{old} pins no {name}: write the version to keep into it, as in {name}==1.2")
    return {name: pins[name] for name in KEPT}


def resolve(python, pins, folder):
    """Name -> version of all that pip would install into an empty environment under `pins`."""
    env = folder / "env"
    subprocess.run([python, "-m", "venv", "--clear", env], check=True)
    limits, report = folder / "limits.txt", folder / "report.json"
    limits.write_text("".join(f"{name}=={version}\n" for name, version in pins.items()))
    pip = [env / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    pip += ["--dry-run", "--report", report, "--constraint", limits, WHAT]
    subprocess.run(pip, check=True)
    found = {}
    for item in json.loads(report.read_text())["install"]:
        name = canonical(item["metadata"]["name"])
        found[name] = item["metadata"]["version"].partition("+")[0]
    del found["recon-tutorial"]
    return found


def main(old, pythons):
    """Print the new file; exit with a sentence when a Python is missing or refuses a pin."""
    pins = keep(old)
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
    header = HEADER.format(what=WHAT, pythons=", ".join(versions), kept=" or ".join(KEPT))
    sys.stdout.write(header + lines)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit("usage: python .ci/constraints.py OLD_CONSTRAINTS PYTHON [PYTHON ...]")
    main(sys.argv[1], sys.argv[2:])
