"""A canvas with handles: dragged, moved by keys, and drawn as the kernel has computed."""

from __future__ import annotations

import ast
from pathlib import Path

import nbformat
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from nbformat import v4
from playwright.sync_api import expect

from metalearn_lab.workbook.kernel import KERNEL_METADATA
from metalearn_lab.workbook.normalise import normalise
from tests.browser.drag import DragOnPage
from tests.browser.driver import look_at
from tests.explorers.small_drag_explorer import descent

ROOT = Path(__file__).resolve().parents[2]
FIRST = f"import sys; sys.path.insert(0, {str(ROOT)!r})"
EXPLORER = """
from tests.explorers.small_drag_explorer import BowlExplorer
explorer = BowlExplorer()
explorer.show()
"""
HANDLES = "print([explorer.handles['theta'][0], *explorer.handles['centre']])"
SLOW = """
import time
asked, view = [], explorer.view

def slowly(**values):
    asked.append(values)
    time.sleep(0.4)
    return view(**values)

explorer.view = slowly
"""
CELLS = (
    FIRST,
    EXPLORER,
    HANDLES,
    SLOW,
    "print(len(asked))",
    "explorer.move('centre', (-1.5, 0.75))",
)


@pytest.fixture(scope="module")
def notebook(server, browser, tmp_path_factory):
    path = tmp_path_factory.mktemp("drag") / "drag.ipynb"
    cells = [v4.new_code_cell(cell) for cell in CELLS]
    nbformat.write(v4.new_notebook(cells=cells, metadata=KERNEL_METADATA), path)
    with look_at(server, browser) as lab:
        notebook = lab.open(path)
        notebook.lab = lab
        notebook.run_code_cell(0)
        yield notebook


@pytest.fixture
def bowl(notebook):
    """The explorer at its start."""
    notebook.run_code_cell(1)
    opened = DragOnPage(notebook, "BowlExplorer", 1, [])
    opened.canvas.scroll_into_view_if_needed()
    opened.answered()
    yield opened
    assert notebook.errors() == []
    assert notebook.complaints == []


def assert_drawn(bowl, theta, steps=3):
    """The browser has drawn the descent from here, computed here, where its pixels belong."""
    [curve] = bowl.marks("Curve", "MAML")
    path = descent(theta, steps)
    np.testing.assert_allclose(np.array(curve["places"]).T, [path, path**2 / 2], atol=1e-9)
    corner = bowl.canvas.bounding_box()
    for place, pixel in zip(curve["places"], curve["pixels"], strict=True):
        left, top = bowl.at(*place)
        assert pixel == pytest.approx([left - corner["x"], top - corner["y"]], abs=0.01)
    *_, last = bowl.marks("Dot", "a step")
    assert last["places"] == [pytest.approx([path[-1], path[-1] ** 2 / 2])]
    assert bowl.color_at(last["pixels"][0]) == pytest.approx((0xD5, 0x5E, 0), abs=3)
    assert bowl.handle("theta") == pytest.approx((theta, theta**2 / 2))
    [[table_last]] = [row[1:] for row in bowl.table()[-1:]]
    assert float(table_last) == pytest.approx(path[-1], abs=6e-4)


def in_kernel(bowl, cell=2):
    """What the kernel prints: θ and the centre."""
    bowl.notebook.run_code_cell(cell)
    return ast.literal_eval(bowl.notebook.output(cell).inner_text().strip())


def test_the_mouse_drags_a_handle_and_the_drawing_follows(bowl):
    assert_drawn(bowl, 2.0)
    bowl.drag("theta", -1.5, 4.0)
    theta, _ = bowl.handle("theta")
    assert theta == pytest.approx(-1.5, abs=0.03)
    assert_drawn(bowl, theta)
    bowl.status("the start at x −1.5")

    bowl.drag("centre", -1.0, 0.5)
    assert bowl.handle("centre") == pytest.approx((-1.0, 0.5), abs=0.02)
    bowl.drag("centre", 5.0, 0.0)  # out of its panel: it stops at the edge
    assert bowl.handle("centre")[0] == 2.0
    assert in_kernel(bowl) == pytest.approx([theta, *bowl.handle("centre")])


def test_a_unit_is_as_long_upright_as_across_where_that_is_asked(bowl):
    box = bowl.drawn()["panels"][1]["box"]
    assert box["width"] / 4 == pytest.approx(box["height"] / 2)


def test_keys_choose_and_move_handles(bowl):
    bowl.type("ArrowLeft", "Shift+ArrowLeft", "ArrowUp")  # theta moves along x alone
    bowl.status("the start at x 1.450")
    assert_drawn(bowl, 1.45)
    bowl.type("n", "Shift+ArrowRight", "ArrowDown")
    bowl.status("the centre at x 0.700, y −0.270")
    assert bowl.handle("centre") == pytest.approx((0.7, -0.27))
    bowl.type("1", "ArrowRight", "2", "ArrowUp", "p", "ArrowRight")
    assert in_kernel(bowl) == pytest.approx([1.55, 0.7, -0.25])
    cells = bowl.notebook.page.locator(".jp-CodeCell").count()
    assert cells == len(CELLS), "JupyterLab took a key for itself"


def test_controls_and_python_move_the_drawing_too(bowl):
    bowl.slide("steps", "ArrowRight")
    bowl.answered()
    assert_drawn(bowl, 2.0, steps=4)
    before = bowl.canvas.get_attribute("aria-label")
    bowl.notebook.run_code_cell(5)
    expect(bowl.canvas).not_to_have_attribute("aria-label", before)
    assert bowl.handle("centre") == (-1.5, 0.75)


def test_the_handle_runs_ahead_of_a_slow_kernel(bowl):
    page = bowl.notebook.page
    bowl.notebook.run_code_cell(3)
    page.mouse.move(*bowl.at(0.5, -0.25, panel=1))
    page.mouse.down()
    for part in range(1, 51):
        page.mouse.move(*bowl.at(0.5 + part / 50, -0.25 + part / 50, panel=1))
        page.wait_for_timeout(10)
    page.wait_for_timeout(50)
    assert bowl.handle("centre") == pytest.approx((1.5, 0.75), abs=0.02)
    assert bowl.canvas.get_attribute("data-busy") == "true"
    page.mouse.up()
    bowl.answered()
    assert in_kernel(bowl)[1:] == pytest.approx(bowl.handle("centre"))  # the newest won
    assert 2 <= in_kernel(bowl, cell=4) < 25  # of 50 places


def test_a_view_that_fails_is_read_and_does_not_block(bowl):
    bowl.drag("theta", 2.97, 0)
    bowl.says("This view failed: RuntimeError('too <far>')")
    bowl.drag("theta", 1.0, 0)
    bowl.says("A note: 1 < 2")
    assert_drawn(bowl, bowl.handle("theta")[0])


def test_it_stands_as_a_picture_where_no_kernel_runs(bowl, tmp_path):
    saved = bowl.notebook.saved()
    [data] = [output.data for output in saved.cells[1].outputs if "data" in output]
    normalise(saved)
    path = tmp_path / "still_drag.ipynb"
    nbformat.write(saved, path)
    page = bowl.notebook.lab.open(path)
    still = DragOnPage(page, "BowlExplorer", 1, [])
    assert still.area.locator("canvas").count() == 0
    assert still.picture().endswith(data["image/png"].strip())
    assert data["text/plain"].startswith("From θ = 2.00 to 0.69")
    page.page.close()
    bowl.notebook.page.bring_to_front()


def test_axe_finds_no_fault_in_it(bowl):
    found = Axe().run(bowl.notebook.page, context=".drag").response
    assert [each["id"] for each in found["violations"]] == []
    assert len(found["passes"]) > 5, "axe has looked at next to nothing"
