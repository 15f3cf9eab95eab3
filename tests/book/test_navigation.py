"""What a reader clicks: search, sidebar, solutions, launch buttons."""

import os

import pytest


def test_search_finds_a_word(desktop, book):
    desktop.goto(f"{book}/search.html?q=purity")
    hits = desktop.locator("#search-results li a")
    hits.first.wait_for(timeout=10_000)
    assert any("glossary" in hit.get_attribute("href") for hit in hits.all())


def test_search_for_nonsense_finds_nothing(desktop, book):
    desktop.goto(f"{book}/search.html?q=xyzzyplugh")
    desktop.get_by_text("did not match any documents").wait_for(timeout=10_000)
    assert desktop.locator("#search-results li a").count() == 0


def test_every_sidebar_link_answers(desktop, book, pages):
    desktop.goto(f"{book}/book/index.html")
    links = desktop.locator(".bd-sidebar-primary nav a[href]").evaluate_all(
        "links => links.map((a) => a.href.split('#')[0])"
    )
    assert {f"{book}/{name}.html" for name in pages} <= set(links)
    for link in sorted(set(links)):
        if link.startswith(book):
            assert desktop.request.get(link).ok, link


def test_every_link_within_the_book_answers(desktop, book, page_name):
    desktop.goto(f"{book}/{page_name}.html")
    links = desktop.locator("main a[href]").evaluate_all("links => links.map((a) => a.href)")
    for link in sorted({link.split("#")[0] for link in links if link.startswith(book)}):
        assert desktop.request.get(link).ok, link


def test_anchors_exist(desktop, book, page_name):
    desktop.goto(f"{book}/{page_name}.html")
    lost = desktop.locator("main a[href^='#']").evaluate_all(
        """links => links.map((a) => decodeURIComponent(a.hash.slice(1)))
                .filter((id) => id && !document.getElementById(id))"""
    )
    assert lost == []


def test_solutions_open_by_mouse_and_keyboard(desktop, book, page_name):
    desktop.goto(f"{book}/{page_name}.html")
    for details in desktop.locator("main details:not(.feedback)").all():
        if details.evaluate("d => d.parentElement.closest('details:not([open])')"):
            continue  # inside a closed one; its parent has been tested
        summary, was_open = details.locator("summary").first, details.evaluate("d => d.open")
        summary.click()
        assert details.evaluate("d => d.open") is not was_open
        summary.press("Enter")
        assert details.evaluate("d => d.open") is was_open


def test_launch_links_open_this_notebook(desktop, book, build, root, config, notebook):
    name = notebook.relative_to(root).as_posix()
    desktop.goto(f"{book}/{name.removesuffix('.ipynb')}.html")
    links = desktop.locator("a[href*='colab'], a[href*='mybinder']").evaluate_all(
        "links => links.map((a) => a.href)"
    )
    url = os.environ.get("BOOK_REPOSITORY_URL") or config["repository"]["url"]
    branch = os.environ.get("BOOK_REPOSITORY_BRANCH") or config["repository"]["branch"]
    owner = url.removeprefix("https://github.com/").rstrip("/")
    assert sorted(links) == [
        f"https://colab.research.google.com/github/{owner}/blob/{branch}/{name}",
        f"https://mybinder.org/v2/gh/{owner}/{branch}?urlpath=lab/tree/{name}",
    ]


def test_notebook_shows_its_outputs(build, root, notebook):
    page = build / notebook.relative_to(root).with_suffix(".html")
    if not page.exists():
        pytest.fail(f"{page.name} is not built: run `make book`")
    html = page.read_text(encoding="utf8")
    assert "cell_output" in html
    assert "Traceback (most recent call last)" not in html
