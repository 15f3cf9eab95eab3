"""Every page, in a real browser, on a desk and on a phone, by day and by night."""


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


def test_some_page_has_formulas(visit):
    # or the test above would pass on a book whose formulas were lost on the way
    assert visit("book/reference/notation").states[0].facts["formulas"] > 10


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
