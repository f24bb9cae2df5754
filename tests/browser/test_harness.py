"""The harness itself: a slider moved in the browser changes what the kernel computed."""

from __future__ import annotations

import nbformat
import pytest
from nbformat import v4

from metalearn_lab.workbook.kernel import KERNEL_METADATA

SLIDER = """
import ipywidgets as widgets
import matplotlib.pyplot as plt
from IPython.display import display

steps = widgets.IntSlider(value=1, min=0, max=5, description="steps", continuous_update=False)
other = widgets.IntSlider(value=9, min=0, max=10, description="inner steps")

def show(k):
    print(f"after {k} steps: {k ** 2}")
    figure, axes = plt.subplots(figsize=(2, 1))
    axes.plot([0, k])
    display(figure)
    plt.close(figure)
    if k == 4:
        raise ValueError("four is too many")

widgets.VBox([steps, other, widgets.interactive_output(show, {"k": steps})])
"""


@pytest.fixture
def opened(lab, tmp_path):
    cells = [v4.new_code_cell("6 * 7"), v4.new_code_cell(SLIDER)]
    path = tmp_path / "slider.ipynb"
    nbformat.write(v4.new_notebook(cells=cells, metadata=KERNEL_METADATA), path)
    notebook = lab.open(path)
    notebook.run_all()
    return notebook


def test_a_key_on_a_slider_changes_the_output_and_the_picture(opened):
    assert opened.output(0).inner_text().strip().endswith("42")
    assert "after 1 steps: 1" in opened.output(1).inner_text()
    before = opened.output(1).locator("img").get_attribute("src")
    opened.press(opened.slider("steps"), "ArrowRight", times=2)
    opened.output(1).get_by_text("after 3 steps: 9").wait_for()
    assert "after 1" not in opened.output(1).inner_text()
    assert opened.output(1).locator("img").get_attribute("src") != before
    assert opened.errors() == []


def test_an_exception_behind_a_slider_is_seen(opened):
    opened.press(opened.slider("steps"), "End")
    opened.press(opened.slider("steps"), "ArrowLeft")
    opened.page.get_by_text("four is too many").first.wait_for()
    assert any("four is too many" in error for error in opened.errors())


def test_nothing_but_the_server_can_be_reached(lab, opened):
    reach = "url => fetch(url, {mode: 'no-cors'}).then(() => true).catch(() => false)"
    elsewhere = lab.address.replace("127.0.0.1", "localhost")
    assert opened.page.evaluate(reach, f"{lab.address}/api") is True
    assert opened.page.evaluate(reach, f"{elsewhere}/api") is False
