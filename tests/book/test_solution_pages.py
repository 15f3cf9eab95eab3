"""The form of every page of worked solutions, read from its source without running it."""

import ast
import re

import nbformat
import pytest


@pytest.fixture
def pair(root, solution):
    """Return the cells of a page of solutions and those of its chapter."""
    chapter = root / "book" / solution.name
    return [nbformat.read(path, as_version=4).cells for path in (solution, chapter)]


def text(cells):
    return "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def code(cells):
    return [cell for cell in cells if cell.cell_type == "code"]


def tags(cell):
    return set(cell.metadata.get("tags", []))


def checks(cells):
    """Return the names of the checks that cells call, in order of first call."""
    calls = [
        node.func.id
        for cell in code(cells)
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    ]
    return list(dict.fromkeys(name for name in calls if name.startswith("check_")))


def exercise_checks(cells):
    start = next(i for i, cell in enumerate(cells) if "## Exercises" in cell.source)
    return checks(cells[start:])


def test_valid_and_without_outputs(solution):
    notebook = nbformat.read(solution, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata["kernelspec"]["name"] == "python3"
    assert [c.source for c in code(notebook.cells) if c.outputs or c.execution_count] == []


def test_title_and_link_back(pair, solution):
    mine, chapter = pair
    title = chapter[0].source.splitlines()[0].removeprefix("# ")
    assert mine[0].source.splitlines()[0] == f"# Solutions: {title}"
    number = int(solution.name[:2])
    assert f"[chapter {number}](../{solution.name})" in mine[0].source


def test_the_chapter_links_to_its_solutions(pair, solution):
    assert f"(solutions/{solution.name})" in text(pair[1])


def test_the_same_set_up_cell(pair):
    mine, chapter = pair
    assert mine[1].source == chapter[1].source
    assert tags(mine[1]) == tags(chapter[1]) >= {"skip-execution", "hide-input"}
    assert sum("skip-execution" in tags(cell) for cell in mine) == 1


def test_parameters_are_annotated_literals_with_a_seed(pair):
    (parameters,) = [cell for cell in code(pair[0]) if "parameters" in tags(cell)]
    statements = ast.parse(parameters.source).body
    assert all(isinstance(statement, ast.AnnAssign) for statement in statements)
    assert "seed" in [statement.target.id for statement in statements]
    assert all("  # " in line for line in parameters.source.splitlines())


def test_each_exercise_of_the_chapter_is_solved_and_checked(pair):
    mine, chapter = pair
    assert checks(mine) == exercise_checks(chapter)
    numbers = re.findall(r"^## Exercise (\d)$", text(mine), re.MULTILINE)
    assert numbers == re.findall(r"^### Exercise (\d)$", text(chapter), re.MULTILINE)
    assert len(numbers) == len(checks(mine)) >= 2
    assert text(mine).count("Two wrong answers") == len(numbers)


def test_no_answer_is_left_open_and_none_is_given_in_the_chapter(pair):
    mine, chapter = pair
    assert [cell.source for cell in code(mine) if re.search(r"= \.\.\.", cell.source)] == []
    starters = [c.source for c in code(chapter) if "recon_tutorial.exercises" in c.source]
    assert len(starters) == len(exercise_checks(chapter))
    assert [source for source in starters if not re.search(r"= \.\.\.  # \w+", source)] == []


def test_cells_fit_a_screen_and_the_last_records(pair):
    lengths = [sum(bool(line.strip()) for line in c.source.splitlines()) for c in code(pair[0])]
    assert max(lengths) <= 15
    assert "record(passed=" in code(pair[0])[-1].source


def test_starter_cells_take_no_name_that_the_page_uses(pair):
    def assigned(cells):
        return {
            target.id
            for cell in cells
            for statement in ast.parse(cell.source).body
            if isinstance(statement, ast.Assign)
            for target in statement.targets
            if isinstance(target, ast.Name)
        }

    chapter = code(pair[1])
    starters = [cell for cell in chapter if "recon_tutorial.exercises" in cell.source]
    others = [cell for cell in chapter if cell not in starters]
    assert assigned(starters) & assigned(others) == set()
