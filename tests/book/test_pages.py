"""Every page, in a real browser, on a desk and on a phone, by day and by night."""

import pytest


def test_no_error_and_no_failed_request(visit, page_name):
    assert visit(page_name).log == []


def test_no_other_host_is_asked(visit, book, page_name):
    assert visit(page_name).hosts == {book.removeprefix("http://")}


def test_theme_follows_the_system(visit, page_name):
    assert [(s.scheme, s.facts["theme"]) for s in visit(page_name).states] == [
        ("light", "light"),
        ("dark", "dark"),
    ] * 2


def test_every_image_loads(visit, page_name):
    assert {url for s in visit(page_name).states for url in s.facts["broken"]} == set()


def test_every_formula_is_typeset(visit, page_name):
    for state in visit(page_name).states:
        assert state.facts["rendered"] == state.facts["formulas"]
        assert state.facts["misread"] == 0
        # or a book would pass whose formulas were lost on the way
        assert state.facts["formulas"] > 10 or page_name != "book/reference/notation"


def test_nothing_sticks_out_sideways(visit, page_name):
    sticking = [(s.size, s.scheme) for s in visit(page_name).states if s.facts["overflow"] > 0]
    assert sticking == []


def test_axe_finds_nothing(visit, page_name):
    found = [
        f"{s.size}, {s.scheme}: {violation['id']} at {node['target']}"
        for s in visit(page_name).states
        for violation in s.violations
        for node in violation["nodes"]
    ]
    assert found == []


PLANTED = """<!DOCTYPE html><html lang="en"><head><title>Colours</title><style>
body { color: #111; background: #fff } .dark { background: #222; color: #eee }
.pale { color: #bbb } .thin { font-weight: 400 } a { color: #00e; text-decoration: none }
</style></head><body><main><h1>Colours</h1>%s<p>black</p></main></body></html>"""


@pytest.mark.parametrize(
    ("planted", "rule"),
    [
        ("<p>fine</p><p class='pale'>pale</p>", "color-contrast"),
        (
            "<pre>a <span>b</span> <span class='pale'>(</span> <span class='pale'>def</span></pre>",
            "color-contrast",
        ),
        ("<p>fine</p><div class='dark'><p style='color: #111'>lost</p></div>", "color-contrast"),
        ("<div class='dark'>fine <i><b style='opacity: .2'>faint</b></i></div>", "color-contrast"),
        (
            "<p><a href='#'>alone</a></p><p>a text that is longer <a href='#'>link</a></p>",
            "link-in-text-block",
        ),
    ],
)
def test_one_text_of_each_look_is_enough_to_find_a_colour(browser, find, planted, rule):
    tab = browser.new_page()
    tab.set_content(PLANTED % planted)
    found = find["colours"](tab)
    tab.set_content(PLANTED % "<p>fine</p><div class='dark'>fine</div>")
    assert find["colours"](tab) == []
    tab.close()
    assert rule in [violation["id"] for violation in found]


def test_no_more_than_one_text_of_each_look_is_looked_at(browser, find):
    tab = browser.new_page()
    tab.set_content(PLANTED % ("<p class='pale'>pale</p>" * 50))
    (violation,) = find["colours"](tab)
    tab.close()
    assert len(violation["nodes"]) == 1


def test_all_else_is_looked_for_on_the_whole_page(browser, find):
    tab = browser.new_page()
    tab.set_content(PLANTED % "<p>fine</p><p>fine <img src='data:,'></p>")
    found = find["rest"](tab)
    tab.close()
    assert "image-alt" in [violation["id"] for violation in found]
