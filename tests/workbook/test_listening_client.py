"""Exceptions that widgets keep to themselves: papermill alone hides them, our clients do not."""

from __future__ import annotations

import nbformat
import papermill
import pytest

from metalearn_lab.workbook.errors import WorkbookError
from metalearn_lab.workbook.kernel import KERNEL_ARGUMENTS, KERNEL_NAME
from metalearn_lab.workbook.listening_client import ListeningClient
from metalearn_lab.workbook.papermill_engine import ENGINE

CELL_SECONDS = 40

BEGIN = """\
import ipywidgets as widgets
from IPython.display import clear_output, display

def fails(*_):
    return 1 // 0
"""

HIDDEN = {
    "in interactive_output": """\
slider = widgets.IntSlider(value=1)
display(widgets.interactive_output(lambda k: 1 // (k - 2), {"k": slider}))
slider.value = 2
""",
    "in interactive_output, before a drawing that wipes it away": """\
slider = widgets.IntSlider(value=1)
display(widgets.interactive_output(lambda k: print(1 // (k - 2)), {"k": slider}))
slider.value = 2
slider.value = 3
""",
    "with Output()": """\
with widgets.Output():
    fails()
""",
    "in an observe callback that an Output captures": """\
slider = widgets.IntSlider(value=1)
slider.observe(widgets.Output().capture()(fails), "value")
slider.value = 2
""",
    "in a button that an Output captures": """\
button = widgets.Button()
button.on_click(widgets.Output().capture()(fails))
button.click()
""",
    "in a button, before the cell is cleared": """\
button = widgets.Button()
button.on_click(fails)
button.click()
clear_output()
""",
}

SHOWN = {
    "in a plain observe callback": """\
slider = widgets.IntSlider(value=1)
slider.observe(fails, "value")
slider.value = 2
""",
    "in a plain button": """\
button = widgets.Button()
button.on_click(fails)
button.click()
""",
}


def notebook(*sources):
    return nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in (BEGIN, *sources)]
    )


def run_by_papermill(tmp_path, content, **options):
    nbformat.write(content, tmp_path / "in.ipynb")
    files = tmp_path / "in.ipynb", tmp_path / "out.ipynb"
    arguments = {"kernel_name": KERNEL_NAME, "progress_bar": False, **options}
    papermill.execute_notebook(*files, execution_timeout=CELL_SECONDS, **arguments)


def run_by_client(*sources):
    client = ListeningClient(
        notebook(*sources), kernel_name=KERNEL_NAME, allow_errors=True, timeout=CELL_SECONDS
    )
    client.execute()
    return client.heard


@pytest.mark.parametrize("case", ["with Output()", "in a button, before the cell is cleared"])
def test_papermill_alone_reports_success(tmp_path, case):
    run_by_papermill(tmp_path, notebook(HIDDEN[case]))


def test_no_reply_of_the_kernel_is_missed():
    """Replies come while an Output widget's state is sent; without the look one is lost."""
    sources = [HIDDEN["in interactive_output, before a drawing that wipes it away"]] * 60
    assert len(run_by_client(*sources)) == 60


def test_our_engine_fails_the_notebook_and_keeps_it(tmp_path):
    options = {"engine_name": ENGINE, "extra_arguments": KERNEL_ARGUMENTS}
    with pytest.raises(WorkbookError, match="ZeroDivisionError in a widget of cell 1: integer div"):
        run_by_papermill(tmp_path, notebook(*HIDDEN.values()), **options)
    kept = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    assert [cell.execution_count for cell in kept.cells] == list(range(1, len(HIDDEN) + 2))


def test_each_is_heard_once_in_its_cell():
    cases = [*HIDDEN.values(), *SHOWN.values()]
    assert [line.partition(":")[0] for line in run_by_client(*cases)] == [
        f"ZeroDivisionError in a widget of cell {index}" for index, _ in enumerate(cases, start=1)
    ]


def test_healthy_widgets_are_no_error():
    healthy = "with widgets.Output():\n    print('fine')\nwidgets.Button().click()"
    assert run_by_client(healthy) == []


def test_the_command_fails_for_each_of_them(tmp_path, write_chapter, command):
    cases = {
        "00_start_here": HIDDEN["with Output()"],
        "01_tasks_and_episodes": HIDDEN["in a button that an Output captures"],
        "02_transfer_learning": SHOWN["in a plain observe callback"],
    }
    for name, source in cases.items():
        write_chapter(tmp_path / "notebooks", name, f"# %%\n{BEGIN}\n# %%\n{source}")
    process = command("run", *cases, "--out", "out", cwd=tmp_path)
    assert process.returncode == 1
    rows = process.stdout.splitlines()[1:4]
    assert ["ZeroDivisionError in" in row and "failed" in row for row in rows] == [True] * 3
