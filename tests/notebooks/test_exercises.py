"""The exercises: what is left to the reader and what is solved differ in nothing else.

So a student's run and a teacher's come to the same but for the exercises themselves. That every
solution is right, and that every stub is found to hold nothing yet, the runs of the chapters show:
in the browser and with Colab's packages (`tests/chapter_runs.py`).
"""

from __future__ import annotations

import ast
import re
from itertools import pairwise

import pytest

from metalearn_lab.workbook.chapters import CHAPTERS
from metalearn_lab.workbook.solution_blocks import solution_of, stub_of
from metalearn_lab.workbook.source import read_source, source_path
from metalearn_lab.workbook.teaching_plan import sections
from metalearn_lab.workbook.teaching_tags import EXERCISE, has_tag
from metalearn_lab.workbook.views import COPIES, View, view_of
from tests.chapter_runs import ROOT

NOT_TAUGHT = {"What to remember", "Sources", "Notation", "Glossary", "Your device", "The map"}


@pytest.fixture(params=CHAPTERS, ids=lambda chapter: chapter.name, scope="module")
def chapter(request):
    return request.param


@pytest.fixture(scope="module")
def source(chapter):
    return read_source(source_path(ROOT / chapter.path))


@pytest.fixture(scope="module")
def exercises(source):
    """Each exercise cell with the cell that checks it."""
    pairs = pairwise(source.cells)
    return [(cell.source, check.source) for cell, check in pairs if has_tag(cell, EXERCISE)]


def interface(code):
    """What a cell defines at its top level: signatures and docstrings, or the names assigned."""
    return [each for node in ast.parse(code).body for each in _interface(node)]


def _interface(node):
    if isinstance(node, ast.FunctionDef):
        decorators = [ast.unparse(each) for each in node.decorator_list]
        result = ast.unparse(node.returns) if node.returns else None
        yield node.name, ast.unparse(node.args), result, decorators, ast.get_docstring(node)
    elif isinstance(node, ast.ClassDef):
        yield node.name, [ast.unparse(each) for each in node.bases], ast.get_docstring(node)
        for each in node.body:
            yield from _interface(each)
    elif isinstance(node, ast.Assign):
        yield [ast.unparse(each) for each in node.targets]


def names_of(code, kind):
    return {
        node.id
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Name) and isinstance(node.ctx, kind)
    }


def defined(code):
    """The names that a cell defines at its top level."""
    nodes = ast.parse(code).body
    plain = {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    assigned = [node for node in nodes if isinstance(node, ast.Assign | ast.AnnAssign)]
    return plain.union(*(names_of(ast.unparse(node), ast.Store) for node in assigned))


def test_stubs_and_solutions_have_the_same_signatures(exercises):
    assert exercises, "tag a code cell `exercise`, and put its check into the cell after it"
    for text, _ in exercises:
        assert interface(stub_of(text)) == interface(solution_of(text)) != []


def test_there_are_two_exercises_or_more_numbered_in_order(source):
    text = "\n".join(cell.source for cell in source.cells if cell.cell_type == "markdown")
    numbers = [int(each) for each in re.findall(r"^(?:### Exercise |\*\*)(\d+)[:.]", text, re.M)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= 2, "an exercise is headed `### Exercise 1: …`"


def test_one_exercise_at_least_is_code(exercises):
    stubs = [ast.parse(stub_of(text)).body for text, _ in exercises]
    defined_there = [isinstance(node, ast.FunctionDef | ast.ClassDef) for s in stubs for node in s]
    assert any(defined_there), "one cell tagged `exercise` at least defines a function or a class"


def test_a_check_ends_in_its_verdict_and_holds_no_widget(exercises):
    for text, check in exercises:
        *_, last = ast.parse(check).body
        assert isinstance(last, ast.Expr)
        assert ast.unparse(last).startswith("check_")
        assert "Explorer" not in text + check


def test_no_other_cell_uses_what_an_exercise_defines(source, exercises):
    own = [text for pair in exercises for text in pair]
    others = [c.source for c in source.cells if c.cell_type == "code" and c.source not in own]
    others = [text for text in others if "get_ipython" not in text]
    for text, _ in exercises:
        for name in defined(stub_of(text)):
            assert not [other for other in others if name in names_of(other, ast.Load)], name


def test_the_views_differ_in_no_other_code(chapter, source):
    views = [view_of(source, view, chapter.name).cells for view in View]
    plain = [
        [c.source for c in cells if c.cell_type == "code" and not has_tag(c, EXERCISE)]
        for cells in views
    ]
    assert all(each == plain[0] for each in plain)


def test_every_section_that_is_taught_has_its_minutes(source):
    found = dict(sections(source.cells))
    untimed = {heading for heading, minutes in list(found.items())[1:] if not minutes}
    assert untimed <= NOT_TAUGHT


def test_a_copy_links_to_chapters_only(chapter, source):
    known = {f"{each.name}.ipynb" for each in CHAPTERS}
    for view in COPIES:
        text = "\n".join(
            c.source for c in view_of(source, view, chapter.name).cells if c.cell_type == "markdown"
        )
        links = re.findall(r"\]\((?!https?:|#)([^)\s]+)\)", text)
        assert set(links) <= known
