"""Handles are arguments of the view; what is wrong with their places is said."""

import re

import numpy as np
import pytest

from metalearn_lab.explorers.controls import slider
from metalearn_lab.explorers.drag_canvas import DragCanvas
from metalearn_lab.explorers.drag_explorer import DragExplorer
from metalearn_lab.explorers.explorer import WIDGET_VIEW_MIME, html_view
from tests.explorers.small_drag_explorer import BowlExplorer, descent

SCRIPT = DragCanvas._esm


@pytest.fixture
def asks(monkeypatch):
    """Send a message as the canvas does: to whoever listens to it."""
    listeners = []
    monkeypatch.setattr(DragCanvas, "on_msg", lambda _, listener: listeners.append(listener))

    def ask(explorer, **message):
        for listener in listeners:
            listener(explorer.canvas, message, [])

    return ask


@pytest.fixture
def explorer(asks):
    return BowlExplorer()


def path(explorer):
    [curve] = [mark for mark in explorer.drawing.marks if getattr(mark, "label", "") == "MAML"]
    return curve.x


def test_a_moved_handle_moves_the_drawing_and_its_table(explorer):
    np.testing.assert_allclose(path(explorer), descent(2.0, 3))
    explorer.move("theta", (-1.0, 4.0))
    np.testing.assert_allclose(path(explorer), descent(-1.0, 3))
    assert "<td" in explorer.view_widget.value
    assert "-0.343" in explorer.view_widget.value
    assert explorer.handles == {"theta": (-1.0, 0.0), "centre": (0.5, -0.25)}, "theta keeps its y"
    explorer.controls["steps"].value = 5
    np.testing.assert_allclose(path(explorer), descent(-1.0, 5))
    assert explorer.drawing.handles[0].y == 0.5


def test_the_browser_gets_what_was_drawn(explorer):
    sent = explorer.canvas.drawing
    for mark, given in zip(sent["marks"], explorer.drawing.marks, strict=True):
        assert mark["kind"] == type(given).__name__
        assert mark.get("label") == getattr(given, "label", None)
    places = np.frombuffer(sent["marks"][1]["places"], "<f8").reshape(2, -1)
    np.testing.assert_array_equal(places, [descent(2.0, 3), descent(2.0, 3) ** 2 / 2])
    arrow = next(mark for mark in sent["marks"] if mark["kind"] == "Arrow")
    ends = np.frombuffer(arrow["places"], "<f8").reshape(2, 2)
    np.testing.assert_allclose(ends, [[2.0, descent(2.0, 3)[-1]], [0.2, 0.2]])
    assert [handle["name"] for handle in sent["handles"]] == ["theta", "centre"]
    assert sent["alt"].startswith("From θ = 2.00")
    assert (sent["panels"][1]["x"], sent["most"]) == ((-2, 2), 0)


def test_the_canvas_asks_and_is_answered(explorer, asks):
    asks(explorer, ask=0.25, handles=[["theta", [1.5, 0]], ["centre", [1, 0.5]]])
    assert explorer.handles == {"theta": (1.5, 0.0), "centre": (1.0, 0.5)}
    np.testing.assert_allclose(path(explorer), descent(1.5, 3))
    assert explorer.canvas.answered == 0.25


def test_a_handle_that_the_view_hides_keeps_its_place(explorer, asks):
    explorer.controls["steps"].value = 0
    assert [handle["name"] for handle in explorer.canvas.drawing["handles"]] == ["theta"]
    asks(explorer, ask=0.5, handles=[["theta", [1, 0]]])
    assert explorer.handles == {"theta": (1.0, 0.0), "centre": (0.5, -0.25)}


def test_a_view_that_fails_is_heard_and_seen(explorer, asks):
    with pytest.raises(RuntimeError, match="too <far>"):
        asks(explorer, ask=0.5, handles=[["theta", [2.95, 0]], ["centre", [0, 0]]])
    assert "This view failed" in explorer.view_widget.value
    assert "too &lt;far&gt;" in explorer.view_widget.value
    assert explorer.canvas.answered == 0.5  # or the canvas would wait for ever
    asks(explorer, ask=0.75, handles=[["theta", [1, 0]], ["centre", [0, 0]]])
    assert "A note: 1 &lt; 2" in explorer.view_widget.value


@pytest.mark.parametrize(
    ("name", "place", "message"),
    [
        ("psi", (0, 0), "no handle is called 'psi'"),
        ("centre", (float("nan"), 0), "centre must be at two finite numbers"),
        ("centre", (0, float("inf")), "centre must be at two finite numbers"),
        ("centre", (0, 0, 0), "centre must be at two finite numbers"),
        ("centre", (2.1, 0), r"centre is out of the picture: x must be in \[-2, 2\]"),
        ("centre", (0, 1.1), r"and y in \[-1, 1\]"),
        ("theta", (3.1, 0), r"theta is out of the picture: x must be in \[-3, 3\]"),
    ],
)
def test_a_place_that_cannot_be_is_refused_and_changes_nothing(explorer, name, place, message):
    before = dict(explorer.handles)
    with pytest.raises(ValueError, match=message):
        explorer.move(name, place)
    assert explorer.handles == before


def test_a_place_that_cannot_be_is_refused_at_first_too():
    class Far(BowlExplorer):
        def __init__(self):
            handles = {"theta": (2.0, 0.0), "centre": (2.5, 0.0)}
            DragExplorer.__init__(self, {"steps": slider("steps", 3, 0, 9)}, handles)

    with pytest.raises(ValueError, match="centre is out of the picture"):
        Far()


def test_a_view_without_a_drawing_is_refused():
    class Plain(DragExplorer):
        def view(self, **handles):
            return html_view("<p>no canvas</p>", "no canvas")

    with pytest.raises(TypeError, match="made by drag_view"):
        Plain({}, {"theta": (0.0, 0.0)})


def test_it_is_shown_live_and_as_a_still_picture_of_now(explorer):
    first = explorer.bundle()[0]["image/png"]
    explorer.move("centre", (-1.0, 0.5))
    data, metadata = explorer.bundle()
    assert data[WIDGET_VIEW_MIME]["model_id"] == explorer.box.model_id
    assert data["image/png"] != first
    assert data["text/plain"] == metadata["image/png"]["alt"] == explorer.canvas.drawing["alt"]
    assert "centre at -1.00, 0.50" in data["text/plain"]
    assert [*explorer.box.children[1:]] == [explorer.canvas, explorer.view_widget]


def test_the_script_reaches_nothing_outside_itself():
    assert not re.search(r"https?://|\bimport\b|\bfetch\(|\beval\(", SCRIPT)
