"""The look, read from its sources: pictures, colours, landing page, figures. No browser needed."""

import ast
import importlib.util
import re
import struct
import xml.etree.ElementTree as ET
from importlib.resources import files
from types import SimpleNamespace

import nbformat
import pytest
import yaml

SVG = "{http://www.w3.org/2000/svg}"
PICTURES = ("favicon", "logo-dark", "logo-light", "two_stages")
THEMES = ("light", "dark")


@pytest.fixture
def static(root):
    """Return the folder of pictures and styles."""
    return root / "book" / "_static"


@pytest.fixture
def landing(root):
    """Return the source of the landing page."""
    return (root / "book" / "index.md").read_text(encoding="utf8")


@pytest.fixture
def parts(root):
    """Return the parts of the book that hold chapters: their captions and files, in order."""
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf8"))
    found = {p["caption"]: [c["file"] for c in p["chapters"]] for p in toc["parts"]}
    return {name: all_ for name, all_ in found.items() if re.match(r"book/\d\d_", all_[0])}


def load(root, name):
    spec = importlib.util.spec_from_file_location(name, root / "book" / "_ext" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# --- pictures


def test_pictures_and_styles_are_small(static):
    sizes = {path.name: path.stat().st_size for path in static.rglob("*") if path.is_file()}
    assert {f"{name}.svg" for name in PICTURES} <= set(sizes)
    assert {name: size for name, size in sizes.items() if size > 10_000} == {}


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_have_a_title_and_a_description(static, name):
    picture = ET.parse(static / f"{name}.svg").getroot()
    title, description = picture.find(f"{SVG}title"), picture.find(f"{SVG}desc")
    assert len(title.text.split()) >= 2 and len(description.text.split()) >= 5
    assert picture.get("role") == "img"
    assert picture.get("aria-labelledby").split() == [title.get("id"), description.get("id")]


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_load_nothing_and_run_nothing(static, name):
    text = (static / f"{name}.svg").read_text(encoding="utf8")
    assert re.findall(r"href|<script|<image|@import|url\(|\son\w+=", text) == []


def test_both_logos_have_one_shape_and_no_colour_in_common(static):
    light, dark = ((static / f"logo-{theme}.svg").read_text() for theme in THEMES)
    colour = re.compile("#[0-9a-f]{6}")
    assert colour.sub("", light) == colour.sub("", dark)
    assert set(colour.findall(light)) & set(colour.findall(dark)) == set()


def test_the_icon_is_a_png_of_the_size_that_telephones_ask_for(static):
    data = (static / "favicon.png").read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", data[16:24]) == (180, 180)


# --- colours


def luminance(colour):
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def variables(css, theme):
    """Return the colours that a style sheet sets for a theme, the last one winning."""
    blocks = re.findall(rf'html\[data-theme="?{theme}"?\]\s*\{{([^}}]*)\}}', css)
    return dict(re.findall(r"--pst-color-([\w-]+):\s*(#[0-9a-fA-F]{6})\b", " ".join(blocks)))


def grounds(theme):
    """Return what text of the theme stands on: page, box, odd and even rows of a table."""
    folder = files("pydata_sphinx_theme") / "theme/pydata_sphinx_theme/static/styles"
    ours = variables((folder / "pydata-sphinx-theme.css").read_text(encoding="utf8"), theme)
    page = {"light": "#ffffff", "dark": "#121212"}[theme]  # of sphinx-book-theme
    return {page, ours.get("surface", "#f3f4f5"), ours.get("on-background", "#ffffff")}


def test_the_contrast_is_the_one_of_the_guidelines():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", THEMES)
def test_our_colours_can_be_read_in_both_themes(static, theme):
    colours = variables((static / "custom.css").read_text(encoding="utf8"), theme)
    assert {"primary", "secondary", "accent", "link", "link-hover"} <= set(colours)
    behind = grounds(theme)
    assert len(behind) >= 2
    faint = {
        (name, ground): contrast(colour, ground)
        for name, colour in colours.items()
        for ground in behind
        if contrast(colour, ground) < 4.5
    }
    assert faint == {}


@pytest.mark.parametrize("theme", THEMES)
def test_the_words_of_the_two_stages_can_be_read_in_both_themes(static, theme):
    picture = ET.parse(static / "two_stages.svg").getroot()
    style = picture.find(f"{SVG}style").text
    light, dark = style.split("@media (prefers-color-scheme: dark)")
    fills = dict(re.findall(r"\.(\w+) \{ fill: (#\w{6})", light if theme == "light" else dark))
    words = {text.get("class") for text in picture.iter(f"{SVG}text")}
    assert words == {"ink", "onbadge", "from", "to", "genes"}
    assert contrast(fills["onbadge"], fills["badge"]) >= 4.5
    for name in words - {"onbadge"}:
        for ground in ("panel", "box", "page"):
            assert contrast(fills[name], fills[ground]) >= 4.5, (name, ground)


# --- pages without scripts, pages of a fork


def test_without_scripts_a_page_is_light(root, tmp_path):
    page = tmp_path / "deep" / "page.html"
    page.parent.mkdir()
    page.write_text('<html lang="en" data-theme="auto"><p data-theme="auto">', encoding="utf8")
    app = SimpleNamespace(outdir=tmp_path, builder=SimpleNamespace(format="html"))
    load(root, "book_pages").light_without_scripts(app, None)
    assert page.read_text() == '<html lang="en" data-theme="light"><p data-theme="auto">'


def test_launch_links_of_the_landing_page_follow_a_fork(root, landing, monkeypatch):
    monkeypatch.setenv("BOOK_REPOSITORY_URL", "https://github.com/me/fork/")
    monkeypatch.setenv("BOOK_REPOSITORY_BRANCH", "draft")
    module, source, other = load(root, "book_overrides"), [landing], [landing]
    module.relaunch(None, "book/index", source)
    module.relaunch(None, "book/other", other)
    chapter = "book/01_latent_shift.ipynb"
    assert f"colab.research.google.com/github/me/fork/blob/draft/{chapter}" in source[0]
    assert f"mybinder.org/v2/gh/me/fork/draft?urlpath=lab/tree/{chapter}" in source[0]
    assert other == [landing]


# --- landing page


def test_the_landing_page_lists_the_chapters_of_the_book_in_order(landing, parts):
    listed = re.findall(r"^\| \[.*?\]\((.*?)\.ipynb\)", landing, re.MULTILINE)
    assert [f"book/{name}" for name in listed] == [name for all_ in parts.values() for name in all_]


def test_each_part_has_a_card_that_leads_to_its_first_chapter(landing, parts):
    section = landing.partition("## The parts")[2].partition("\n## ")[0]
    card = r"\{grid-item-card\} (.*)\n:link: (\w+)\n[^{]+\{card-footer\}\n(.*)"
    cards = re.findall(card, section)
    numbers = {name: [int(file[5:7]) for file in all_] for name, all_ in parts.items()}
    assert cards == [
        (name, all_[0].removeprefix("book/"), f"Chapters {min(n)} to {max(n)}")
        for (name, all_), n in zip(parts.items(), numbers.values(), strict=True)
    ]


def test_the_three_ways_to_start_lead_somewhere(landing, root, config):
    section = landing.partition("## Start in 60 seconds")[2].partition("\n## ")[0]
    links = re.findall(r"^:link: (\S+)$", section, re.MULTILINE)
    owner = config["repository"]["url"].removeprefix("https://github.com/")
    branch, chapter = config["repository"]["branch"], "book/01_latent_shift.ipynb"
    assert links == [
        f"https://colab.research.google.com/github/{owner}/blob/{branch}/{chapter}",
        f"https://mybinder.org/v2/gh/{owner}/{branch}?urlpath=lab/tree/{chapter}",
        "how-to-run-it",
    ]
    assert (root / chapter).is_file() and f"\n({links[-1]})=\n## " in landing
    targets = re.findall(r"^([a-z-]+):", (root / "Makefile").read_text(), re.MULTILINE)
    assert set(re.findall(r"\bmake ([a-z-]+)(?=`|  )", landing)) - set(targets) == set()


# --- figures


def test_every_chapter_that_draws_sets_the_one_style(root):
    for path in sorted((root / "book").rglob("[0-9][0-9]_*.ipynb")):
        cells = nbformat.read(path, as_version=4).cells
        source = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
        calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
        names = [ast.unparse(call.func) for call in calls]
        draws = any(re.match(r"(plotting|plt)\.(?!use_style)|plot_", name) for name in names)
        styled = any(name.endswith("use_style") for name in names)
        assert styled or not draws, f"{path.name} draws without plotting.use_style()"
        assert re.findall(r"rcParams|rc_context|plt\.style|sns\.set", source) == [], path.name
