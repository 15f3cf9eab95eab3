"""The look in a browser: tables, keys, paper, no scripts, no other host."""

import re

import pytest

SIZES = {"desktop": (1280, 900), "phone": (390, 844)}
SCHEMES = ("light", "dark")
SHOWN = """selector => [...document.querySelectorAll(selector)].filter(
    (e) => e.getClientRects().length && getComputedStyle(e).visibility !== "hidden").length"""
STYLE = """([selector, property]) => [...new Set([...document.querySelectorAll(selector)]
    .map((e) => getComputedStyle(e)[property]))]"""
LANDING, TABLES, FORMULAS = "book/index", "book/12_bring_your_own", "book/04_metrics"


@pytest.fixture
def tab(browser, book):
    """Return a function that opens a page in a fresh context of the given kind."""
    contexts = []

    def tab(name, *, size="desktop", **kind):
        width, height = SIZES[size]
        contexts.append(browser.new_context(viewport={"width": width, "height": height}, **kind))
        page = contexts[-1].new_page()
        page.goto(f"{book}/{name}.html", wait_until="load")
        return page

    yield tab
    for context in contexts:
        context.close()


# --- every page, read as a file


def test_no_page_names_another_host_for_what_it_loads(build, page_name):
    html = (build / f"{page_name}.html").read_text(encoding="utf8")
    loaded = re.findall(
        r'<(?:script|img|iframe|source|audio|video|embed)\b[^>]*?\ssrc="([^"]*)"', html
    )
    sheets = [tag for tag in re.findall(r"<link\b[^>]*>", html) if 'rel="canonical"' not in tag]
    loaded += re.findall(r'href="([^"]*)"', " ".join(sheets))
    assert len(loaded) > 10
    assert [address for address in loaded if re.match(r"(\w+:)?//", address)] == []


def test_no_style_sheet_names_another_host(build):
    sheets = list(build.rglob("*.css"))
    assert sheets
    away = re.compile(r"(?:url\(|@import)\s*['\"]?(?:\w+:)?//")
    assert [p.name for p in sheets if away.search(p.read_text(encoding="utf8"))] == []


def test_every_page_has_icons_and_is_light_without_scripts(build, page_name):
    html = (build / f"{page_name}.html").read_text(encoding="utf8")
    assert 'data-theme="light"' in re.search("<html[^>]*>", html)[0]
    icons = re.findall(r'rel="(?:icon|apple-touch-icon)"[^>]*href="([^"]*)"', html)
    assert len(icons) == 3
    page = build / f"{page_name}.html"
    assert [icon for icon in icons if not (page.parent / icon).resolve().is_file()] == []


# --- tables and figures


def test_words_stand_at_the_left_and_numbers_at_the_right(tab):
    page = tab(TABLES)
    assert page.evaluate(STYLE, ["table.dataframe td.words", "textAlign"]) == ["left"]
    assert page.evaluate(STYLE, ["table.dataframe td:not(.words)", "textAlign"]) == ["right"]
    room = page.evaluate("document.querySelector('td.sentence').getBoundingClientRect().width")
    assert room > 250


def test_a_wide_table_scrolls_in_its_own_box(tab):
    page = tab(TABLES, size="phone")
    wide = """[...document.querySelectorAll("table.dataframe")].map((table) => {
        let box = table;
        while (box && !/auto|scroll/.test(getComputedStyle(box).overflowX)) box = box.parentElement;
        return [table.offsetWidth > innerWidth, box?.closest(".cell_output") != null,
                !!box && box.scrollWidth >= table.offsetWidth]; })"""
    found = page.evaluate(wide)
    assert any(wider for wider, _, _ in found)
    assert all(within and reached for _, within, reached in found)


def test_what_a_cell_prints_is_never_cut_off(tab):
    page = tab(TABLES, size="phone")
    beyond = "e => [...e].filter((p) => p.scrollWidth > p.clientWidth).map((p) => p.innerText)"
    printed = page.locator(".cell_output .output.stream pre")
    assert printed.count() > 5 and printed.evaluate_all(beyond) == []


def test_figures_stand_on_white_and_the_two_stages_on_their_own_ground(tab):
    page = tab(FORMULAS, color_scheme="dark")
    assert page.evaluate(STYLE, ["main figure img", "backgroundColor"]) == ["rgb(255, 255, 255)"]
    page = tab(LANDING, color_scheme="dark")
    assert page.evaluate(STYLE, ["main figure img", "backgroundColor"]) == ["rgba(0, 0, 0, 0)"]


def test_the_logo_of_the_theme_is_shown(tab):
    for scheme in SCHEMES:
        page = tab(LANDING, color_scheme=scheme)
        logos = page.locator(".bd-sidebar-primary img").evaluate_all(
            "all => all.filter((i) => i.getClientRects().length).map((i) => [i.src, i.alt])"
        )
        assert len(logos) == 1 and logos[0][0].endswith(f"logo-{scheme}.svg") and logos[0][1]


# --- keys and motion


def test_the_first_key_reaches_a_link_past_the_navigation(tab):
    page = tab(LANDING)
    page.keyboard.press("Tab")
    link = page.locator(".skip-link a")
    assert link.evaluate("e => e === document.activeElement")
    page.wait_for_function("document.querySelector('.skip-link').getBoundingClientRect().top >= 0")
    page.keyboard.press("Enter")
    assert page.url.endswith("#main-content") and page.locator("#main-content").count() == 1


@pytest.mark.parametrize("scheme", SCHEMES)
def test_who_moves_by_key_sees_where(tab, scheme):
    page = tab(LANDING, color_scheme=scheme)
    for _ in range(3):
        page.keyboard.press("Tab")
    for link in page.locator("main .bd-article a.reference").all()[:5]:
        link.focus()
        page.keyboard.press("Shift")  # a key, so that the browser shows the focus
        style = link.evaluate(
            "e => [getComputedStyle(e).outlineStyle, getComputedStyle(e).outlineWidth]"
        )
        assert style == ["solid", "3px"]


def test_who_asked_for_less_motion_gets_none(tab):
    longest = """Math.max(...[...document.querySelectorAll("*")].flatMap((e) =>
        getComputedStyle(e).transitionDuration.split(",").map(parseFloat)))"""
    assert tab(LANDING).evaluate(longest) > 0.1
    assert tab(LANDING, reduced_motion="reduce").evaluate(longest) < 0.001


# --- paper


@pytest.mark.parametrize("scheme", SCHEMES)
def test_paper_shows_the_text_alone_in_black_on_white(tab, scheme):
    page = tab(FORMULAS, color_scheme=scheme)
    clicked = ".bd-sidebar-primary, .bd-sidebar-secondary, .bd-header-article, .prev-next-footer"
    clicked += ", button, .headerlink, .skip-link"
    assert page.evaluate(SHOWN, ".bd-sidebar-primary") == 1
    page.emulate_media(media="print", color_scheme=scheme)
    assert page.evaluate(SHOWN, clicked) == 0
    assert page.evaluate(SHOWN, "main h1") == 1 and page.evaluate(SHOWN, "main figure") > 1
    black = ["rgb(0, 0, 0)"]
    assert page.evaluate(STYLE, ["main p, main pre, main pre span, main td", "color"]) == black
    grounds = page.evaluate(STYLE, ["body, main .highlight, main .cell_input", "backgroundColor"])
    assert set(grounds) <= {"rgb(255, 255, 255)", "rgba(0, 0, 0, 0)"}


def test_paper_breaks_code_and_keeps_cells_and_figures_whole(tab):
    page = tab(FORMULAS)
    page.emulate_media(media="print")
    assert page.evaluate(STYLE, ["main .cell_input pre", "whiteSpace"]) == ["pre-wrap"]
    assert page.evaluate(STYLE, ["main figure, main .cell_input", "breakInside"]) == ["avoid"]


def test_paper_prints_addresses_outside_of_the_book_only(tab):
    page = tab("book/reference/bibliography")
    page.emulate_media(media="print")
    after = """kind => [...new Set([...document.querySelectorAll(`main .bd-article a.${kind}`)]
        .map((e) => getComputedStyle(e, "::after").content.includes("http")))]"""
    assert page.evaluate(after, "external") == [True]
    page = tab(LANDING)
    page.emulate_media(media="print")
    assert page.evaluate(after, "internal") == [False]


# --- no scripts


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_without_scripts_a_chapter_can_be_read_and_left(tab, size, scheme):
    page = tab(FORMULAS, size=size, color_scheme=scheme, java_script_enabled=False)
    assert page.locator("main article h1").is_visible()
    assert page.locator("main .math").first.inner_text().startswith(("\\(", "\\["))
    assert page.locator("main figure img").first.is_visible()
    code = page.locator("main .cell_input .highlight").first
    ink = code.evaluate("e => getComputedStyle(e).color")
    paper = code.evaluate("e => getComputedStyle(e).backgroundColor")
    dark, light = (max(map(int, re.findall(r"\d+", colour)[:3])) for colour in (ink, paper))
    assert dark < 90 and light > 230
    links = page.locator(".bd-sidebar-primary nav a")
    assert links.count() > 12 and all(link.is_visible() for link in links.all())
    links.filter(has_text="Glossary").click()
    assert page.url.endswith("reference/glossary.html")


def test_without_scripts_no_button_is_shown_that_does_nothing(tab):
    page = tab(FORMULAS, java_script_enabled=False)
    dead = ".sidebar-toggle, .btn-fullscreen-button, .theme-switch-button, .search-button__button"
    assert not any(button.is_visible() for button in page.locator(dead).all())
    page.get_by_label("Launch interactive content").focus()
    assert page.locator("a[href*='colab.research']").first.is_visible()
