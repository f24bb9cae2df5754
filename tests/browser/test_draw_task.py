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

from metalearn_lab.workbook.kernel import KERNEL_METADATA
from tests.browser.driver import look_at
from tests.browser.explorer import PATIENCE, ExplorerOnPage

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
STATE = "print([explorer.points, explorer.steps])"
SLOW = """
import time
asked, draw = [], explorer.draw

def slowly(points, truth=None):
    asked.append(points)
    time.sleep(0.5)
    draw(points, truth)

explorer.draw = slowly
"""
BROKEN = "learners['maml'].inner_step = lambda *_: 1 / 0"
MENDED = "del learners['maml'].inner_step"
FULL = "explorer.points = [[place / 10, 1.0] for place in range(30)]"
CELLS = (LEARNERS, EXPLORER, STATE, SLOW, "print(len(asked))", BROKEN, FULL, MENDED)
NEXT_PICTURE = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
LEFT, RIGHT, TOP, BOTTOM = 34, 12, 10, 26  # pixels of the canvas around its axes


class Drawing(ExplorerOnPage):
    """The explorer of the notebook above."""

    @property
    def canvas(self):
        return self.area.locator("canvas")

    def at(self, x, y):
        """Where on the page a place of the picture is."""
        self.canvas.scroll_into_view_if_needed()  # running a cell may have moved the page
        box = self.canvas.bounding_box()
        across = (box["width"] - LEFT - RIGHT) / 10
        down = (box["height"] - TOP - BOTTOM) / 12
        return box["x"] + LEFT + (x + 5) * across, box["y"] + TOP + (6 - y) * down

    def points(self):
        """The points of the list under the canvas."""
        return [
            [float(number.replace("−", "-")) for number in re.findall(r"−?\d+\.\d+", text)]
            for text in self.texts("li")
        ]

    def status(self, text):
        expect(self.area.get_by_role("status")).to_contain_text(text, timeout=PATIENCE * 1000)

    def settle(self):
        """Wait until the kernel has answered and the answer is drawn."""
        self.notebook.page.evaluate(NEXT_PICTURE)  # which says whether the kernel is waited for
        expect(self.canvas).to_have_attribute("data-busy", "false", timeout=PATIENCE * 1000)

    def in_kernel(self, cell=2):
        """What the kernel prints of its points and steps."""
        self.notebook.run_code_cell(cell)
        return ast.literal_eval(self.notebook.output(cell).inner_text().strip())

    def type(self, *keys):
        for key in keys:
            self.notebook.page.keyboard.press(key)
        self.settle()

    def begin_empty(self):
        self.area.get_by_role("button", name="Clear").click()
        self.settle()
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
    opened.settle()
    assert len(opened.points()) == 4
    yield opened
    assert notebook.errors() == []
    assert notebook.complaints == []


def expected_table(points, steps):
    """The table for these points, computed here: errors before and after, a dash, a value."""
    names: dict = {}
    exec(LEARNERS, names)
    explorer = names["DrawTaskExplorer"](names["learners"], names["family"], most_steps=5)
    explorer.points = points
    middle = explorer.x.abs().argmin()
    return {
        label: [drawn[0].item(), drawn[steps].item(), curve[steps][middle].item()]
        for label, drawn, curve in zip(
            ("MAML", "pretrain + fine-tune"),
            explorer.drawn.errors.values(),
            explorer.drawn.curves.values(),
            strict=True,
        )
    }


def numbers(row):
    return [float(row[column].replace("−", "-")) for column in (1, 2, 4)]


def assert_table(drawing, steps=1):
    """The page says what the learners make of the points that it lists."""
    drawing.notebook.page.mouse.move(*drawing.at(0, -5.9))  # values are read at x = 0
    expect(drawing.area.locator("th").nth(4)).to_have_text("curve at x = 0.00")
    table = expected_table(drawing.points(), steps)
    rows = drawing.table()
    assert [row[0] for row in rows] == list(table)
    for row, expected in zip(rows, table.values(), strict=True):
        assert numbers(row) == pytest.approx(expected, abs=0.011)


def test_the_pointer_adds_drags_and_removes_points(drawing):
    page = drawing.notebook.page
    drawing.begin_empty()
    drawing.status("Put a point on the canvas")
    assert [row[1:4] for row in drawing.table()] == [["–", "–", "–"]] * 2
    for place in ((-3, 2), (1, -1.5), (3.5, 4)):
        page.mouse.click(*drawing.at(*place))
        drawing.settle()
        assert drawing.points()[-1] == pytest.approx(place, abs=0.03)
    drawing.status("point 3 at x 3.5")
    assert_table(drawing)
    before = drawing.table()

    page.mouse.move(*drawing.at(1, -1.5))
    page.mouse.down()
    page.mouse.move(*drawing.at(1.5, 3), steps=8)
    page.mouse.up()
    drawing.settle()
    first, moved, last = drawing.points()
    assert moved == pytest.approx((1.5, 3), abs=0.03)
    drawing.status(f"point 2 at x {moved[0]:.2f}, y {moved[1]:.2f}; 3 points")
    assert_table(drawing)
    assert drawing.table() != before
    assert drawing.in_kernel() == [[first, moved, last], 1]

    page.mouse.dblclick(*drawing.at(*first))
    drawing.settle()
    drawing.status("Point 1 removed; 2 points")
    assert drawing.points() == [moved, last]
    assert_table(drawing)


def test_the_keyboard_alone_draws_moves_and_removes(drawing):
    page = drawing.notebook.page
    drawing.area.get_by_role("button", name="Clear").focus()
    drawing.type("Enter")
    assert drawing.points() == []
    drawing.type("Tab", "Tab", "Tab")  # past the sinusoid and the steps; no sinusoid to show
    expect(drawing.canvas).to_be_focused()
    outline = drawing.canvas.evaluate("canvas => getComputedStyle(canvas).outlineWidth")
    assert outline == "3px"

    drawing.type("Shift+ArrowRight", "ArrowRight", "ArrowUp", "ArrowUp")
    drawing.status("x 1.10, y 0.20")
    drawing.type("Enter", "Shift+ArrowLeft", "Shift+ArrowLeft", "Space")
    assert drawing.points() == [[1.1, 0.2], [-0.9, 0.2]]
    drawing.status("point 2 at x −0.90, y 0.20; 2 points")
    drawing.type("Enter")
    drawing.status("Holding point 2")
    drawing.type("Shift+ArrowDown", "ArrowLeft", "Escape", "Shift+ArrowUp")
    assert drawing.points() == [[1.1, 0.2], [-1.0, -0.8]]
    assert drawing.in_kernel()[0] == [[1.1, 0.2], [-1.0, -0.8]]
    drawing.canvas.focus()
    drawing.type("Delete")
    drawing.status("Point 2 removed; 1 point")
    assert drawing.points() == [[1.1, 0.2]]
    assert_table(drawing)
    drawing.canvas.focus()
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
    assert drawing.points() == [[place / 10, 1.0] for place in range(30)]
    assert_table(drawing)
    drawing.canvas.focus()
    drawing.type("Enter")
    drawing.status("30 points at most")
    assert len(drawing.points()) == 30


def test_an_unseen_sinusoid_can_be_shown_and_the_steps_chosen(drawing):
    reveal = drawing.area.get_by_label("show the sinusoid")
    drawing.begin_empty()
    expect(reveal).to_be_disabled()
    drawing.area.get_by_role("button", name="An unseen sinusoid: 4 points").press("Enter")
    expect(drawing.area.locator("li")).to_have_count(4, timeout=PATIENCE * 1000)
    drawing.settle()
    names: dict = {}
    exec(LEARNERS, names)
    support, (amplitude, phase) = names["family"].batch(1, 1).support, names["family"].curves(1, 1)
    wanted = torch.cat([support.x[0], support.y[0]], 1).tolist()
    assert drawing.points() == [pytest.approx(point, abs=0.0051) for point in wanted]
    assert drawing.in_kernel()[0] == wanted

    assert drawing.table()[0][3] == "–"
    reveal.press("Space")
    drawing.area.get_by_label("inner steps").press("End")
    expect(drawing.area.locator("th").nth(2)).to_have_text("points, after 5 steps")
    drawing.settle()
    explorer = names["DrawTaskExplorer"](names["learners"], names["family"], most_steps=5)
    explorer.draw_unseen()
    truth = amplitude * torch.sin(explorer.x - phase)
    error = ((explorer.drawn.curves["maml"][5] - truth) ** 2).mean().item()
    assert float(drawing.table()[0][3]) == pytest.approx(error, abs=0.011)
    assert drawing.in_kernel() == [wanted, 5]


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
    drawing.settle()
    assert_table(drawing)  # the newest points won
    assert 2 <= drawing.in_kernel(cell=4) < 30  # of 61 places


def test_a_failure_in_the_kernel_is_read_and_does_not_block(drawing):
    page = drawing.notebook.page
    drawing.notebook.run_code_cell(5)
    page.mouse.click(*drawing.at(0, 5.5))
    drawing.status("This view failed: ZeroDivisionError")
    drawing.notebook.run_code_cell(7)
    page.mouse.click(*drawing.at(2, 5.5))
    drawing.status("New: point 6")
    drawing.settle()
    assert_table(drawing)


def test_axe_finds_no_fault_in_it(drawing):
    found = Axe().run(drawing.notebook.page, context=".draw-task").response
    assert [each["id"] for each in found["violations"]] == []
    assert len(found["passes"]) > 10, "axe has looked at next to nothing"
