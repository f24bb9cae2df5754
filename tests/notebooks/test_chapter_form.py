"""What every chapter keeps to, so that it opens on Colab, runs in batch and can be checked."""

from __future__ import annotations

import ast
import re
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest

from metalearn_lab.sweep.results import COLUMNS
from metalearn_lab.workbook.chapters import CHAPTERS, Chapter
from metalearn_lab.workbook.colab import COLAB_SETUP, colab_badge, colab_url
from metalearn_lab.workbook.facts import FACT_MIME
from metalearn_lab.workbook.new_chapter import gaps
from metalearn_lab.workbook.normalise import normalise
from metalearn_lab.workbook.parameters import parameters_of
from metalearn_lab.workbook.source import drift, read_source, source_path
from metalearn_lab.workbook.static_outputs import WIDGET_VIEW_MIME
from metalearn_lab.workbook.teaching_plan import sections
from metalearn_lab.workbook.teaching_tags import EXERCISE

ROOT = Path(__file__).resolve().parents[2]
MOST_BYTES = 600_000
FEWEST_CHECKED_CELLS = 3
MOST_CELLS = 45
MOST_LINES = 25
MOST_MINUTES = 60
FIRST_CELLS = 8
REBUILT_LATER: tuple[int, ...] = ()  # chapters that are not yet of a class's length
EXERCISE_HEADING = re.compile(
    r"^### Exercise \d+: \S.* \(\d+ minutes, level [123] of 3\)$", re.MULTILINE
)
SHOWN_EXPLORER = re.compile(r"\w+Explorer\(.*\.show\(\)", re.DOTALL)
CODE_IN_TEXT = re.compile(r"^```python\n(.*?)\n```", re.DOTALL | re.MULTILINE)


@pytest.fixture(params=CHAPTERS, ids=lambda chapter: chapter.name)
def chapter(request: pytest.FixtureRequest) -> Chapter:
    return request.param


@pytest.fixture
def path(chapter):
    return ROOT / chapter.path


@pytest.fixture
def notebook(path):
    return nbformat.read(path, as_version=4)


@pytest.fixture
def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def tagged(cells, tag):
    return [cell for cell in cells if tag in cell.metadata.get("tags", [])]


def bundles(cells):
    return [output for cell in cells for output in cell.outputs if "data" in output]


def test_it_is_what_its_text_source_says(path):
    assert drift(path) == []


def test_nothing_in_it_is_left_to_do(chapter, path):
    texts = {"metalearn_lab/workbook/chapters.py": chapter.question}
    for file in (source_path(path), ROOT / f"tests/browser/test_chapter_{chapter.number:02d}.py"):
        texts[str(file.relative_to(ROOT))] = file.read_text(encoding="utf-8")
    left = [f"{name}: {gap}" for name, text in texts.items() for gap in gaps(text)]
    assert not left, "left to do:\n" + "\n".join(left)


def test_it_is_in_its_committed_form(path, notebook):
    normalise(notebook)
    assert nbformat.writes(notebook) + "\n" == path.read_text(encoding="utf-8")


def test_it_begins_with_a_badge_that_opens_itself(chapter, notebook):
    assert notebook.cells[0].cell_type == "markdown"
    assert notebook.cells[0].source.splitlines()[0] == colab_badge(chapter)


def test_nothing_in_it_opens_another_chapter_on_colab(chapter, path):
    for text in (path, source_path(path)):
        opened = re.findall(
            r"https://colab\.research\.google\.com/github/[^)\s]+", text.read_text("utf-8")
        )
        assert [link.removesuffix(r"\n") for link in opened] == [colab_url(chapter)]


def test_its_first_code_cell_prepares_colab(code):
    assert code[0].source == COLAB_SETUP


def test_its_parameters_are_annotated_and_commented(path, code):
    [cell] = tagged(code, "parameters")
    statements = ast.parse(cell.source).body
    assert all(isinstance(each, ast.AnnAssign) and each.value for each in statements)
    names = [each.target.id for each in statements]
    known = parameters_of(path)
    assert list(known) == names, "papermill cannot read one: is there an `=` in its comment?"
    for parameter in known.values():
        assert parameter.type != "None", f"{parameter.name} has no type that papermill knows"
        assert parameter.help, f"{parameter.name} has no comment"


def test_it_takes_a_gpu_if_there_is_one_and_says_once_where_it_computes(path, code):
    assert ast.literal_eval(parameters_of(path)["device"].default) == "auto"
    printed = "".join(o.text for cell in code for o in cell.outputs if o.output_type == "stream")
    assert len(re.findall(r"^Computing on C\w+: .+$", printed, re.MULTILINE)) == 1


def test_no_parameter_takes_a_column_of_the_results(path):
    assert not parameters_of(path).keys() & COLUMNS.keys()


def test_every_code_cell_was_executed_in_order(code):
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))


def test_no_cell_failed_or_is_left_out(code):
    assert not [o for cell in code for o in cell.outputs if o.output_type == "error"]
    for tag in ("raises-exception", "nbval-raises-exception", "nbval-skip"):
        assert not tagged(code, tag), f"'{tag}' hides a failure, and papermill ignores it"


def test_nbval_has_facts_to_compare(code):
    checked = tagged(code, "nbval-check-output")
    assert len(checked) >= FEWEST_CHECKED_CELLS
    for cell in checked:
        kinds = {output.output_type for output in cell.outputs}
        assert kinds, "a checked cell prints its facts"
        assert kinds <= {"stream", "execute_result", "display_data"}
        shown = [output.data for output in cell.outputs if output.output_type == "display_data"]
        assert all(FACT_MIME in data for data in shown), "a picture is not compared"


def test_every_picture_has_a_text_for_those_who_cannot_see_it(code):
    for output in bundles(code):
        if "image/png" in output.data:
            alt = output.metadata.get("image/png", {}).get("alt", "")
            assert len(alt.split()) >= 5, f"alt text: {alt!r}"


def test_nothing_in_it_needs_a_kernel_to_be_seen(notebook, code):
    assert "widgets" not in notebook.metadata
    assert not [output for output in bundles(code) if WIDGET_VIEW_MIME in output.data]


def test_it_is_small_enough_to_review(path):
    assert path.stat().st_size < MOST_BYTES


LESSONS = [chapter for chapter in CHAPTERS if chapter.number not in REBUILT_LATER]
of_each_lesson = pytest.mark.parametrize("chapter", LESSONS, ids=lambda chapter: chapter.name)


@of_each_lesson
def test_it_is_no_longer_than_a_class(path, notebook):
    assert len(notebook.cells) <= MOST_CELLS
    planned = sections(read_source(source_path(path))["cells"])
    assert sum(sum(minutes) for _, minutes in planned) <= MOST_MINUTES


@of_each_lesson
def test_its_code_fits_on_a_screen(notebook, code):
    texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    blocks = [block for text in texts for block in CODE_IN_TEXT.findall(text)]  # answers
    blocks += [cell.source for cell in code]
    long = [block for block in blocks if len(block.splitlines()) > MOST_LINES]
    assert not long, "\n\n".join(long)


@of_each_lesson
def test_its_idea_moves_within_the_first_cells(notebook):
    first = [cell for cell in notebook.cells[:FIRST_CELLS] if cell.cell_type == "code"]
    assert [cell for cell in first if SHOWN_EXPLORER.search(cell.source)]


@of_each_lesson
def test_an_exercise_says_how_long_and_how_hard_it_is_and_has_two_hints(notebook):
    cells = notebook.cells
    tasks = [before.source for before, cell in pairwise(cells) if tagged([cell], EXERCISE)]
    assert tasks
    for task in tasks:
        headings = EXERCISE_HEADING.findall(task)
        assert headings, f"no heading `### Exercise 1: … (10 minutes, level 2 of 3)`: {task[:80]}"
        _, _, after = task.rpartition(headings[-1])
        for number in (1, 2):
            hint = f"<details><summary>Hint {number}</summary>\n\n"
            assert after.count(hint) == 1, f"{headings[-1]}: fold a hint, {hint!r}"


@of_each_lesson
def test_it_has_no_more_exercises_than_a_class_can_do(notebook):
    texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    assert 2 <= len(EXERCISE_HEADING.findall("\n".join(texts))) <= 4
