"""Grid files, in YAML or JSON, read without losing or changing what they say."""

from __future__ import annotations

import json
import re
from pathlib import Path

FORM = "give a dict of lists, as in {'seed': [0, 1]}, or a list of dicts"


def read_grid(path: Path) -> dict | list:
    """Read a grid file, and refuse a name that it gives twice: one of them would be lost."""
    if not path.is_file():
        raise FileNotFoundError(f"there is no grid file {path}: check the path")
    try:
        if path.suffix == ".json":
            return json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_once)
        return _read_yaml(path.read_text(encoding="utf-8"))
    except _Twice as error:
        raise ValueError(f"{path} {error}: leave one of them out") from None
    except (TypeError, ValueError, RecursionError) as error:  # a list for a name has no hash
        reason = " ".join(str(error).split())
        raise ValueError(f"{path} cannot be read as a grid ({reason}): {FORM}") from error


class _Twice(Exception):
    """A name stands twice in one dict of a file."""


def _once(pairs):
    found = {}
    for name, value in pairs:
        if name in found:
            raise _Twice(f"has the name {name!r} twice")
        found[name] = value
    return found


def _read_yaml(text):
    try:
        import yaml
    except ImportError as error:
        raise ImportError("a grid in YAML needs PyYAML: pip install PyYAML") from error

    class Loader(yaml.SafeLoader):
        """Reads 1e-3 as a number, which YAML 1.1 takes for text."""

        def compose_node(self, parent, index):
            if self.check_event(yaml.events.AliasEvent):  # a list may so hold itself
                raise ValueError("it refers with * or merges with <<, which no grid needs")
            return super().compose_node(parent, index)

        def construct_mapping(self, node, deep=False):
            if any(":merge" in key.tag for key, _ in node.value):
                raise ValueError("it merges with <<, which no grid needs")
            pairs = [(self.construct_object(k, True), self.construct_object(v, True))
                     for k, v in node.value]  # fmt: skip
            return _once(pairs)

    number = re.compile(r"[-+]?(\d[\d_]*\.?[\d_]*|\.\d+)[eE][-+]?\d+")
    Loader.add_implicit_resolver("tag:yaml.org,2002:float", number, list("-+.0123456789"))
    try:
        return yaml.load(text, Loader)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error
