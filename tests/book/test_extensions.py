"""The small Sphinx extensions of `book/_ext`, each without a build."""

import collections
import importlib.util
import sys
from types import SimpleNamespace

import pytest


@pytest.fixture
def load(root, monkeypatch):
    """Return a function that imports an extension from its file."""
    monkeypatch.syspath_prepend(root / "book" / "_ext")  # they import one another

    def load(name):
        spec = importlib.util.spec_from_file_location(name, root / "book" / "_ext" / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


def test_the_deriving_chapter_is_linked(load):
    extension = load("book_docstrings")
    lines = ["Score.", "", "    Derived in chapters 1 and 99."]
    extension.link_chapters(None, "function", "f", None, None, lines)
    expected = "    Derived in chapter :doc:`1 </book/01_latent_shift>` and 99."
    assert lines == ["Score.", "", "    Notes", "    -----", expected]


def test_the_describing_page_is_linked(load):
    lines = ["Fetch.", "", "Described on the page reference/datasets.", ""]
    load("book_docstrings").link_chapters(None, "function", "f", None, None, lines)
    words = "Described on the page :doc:`/book/reference/datasets`."
    assert lines == ["Fetch.", "", "Notes", "-----", words, ""]


def test_notes_that_are_there_end_in_the_link(load):
    lines = ["Notes", "-----", "It is slow.", "", "Examples", "--------", ">>> f()", ""]
    lines.append("Derived in chapter 1.")
    load("book_docstrings").link_chapters(None, "function", "f", None, None, lines)
    assert [line for line in lines if line] == [
        *("Notes", "-----", "It is slow.", "Derived in chapter :doc:`1 </book/01_latent_shift>`."),
        *("Examples", "--------", ">>> f()"),
    ]


def test_notes_at_the_end_keep_the_link_in_a_paragraph_of_its_own(load):
    lines = ["    Notes", "    -----", "    It is slow.", "    Derived in chapter 99.", ""]
    load("book_docstrings").link_chapters(None, "function", "f", None, None, lines)
    text = "\n".join(lines)
    assert text.startswith("    Notes\n    -----\n    It is slow.\n\n")
    assert text.endswith("\n\n    Derived in chapter 99.\n") and text.count("Notes") == 1


def sphinx_config():
    return SimpleNamespace(
        html_theme_options={"repository_url": "https://example.org/a/b"},
        html_baseurl="https://example.org/book",
        html_title="A book",
    )


def test_overrides_from_the_environment(load, monkeypatch):
    monkeypatch.setenv("BOOK_REPOSITORY_URL", "https://github.com/me/fork/")
    monkeypatch.setenv("BOOK_REPOSITORY_BRANCH", "draft")
    monkeypatch.setenv("BOOK_BASEURL", "https://me.example.org/fork")
    config = sphinx_config()
    load("book_overrides").override(None, config)
    assert config.html_theme_options == {
        "repository_url": "https://github.com/me/fork",
        "repository_branch": "draft",
    }
    assert config.html_baseurl == config.ogp_site_url == "https://me.example.org/fork/"


def test_without_overrides_the_config_stands(load, monkeypatch):
    for name in ("BOOK_REPOSITORY_URL", "BOOK_REPOSITORY_BRANCH", "BOOK_BASEURL"):
        monkeypatch.delenv(name, raising=False)
    config = sphinx_config()
    load("book_overrides").override(None, config)
    assert config.html_theme_options == {"repository_url": "https://example.org/a/b"}
    assert config.html_baseurl == config.ogp_site_url == "https://example.org/book/"


def test_mathjax_comes_from_the_installed_package(load):
    module = load("book_mathjax")
    folder = module.package_folder()
    assert (folder / module.SCRIPT).stat().st_size > 1e6
    assert list((folder / module.FONTS).glob("*.woff"))


def test_table_corners_and_bibliography_roles_are_mended(load):
    mend = load("book_pages").mend
    assert mend("<tr><th></th><th>a</th></tr>") == "<tr><td></td><th>a</th></tr>"
    listing = '<div role="list" class="citation-list"><div role="doc-biblioentry">x</div></div>'
    assert mend(listing) == '<div class="citation-list"><div>x</div></div>'


def test_long_signatures_are_no_definition_lists(load):
    mend = load("book_pages").mend
    signature = "(\n<dl>\n<dd><em>a</em>,</dd>\n<dd><em>b</em>,</dd>\n</dl>\n)"
    assert "<dl>" not in mend(signature)
    assert mend(signature).count('<span class="sig-line">') == 2
    real = "<dl>\n<dt>term</dt>\n<dd>what it means</dd>\n</dl>"
    assert mend(real) == real


def test_status_is_told_in_words(load):
    mend = load("book_pages").mend
    assert mend("<td><p>✅</p></td>") == "<td><p>passed</p></td>"
    assert mend('<abbr title="e">❌</abbr>') == '<abbr title="e">failed</abbr>'


def test_one_of_two_equal_scripts_is_kept(load):
    scripts = [SimpleNamespace(attributes={"body": body}) for body in ("a", "a", "b")]
    files = [SimpleNamespace(attributes={}), SimpleNamespace(attributes={})]
    context = {"script_files": scripts + files}
    load("book_pages").drop_duplicate_scripts(None, "page", None, context, None)
    assert context["script_files"] == [scripts[0], scripts[2], *files]


def test_bars_are_escaped_outside_of_code(load):
    lines = ["2 E|X-Y| with ``a | b``", "no bar"]
    load("book_docstrings").escape_bars(None, "function", "f", None, None, lines)
    assert lines == [r"2 E\|X-Y\| with ``a | b``", "no bar"]


def test_fields_of_a_named_tuple_are_skipped(load):
    skip = load("book_docstrings").skip_fields
    assert skip(None, "class", "a", collections.namedtuple("T", "a").a, False, None) is True
    assert skip(None, "class", "f", skip, False, None) is None


def test_versions_are_those_of_this_environment(load, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    facts = dict(load("book_versions").build_facts())
    numpy = importlib.import_module("numpy")
    assert facts["numpy"] == numpy.__version__
    assert facts["Python"] == sys.version.split()[0]
    assert facts["Built on"] == "1970-01-01 00:00 UTC"
