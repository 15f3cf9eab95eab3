"""Print a constraints file that holds every core dependency at its lower bound.

    python .ci/floors.py > floors.txt && make test CONSTRAINTS=floors.txt EXTRAS=

Without the extras: STATE needs newer versions than the floors, so pip could not install both.
"""

import tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
for dependency in project["dependencies"]:
    print(dependency.replace(">=", "=="))
