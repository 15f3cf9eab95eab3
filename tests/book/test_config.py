"""The two configuration files: no key that is read by nobody, no chapter left out."""

import json
from pathlib import Path

import jupyter_book
import yaml

FOLDER = Path(jupyter_book.__file__).parent


def known_keys(schema, defaults):
    """Merge the schema and the defaults of Jupyter Book into one tree; None is "anything"."""
    properties = schema.get("properties", {})
    names = set(properties) | set(defaults)
    tree = {}
    for name in names:
        default = defaults.get(name)
        part = known_keys(properties.get(name, {}), default if isinstance(default, dict) else {})
        tree[name] = part or None
    return tree


def unknown_keys(config, tree, path=""):
    """Yield the keys that Jupyter Book would pass over in silence."""
    for name, value in config.items():
        if name not in tree:
            yield f"{path}{name}"
        elif tree[name] and isinstance(value, dict):
            yield from unknown_keys(value, tree[name], f"{path}{name}.")


def jupyter_book_keys():
    schema = json.loads((FOLDER / "config_schema.json").read_text(encoding="utf8"))
    defaults = yaml.safe_load((FOLDER / "default_config.yml").read_text(encoding="utf8"))
    return known_keys(schema, defaults)


def test_every_key_is_known_to_jupyter_book(config):
    assert list(unknown_keys(config, jupyter_book_keys())) == []


def test_a_misspelt_key_would_be_found():
    wrong = {"titel": "x", "execute": {"time_out": 1}, "sphinx": {"config": {"any": 1}}}
    assert list(unknown_keys(wrong, jupyter_book_keys())) == ["titel", "execute.time_out"]


def test_a_failing_notebook_fails_the_build(config):
    assert config["execute"]["raise_on_error"] is True
    assert config["execute"]["allow_errors"] is False
    assert config["execute"]["execute_notebooks"] == "cache"


def test_toc_lists_every_chapter_and_only_pages_that_exist(root, pages):
    notebooks = [p for p in (root / "book").rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts]
    names = {p.relative_to(root).with_suffix("").as_posix() for p in notebooks}
    assert names - set(pages) == set(), "not in _toc.yml"
    ghosts = [
        name
        for name in pages
        if not any((root / f"{name}{suffix}").exists() for suffix in (".md", ".ipynb"))
    ]
    assert ghosts == [], "in _toc.yml without a file"


def test_pages_stand_once_in_the_toc(pages):
    assert len(pages) == len(set(pages))


def test_static_files_of_the_config_exist(root, config):
    sphinx = config["sphinx"]["config"]
    logo = sphinx["html_theme_options"]["logo"]
    paths = [config["html"]["favicon"], logo["image_light"], logo["image_dark"]]
    paths += [f"book/_static/{name}" for name in sphinx["html_css_files"] + sphinx["html_js_files"]]
    paths += config["bibtex_bibfiles"]
    assert [path for path in paths if not (root / path).is_file()] == []


def test_no_static_folder_at_the_root(root):
    # Jupyter Book would load each of its scripts and styles on every page
    assert not (root / "_static").exists()
