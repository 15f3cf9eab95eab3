"""The form that every chapter keeps, read from its source without running it."""

import ast

import nbformat
import pytest

OPENING = ("**What you will learn", "**Time", "**Prerequisites")


@pytest.fixture
def cells(chapter):
    """Return the cells of a chapter."""
    return nbformat.read(chapter, as_version=4).cells


def code(cells):
    return [cell for cell in cells if cell.cell_type == "code"]


def headings(cells):
    """Return the heading lines outside of code fences."""
    found = []
    for cell in cells:
        if cell.cell_type == "markdown":
            fenced = False
            for line in cell.source.splitlines():
                fenced ^= line.startswith("```")
                if line.startswith("#") and not fenced:
                    found.append(line.strip())
    return found


def tags(cell):
    return set(cell.metadata.get("tags", []))


def called(cell):
    """Return the dotted names of what a cell calls, such as "plotting.plot_cells"."""
    names = set()
    for node in ast.walk(ast.parse(cell.source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            names.add(ast.unparse(node.func))
    return names


def drawing_functions(cells):
    """Return the names under which a notebook imported functions of `plotting`."""
    names = set()
    for cell in code(cells):
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.ImportFrom) and node.module == "recon_tutorial.plotting":
                names |= {alias.asname or alias.name for alias in node.names}
    return names - {"use_style"}


def figure_cells(cells):
    """Return the code cells that draw, or that claim to."""
    imported = drawing_functions(cells)
    found = []
    for cell in code(cells):
        names = called(cell) - {"plotting.use_style"}
        draws = any(name.startswith(("plotting.", "plt.")) for name in names) or names & imported
        if draws or "figure" in cell.metadata.get("mystnb", {}):
            found.append(cell)
    return found


def test_valid_and_ready_for_every_frontend(chapter):
    notebook = nbformat.read(chapter, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata["kernelspec"]["name"] == "python3"


def test_no_outputs(cells):
    assert [cell.source for cell in code(cells) if cell.outputs or cell.execution_count] == []


def test_opening(cells):
    first = cells[0]
    assert first.cell_type == "markdown"
    assert first.source.startswith("# ")
    assert [words for words in OPENING if words not in first.source] == []
    assert sum(line.startswith("# ") for line in headings(cells)) == 1


def test_setup_cell(cells, config):
    setup = cells[1]
    assert setup.cell_type == "code"
    assert tags(setup) >= {"skip-execution", "hide-input"}
    constants = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in ast.parse(setup.source).body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
    }
    assert constants["REPOSITORY"] == config["repository"]["url"]
    assert f"@{config['repository']['branch']}" in setup.source
    assert sum("skip-execution" in tags(cell) for cell in cells) == 1, "or a cell never runs"


def test_recorded_numbers_are_folded_away(cells):
    """They are for programs and repeat the tables; on a phone they were a quarter of the page."""
    recording = [cell for cell in code(cells) if "record" in called(cell)]
    assert recording
    assert [cell.source for cell in recording if "hide-output" not in tags(cell)] == []


def test_parameters_are_annotated_literals(cells):
    (parameters,) = [cell for cell in code(cells) if "parameters" in tags(cell)]
    statements = ast.parse(parameters.source).body
    assert statements
    for statement in statements:
        assert isinstance(statement, ast.AnnAssign), ast.unparse(statement)
        ast.literal_eval(statement.value)


def test_exercises(cells):
    directives = sum(
        line.startswith(":::{exercise}")
        for cell in cells
        if cell.cell_type == "markdown"
        for line in cell.source.splitlines()
    )
    plain = sum(line.startswith("### Exercise") for line in headings(cells))
    assert directives + plain >= 2


def test_summary_and_references(cells):
    titles = headings(cells)
    assert titles.count("## Summary") == 1
    assert titles.count("## References") == 1
    assert titles.index("## Summary") < titles.index("## References")


def test_last_code_cell_records(cells):
    assert {name.split(".")[-1] for name in called(code(cells)[-1])} >= {"record"}


def test_cells_fit_a_screen(cells):
    lengths = {
        cell.source.partition("\n")[0]: sum(bool(line.strip()) for line in cell.source.splitlines())
        for cell in code(cells)
    }
    assert {first: length for first, length in lengths.items() if length > 15} == {}


def test_figures_have_caption_name_and_text_alternative(cells):
    for cell in figure_cells(cells):
        shown = cell.metadata.get("mystnb", {})
        figure, image = shown.get("figure", {}), shown.get("image", {})
        assert figure.get("caption") and figure.get("name"), cell.source
        assert len(image.get("alt", "").split()) >= 3, cell.source


def test_figure_names_are_unique(root):
    names = [
        cell.metadata["mystnb"]["figure"]["name"]
        for path in sorted((root / "book").glob("[0-9][0-9]_*.ipynb"))
        for cell in nbformat.read(path, as_version=4).cells
        if "figure" in cell.metadata.get("mystnb", {})
    ]
    assert len(names) == len(set(names))


def test_the_figure_rule_sees_every_way_to_draw():
    make = nbformat.v4.new_code_cell
    drawing = [
        make("from recon_tutorial import plotting\nplotting.plot_cells(frame)"),
        make("import matplotlib.pyplot as plt\nfig, ax = plt.subplots()"),
        make("from recon_tutorial.plotting import plot_cells as draw, use_style"),
        make("draw(frame)"),
        make("print(1)", metadata={"mystnb": {"figure": {"name": "f"}}}),
    ]
    quiet = [make("plotting.use_style()"), make("use_style()"), make("model.plot()")]
    assert figure_cells(drawing + quiet) == [drawing[i] for i in (0, 1, 3, 4)]
