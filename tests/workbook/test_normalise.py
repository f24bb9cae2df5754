import copy

import nbformat
import pytest
from nbformat import v4

from metalearn_lab.workbook.normalise import normalise


@pytest.fixture
def executed():
    cell = v4.new_code_cell(
        "1 + 1",
        execution_count=7,
        metadata={
            "tags": ["nbval-check-output"],
            "execution": {"iopub.execute_input": "2026-01-01T00:00:00Z"},
            "lines_to_next_cell": 2,
        },
        outputs=[
            v4.new_output("stream", name="stderr", text="100%|███|"),
            v4.new_output("stream", name="stdout", text="kept"),
            v4.new_output("execute_result", data={"text/plain": "2"}, execution_count=7),
        ],
    )
    return v4.new_notebook(
        cells=[v4.new_markdown_cell("# title"), cell, v4.new_code_cell("1 + 1")],
        metadata={
            "kernelspec": {"name": "my-venv", "display_name": "mine"},
            "language_info": {"name": "python", "version": "3.11.7"},
            "widgets": {"application/vnd.jupyter.widget-state+json": {"state": {}}},
        },
    )


def test_what_changes_without_a_reason_goes(executed):
    normalise(executed)
    assert executed.metadata == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    assert executed.cells[1].metadata == {"tags": ["nbval-check-output"]}
    assert [output.get("name") for output in executed.cells[1].outputs] == ["stdout", None]


def test_what_nbval_needs_stays(executed):
    normalise(executed)
    assert executed.cells[1].execution_count == 7
    assert executed.cells[1].outputs[-1].data == {"text/plain": "2"}


def test_ids_follow_from_the_cells_and_differ(executed):
    other = copy.deepcopy(executed)
    for cell in other.cells:
        cell.id = "random-" + cell.id
    normalise(executed)
    normalise(other)
    ids = [cell.id for cell in executed.cells]
    assert ids == [cell.id for cell in other.cells]
    assert len(set(ids)) == 3
    nbformat.validate(executed)


def test_editing_a_cell_changes_its_own_id_only(executed):
    other = copy.deepcopy(executed)
    other.cells[0].source = "# another title"
    normalise(executed)
    normalise(other)
    changed = [a.id != b.id for a, b in zip(executed.cells, other.cells, strict=True)]
    assert changed == [True, False, False]


def test_the_answer_to_a_prediction_is_folded(executed):
    executed.cells[1].metadata.tags = ["hide-output", "nbval-check-output"]
    normalise(executed)
    assert executed.cells[1].metadata == {
        "tags": ["hide-output", "nbval-check-output"],
        "jupyter": {"outputs_hidden": True},
    }
    assert len(executed.cells[1].outputs) == 2, "folded, and still there"
    nbformat.validate(executed)


def test_it_is_done_once(executed):
    normalise(executed)
    once = nbformat.writes(executed)
    normalise(executed)
    assert nbformat.writes(executed) == once
