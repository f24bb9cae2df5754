"""The canvas: drawn on with the pointer and by keyboard alone, and answered by the kernel."""

from __future__ import annotations

import ast
import re

import nbformat
import pytest
import torch
from axe_playwright_python.sync_playwright import Axe
from nbformat import v4
from playwright.sync_api import expect

from metalearn_lab.figures.style import label_of
from metalearn_lab.workbook.kernel import KERNEL_METADATA
from tests.browser.drag import DragOnPage
from tests.browser.driver import look_at

LEARNERS = """
import torch
from torch.nn import functional as F
from metalearn_lab.explorers.draw_task_explorer import DrawTaskExplorer
from metalearn_lab.learners.joint import JointPretraining
from metalearn_lab.learners.maml import MAML
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.sinusoids import Sinusoids

settings = {"inner_lr": 0.02, "inner_steps": 1}
learners = {
    "maml": MAML(MLP([1, 20, 1], seed=1), F.mse_loss, **settings),
    "fine_tuning": JointPretraining(MLP([1, 20, 1], seed=2), F.mse_loss, **settings),
}
family = Sinusoids(shots=4, queries=4, split="test")
"""
EXPLORER = """
explorer = DrawTaskExplorer(learners, family, most_steps=5)
explorer.show()
"""
STATE = "print([explorer.points, explorer.controls['steps'].value])"
SLOW = """
import time
asked, view = [], explorer.view

def slowly(**values):
    asked.append(values)
    time.sleep(0.5)
    return view(**values)

explorer.view = slowly
"""
BROKEN = "learners['maml'].inner_step = lambda *_: 1 / 0"
MENDED = "del learners['maml'].inner_step"
FULL = "explorer.points = [(place / 10, 1.0) for place in range(30)]"
CELLS = (LEARNERS, EXPLORER, STATE, SLOW, "print(len(asked))", BROKEN, FULL, MENDED)


class Drawing(DragOnPage):
    """The explorer of the notebook above."""

    def points(self):
        """The points on the canvas."""
        return [tuple(each["place"]) for each in self.drawn()["handles"]]

    def in_kernel(self, cell=2):
        """What the kernel prints of its points and steps."""
        self.notebook.run_code_cell(cell)
        return ast.literal_eval(self.notebook.output(cell).inner_text().strip())

    def begin_empty(self):
        self.press("Clear")
        self.answered()
        assert self.points() == []


@pytest.fixture(scope="module")
def notebook(server, browser, tmp_path_factory):
    path = tmp_path_factory.mktemp("canvas") / "canvas.ipynb"
    cells = [v4.new_code_cell(cell) for cell in CELLS]
    nbformat.write(v4.new_notebook(cells=cells, metadata=KERNEL_METADATA), path)
    with look_at(server, browser) as lab:
        yield lab.open(path)


@pytest.fixture
def drawing(notebook):
    """The explorer at its start, with learners that work."""
    for cell in (0, 1):
        notebook.run_code_cell(cell)
    opened = Drawing(notebook, "DrawTaskExplorer", 1, [])
    opened.canvas.scroll_into_view_if_needed()
    opened.answered()
    assert len(opened.points()) == 4
    yield opened
    assert notebook.errors() == []
    assert notebook.complaints == []


def expected_table(points, steps):
    """The table for these points, computed here: errors before and after, a value at x = 0."""
    names: dict = {}
    exec(LEARNERS, names)
    explorer = names["DrawTaskExplorer"](names["learners"], names["family"], most_steps=5)
    explorer.points = points
    middle = explorer.x.abs().argmin()
    return {
        label: [errors[0].item(), errors[steps].item(), curve[steps][middle].item()]
        for label, errors, curve in zip(
            ("MAML", "pretrain + fine-tune"),
            explorer.adapted.errors.values(),
            explorer.adapted.curves.values(),
            strict=True,
        )
    }


def numbers(row):
    return [float(row[column].replace("−", "-")) for column in (1, 2, 4)]


def assert_table(drawing, steps=1):
    """The page says what the learners make of the points that are on the canvas."""
    expect(drawing.area.locator("th").nth(4)).to_have_text("curve at x = 0.00")
    table = expected_table(drawing.points(), steps)
    rows = drawing.table()
    assert [row[0] for row in rows] == list(table)
    for row, expected in zip(rows, table.values(), strict=True):
        assert numbers(row) == pytest.approx(expected, abs=0.011)
    [listed] = drawing.texts(".widget-html-content p")
    read = [float(each) for each in re.findall(r"-?\d+\.\d+", listed.replace("−", "-"))]
    assert read == pytest.approx([each for point in drawing.points() for each in point], abs=0.006)


def test_the_pointer_adds_drags_and_removes_points(drawing):
    page = drawing.notebook.page
    drawing.begin_empty()
    drawing.status("no points on the canvas")
    assert [mark["text"] for mark in drawing.marks("Words")] == ["Put a point on the canvas"]
    assert [row[1:4] for row in drawing.table()] == [["–", "–", "–"]] * 2
    for place in ((-3, 2), (1, -1.5), (3.5, 4)):
        page.mouse.click(*drawing.at(*place))
        drawing.answered()
        assert drawing.points()[-1] == pytest.approx(place, abs=0.03)
    drawing.status("point 3 at x 3.5")
    assert_table(drawing)
    before = drawing.table()

    drawing.drag("point 2", 1.5, 3, steps=8)
    first, moved, last = drawing.points()
    assert moved == pytest.approx((1.5, 3), abs=0.03)
    drawing.status(f"point 2 at x {moved[0]:.2f}, y {moved[1]:.2f}; 3 points")
    assert_table(drawing)
    assert drawing.table() != before
    assert drawing.in_kernel() == [[first, moved, last], 1]

    page.mouse.dblclick(*drawing.at(*first))
    drawing.answered()
    drawing.status("Point 1 removed; 2 points")
    assert drawing.points() == [moved, last]
    assert_table(drawing)


def test_a_finger_adds_drags_and_removes_points(drawing):
    """Touches are sent as the browser would send them: this page has none of its own."""
    drawing.begin_empty()

    def touch(kind, x, y):
        left, top = drawing.at(x, y)
        drawing.canvas.dispatch_event(
            kind,
            {
                **{"pointerType": "touch", "isPrimary": True, "button": 0, "pointerId": 1},
                **{"clientX": left, "clientY": top, "bubbles": True},
            },
        )

    drawing.canvas.evaluate("canvas => { canvas.setPointerCapture = () => {}; }")
    for x, y in ((-2, 2), (2, -2)):
        touch("pointerdown", x, y)
        assert len(drawing.points()) == (x > 0), "a finger that goes down may become a scroll"
        touch("pointerup", x, y)
        drawing.answered()
    assert drawing.points() == [pytest.approx((-2, 2), abs=0.03), pytest.approx((2, -2), abs=0.03)]
    drawing.notebook.page.wait_for_timeout(500)  # no second press
    touch("pointerdown", 2.2, -2.2)  # near the point, for a finger
    touch("pointermove", 3.2, -1.2)
    touch("pointerup", 3.2, -1.2)
    drawing.answered()
    assert drawing.points()[1] == pytest.approx((3, -1), abs=0.03)
    drawing.notebook.page.wait_for_timeout(500)
    for _ in range(2):
        touch("pointerdown", 3, -1)
        touch("pointerup", 3, -1)
    drawing.answered()
    assert len(drawing.points()) == 1
    assert_table(drawing)


def test_the_keyboard_alone_draws_moves_and_removes(drawing):
    page = drawing.notebook.page
    drawing.begin_empty()
    drawing.area.get_by_role("button", name="Clear").focus()
    page.keyboard.press("Tab")  # to the button of the sinusoid, then the canvas
    page.keyboard.press("Tab")
    expect(drawing.canvas).to_be_focused()
    outline = drawing.canvas.evaluate("canvas => getComputedStyle(canvas).outlineWidth")
    assert outline == "3px"

    drawing.type("Shift+ArrowRight", "ArrowRight", "ArrowUp", "ArrowUp")
    drawing.status("x 1.10, y 0.20")
    drawing.type("Enter", "Shift+ArrowLeft", "Shift+ArrowLeft", "Space")
    assert drawing.points() == [(1.1, 0.2), (-0.9, 0.2)]
    drawing.status("point 2 at x −0.90, y 0.20; 2 points")
    drawing.type("Enter")
    drawing.status("Holding point 2")
    drawing.type("Shift+ArrowDown", "ArrowLeft", "Escape", "Shift+ArrowUp")
    assert drawing.points() == [(1.1, 0.2), (-1.0, -0.8)]
    assert drawing.in_kernel()[0] == [(1.1, 0.2), (-1.0, -0.8)]
    drawing.type("1", "ArrowRight", "n", "ArrowUp", "Escape")
    assert drawing.points() == [(1.2, 0.2), (-1.0, -0.7)]
    drawing.type("Delete")
    drawing.status("Point 2 removed; 1 point")
    assert drawing.points() == [(1.2, 0.2)]
    assert_table(drawing)
    drawing.type("Shift+Tab")
    expect(drawing.canvas).not_to_be_focused()
    assert page.locator(".jp-CodeCell").count() == len(CELLS), "JupyterLab took a key for itself"


def test_keys_of_the_page_stay_with_the_page(drawing):
    page, dirty = drawing.notebook.page, "() => jupyterapp.shell.currentWidget.context.model.dirty"
    points = drawing.points()
    drawing.canvas.focus()
    assert page.evaluate(dirty)
    page.keyboard.press("ControlOrMeta+s")
    page.wait_for_function(f"() => !({dirty})()")
    expect(drawing.canvas).to_be_focused()
    assert drawing.points() == points


def test_points_set_in_python_appear_and_a_full_canvas_takes_no_more(drawing):
    drawing.notebook.run_code_cell(6)
    drawing.status("30 points on the canvas")
    assert drawing.points() == [(place / 10, 1.0) for place in range(30)]
    assert_table(drawing)
    drawing.type("Enter")
    drawing.status("30 points at most")
    assert len(drawing.points()) == 30


def test_an_unseen_sinusoid_can_be_shown_and_the_steps_chosen(drawing):
    reveal = drawing.control("show the sinusoid")
    drawing.begin_empty()
    expect(reveal).to_be_disabled()
    drawing.press("An unseen sinusoid: 4 points")
    drawing.status("4 points on the canvas")
    names: dict = {}
    exec(LEARNERS, names)
    support, (amplitude, phase) = names["family"].batch(1, 1).support, names["family"].curves(1, 1)
    wanted = [tuple(point) for point in torch.cat([support.x[0], support.y[0]], 1).tolist()]
    assert drawing.points() == wanted
    assert drawing.in_kernel()[0] == wanted

    assert drawing.table()[0][3] == "–"
    drawing.toggle("show the sinusoid")
    drawing.slide("inner steps", "End")
    expect(drawing.area.locator("th").nth(2)).to_have_text("points, after 5 steps")
    drawing.answered()
    explorer = names["DrawTaskExplorer"](names["learners"], names["family"], most_steps=5)
    explorer.draw_unseen()
    truth = amplitude * torch.sin(explorer.x - phase)
    [shown] = drawing.marks("Curve", "the sinusoid of the points")
    assert [y for _, y in shown["places"]] == pytest.approx(truth.tolist(), abs=1e-5)
    error = ((explorer.adapted.curves["maml"][5] - truth) ** 2).mean().item()
    assert float(drawing.table()[0][3]) == pytest.approx(error, abs=0.011)
    assert drawing.in_kernel() == [wanted, 5]


def test_the_curves_are_drawn_as_computed_and_read_where_the_reader_wants(drawing):
    names: dict = {}
    exec(LEARNERS, names)
    explorer = names["DrawTaskExplorer"](names["learners"], names["family"], most_steps=5)
    for name, curves in explorer.adapted.curves.items():
        [after] = drawing.marks("Curve", f"{label_of(name)} after 1 step (thin: before)")
        assert [y for _, y in after["places"]] == pytest.approx(curves[1].tolist(), abs=1e-4)
    drawing.slide("read the curves at x", "End")
    expect(drawing.area.locator("th").nth(4)).to_have_text("curve at x = 5.00")
    value = float(drawing.table()[0][4].replace("−", "-"))
    assert value == pytest.approx(explorer.adapted.curves["maml"][1][-1].item(), abs=0.006)


def test_the_canvas_runs_ahead_of_a_slow_kernel(drawing):
    page = drawing.notebook.page
    drawing.begin_empty()
    drawing.notebook.run_code_cell(3)
    frames = int(drawing.canvas.get_attribute("data-frames"))
    page.mouse.move(*drawing.at(-4, 0))
    page.mouse.down()
    for tenth in range(1, 61):
        page.mouse.move(*drawing.at(-4 + tenth / 10, tenth / 20))
        page.wait_for_timeout(10)
    page.wait_for_timeout(50)
    assert drawing.points()[0] == pytest.approx((2, 3), abs=0.03)
    assert drawing.canvas.get_attribute("data-busy") == "true"
    assert int(drawing.canvas.get_attribute("data-frames")) - frames > 30
    page.mouse.up()
    drawing.answered()
    assert_table(drawing)  # the newest points won
    assert 2 <= drawing.in_kernel(cell=4) < 30  # of 61 places


def test_a_failure_in_the_kernel_is_read_and_does_not_block(drawing):
    page = drawing.notebook.page
    drawing.notebook.run_code_cell(5)
    page.mouse.click(*drawing.at(0, 5.5))
    drawing.says("This view failed: ZeroDivisionError")
    drawing.notebook.run_code_cell(7)
    page.mouse.click(*drawing.at(2, 5.5))
    drawing.status("New: point 6")
    drawing.answered()
    assert_table(drawing)


def test_axe_finds_no_fault_in_it(drawing):
    found = Axe().run(drawing.notebook.page, context=".drag").response
    assert [each["id"] for each in found["violations"]] == []
    assert len(found["passes"]) > 5, "axe has looked at next to nothing"
