"""The curves are the learners adapted to the points; what is wrong with the points is said."""

import copy
import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from metalearn_lab.explorers.drag_canvas import DragCanvas
from metalearn_lab.explorers.draw_task_explorer import DrawTaskExplorer
from metalearn_lab.explorers.explorer import WIDGET_VIEW_MIME
from metalearn_lab.figures.drawing import Curve, Words, curve_look
from metalearn_lab.figures.style import STYLES
from metalearn_lab.learners.joint import JointPretraining
from metalearn_lab.learners.maml import MAML
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.tasks.types import Split

FAMILY = Sinusoids(shots=5, queries=5, split="test")
POINTS = [(-3.0, 2.0), (0.5, -1.25), (1.2, 0.4)]


@pytest.fixture
def learners():
    settings = {"inner_lr": 0.02, "inner_steps": 1}
    return {
        "maml": MAML(MLP([1, 8, 1], seed=1), F.mse_loss, **settings),
        "fine_tuning": JointPretraining(MLP([1, 8, 1], seed=2), F.mse_loss, **settings),
    }


@pytest.fixture
def asks(monkeypatch):
    """Send a message as the canvas does: to whoever listens to it."""
    listeners = []
    monkeypatch.setattr(DragCanvas, "on_msg", lambda _, listener: listeners.append(listener))

    def ask(explorer, ask, points):
        handles = [[f"point {i}", point] for i, point in enumerate(points, 1)]
        for listener in listeners:
            listener(explorer.canvas, {"ask": ask, "handles": handles}, [])

    return ask


@pytest.fixture
def explorer(learners, asks):
    return DrawTaskExplorer(learners, FAMILY, most_steps=3)


def curves(explorer):
    """What the browser gets: of each learner the curves before and after, ``[2, 2, grid]``."""
    marks = [mark for mark in explorer.canvas.drawing["marks"] if mark["color"] != "#6b6b6b"]
    places = [np.frombuffer(mark["places"], "<f8").reshape(2, -1) for mark in marks]
    return torch.tensor(np.array([y for _, y in places])).reshape(2, 2, -1).float()


def truth(explorer):
    """The sinusoid, where it is drawn."""
    marks = explorer.drawing.marks
    return [mark.y for mark in marks if isinstance(mark, Curve) and "sinusoid" in mark.label]


@pytest.mark.parametrize("steps", [0, 1, 3])
def test_the_curves_are_the_learners_adapted_to_the_points(explorer, learners, steps):
    explorer.points = POINTS
    explorer.controls["steps"].value = steps
    x, y = torch.tensor(POINTS).T[:, None, :, None]
    for place, (name, learner) in enumerate(learners.items()):
        trajectory = learner.adapt(Split(x, y), 3)
        along = explorer.x[None, :, None]
        wanted = torch.stack([learner.predict(theta, along)[0, :, 0] for theta in trajectory])
        there = torch.stack([learner.predict(theta, x)[0, :, 0] for theta in trajectory])
        errors = ((there - y[0, :, 0]) ** 2).mean(1)
        torch.testing.assert_close(explorer.adapted.curves[name], wanted)
        torch.testing.assert_close(curves(explorer)[place], wanted[[0, steps]])
        torch.testing.assert_close(explorer.adapted.errors[name], errors)
        for step in (0, steps):
            assert f">{errors[step]:.2f}</td>" in explorer.view_widget.value


def test_the_order_of_the_points_changes_nothing(explorer):
    explorer.points = POINTS
    before = curves(explorer)
    explorer.points = POINTS[::-1]
    torch.testing.assert_close(curves(explorer), before, rtol=1e-4, atol=1e-5)


def test_one_point_more_moves_every_curve_but_the_first(explorer):
    explorer.points = POINTS
    before = curves(explorer)
    explorer.points = [*POINTS, (4.0, 5.0)]
    moved = (curves(explorer) - before).abs().amax(-1)
    assert (moved[:, 0] == 0).all()
    assert (moved[:, 1] > 1e-3).all()


def test_without_points_the_curves_are_those_before_adaptation(explorer, learners):
    explorer.points = []
    for name, learner in learners.items():
        start = learner.model(explorer.x[:, None])[:, 0].detach()
        assert explorer.adapted.curves[name].shape == (4, 121)
        for curve in explorer.adapted.curves[name]:
            torch.testing.assert_close(curve, start)
        assert explorer.adapted.errors[name].isnan().all()
    assert "before any adaptation" in explorer.bundle()[1]["image/png"]["alt"]
    assert "nan" not in explorer.view_widget.value
    assert "diverged" not in explorer.view_widget.value
    [words] = [mark.text for mark in explorer.drawing.marks if isinstance(mark, Words)]
    assert words == "Put a point on the canvas"


def test_points_are_given_back_as_they_were_given(explorer):
    explorer.points = [(0.1, -0.3), [5, 6]]
    assert explorer.points == [(0.1, -0.3), (5.0, 6.0)]
    assert [handle["name"] for handle in explorer.canvas.drawing["handles"]] == [
        "point 1",
        "point 2",
    ]
    assert explorer.canvas.drawing["most"] == 30
    assert (
        "<p>point 1 at x 0.10, y −0.30; point 2 at x 5.00, y 6.00</p>" in explorer.view_widget.value
    )


def test_it_begins_with_an_unseen_task_and_draws_the_next(explorer):
    reveal = explorer.controls["reveal"]
    for task in (0, 1):
        support = FAMILY.batch(task, 1).support
        torch.testing.assert_close(
            torch.tensor(explorer.points), torch.cat([support.x[0], support.y[0]], 1)
        )
        amplitude, phase = FAMILY.curves(task, 1)
        torch.testing.assert_close(explorer.truth, amplitude * torch.sin(explorer.x - phase))
        assert truth(explorer) == [] or task
        reveal.value = True
        torch.testing.assert_close(truth(explorer), [explorer.truth])
        explorer.draw_unseen()
    explorer.points = POINTS  # a task of the reader's own: nobody knows its sinusoid
    assert explorer.truth is None
    assert truth(explorer) == []
    assert (reveal.disabled, reveal.value) == (True, False)
    explorer.draw_unseen()
    assert (reveal.disabled, reveal.value) == (False, False)


@pytest.mark.parametrize("steps", [1, 3])
def test_the_error_on_the_sinusoid_is_there_once_it_is_shown(explorer, steps):
    explorer.controls["steps"].value = steps
    errors = [
        f">{((curve[steps] - explorer.truth) ** 2).mean():.2f}</td>"
        for curve in explorer.adapted.curves.values()
    ]
    assert not any(error in explorer.view_widget.value for error in errors)
    explorer.controls["reveal"].value = True
    assert all(error in explorer.view_widget.value for error in errors)


def test_the_curves_can_be_read_anywhere(explorer):
    for at, place, steps in ((0.0, 60, 1), (-5.0, 0, 3), (2.5, 90, 0)):
        explorer.controls["at"].value = at
        explorer.controls["steps"].value = steps
        assert explorer.x[place] == pytest.approx(at, abs=1e-6)
        assert f"curve at x = {at:.2f}</th>".replace("-", "−") in explorer.view_widget.value
        for name in explorer.learners:
            value = f"{explorer.adapted.curves[name][steps][place]:.2f}".replace("-", "−")
            assert f">{value}</td></tr>" in explorer.view_widget.value


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([(1.0, 2.0, 3.0)], "point 1 must be at two finite numbers, x and y"),
        ([(0.0, 0.0), (math.nan, 0.0)], "point 2 must be at two finite numbers"),
        ([(math.inf, 0.0)], "point 1 must be at two finite numbers"),
        ([(5.5, 0.0)], r"point 1 is out of the picture: x must be in \[-5\.0, 5\.0\]"),
        ([(0.0, -6.01)], r"y in \[-6\.0, 6\.0\], got \(0\.0, -6\.01\)"),
        ([(0.0, 0.0)] * 31, "31 points, where 30 is the most"),
    ],
)
def test_points_that_cannot_be_drawn_are_refused_and_change_nothing(explorer, points, message):
    before, truth = explorer.points, explorer.truth
    with pytest.raises(ValueError, match=message):
        explorer.points = points
    assert explorer.points == before
    assert explorer.truth is truth


def test_the_canvas_asks_and_is_answered_with_its_question(explorer, asks):
    asks(explorer, 0.25, [[-3, 2], [0.5, -1.25]])
    assert explorer.points == POINTS[:2]
    assert explorer.truth is None
    assert explorer.canvas.answered == 0.25
    asks(explorer, 0.5, [])
    assert explorer.points == []
    assert explorer.canvas.answered == 0.5


def test_the_buttons_clear_the_canvas_and_draw_an_unseen_task(explorer):
    [clear, unseen] = explorer.box.children[1].children
    clear.click()
    assert (explorer.points, explorer.truth) == ([], None)
    unseen.click()
    support = FAMILY.batch(1, 1).support
    wanted = torch.cat([support.x[0], support.y[0]], 1)
    torch.testing.assert_close(torch.tensor(explorer.points), wanted)


def test_a_learner_that_fails_is_heard_and_seen(explorer, learners, asks):
    def fail(*args):
        raise RuntimeError("no such layer")

    learners["maml"].inner_step = fail
    with pytest.raises(RuntimeError, match="no such layer"):
        explorer.points = POINTS
    with pytest.raises(RuntimeError, match="no such layer"):  # the widgets' library logs it
        asks(explorer, 0.75, POINTS)
    assert "This view failed: RuntimeError(&#x27;no such layer&#x27;)" in explorer.view_widget.value
    assert explorer.canvas.answered == 0.75  # or the canvas would wait for ever
    del learners["maml"].inner_step
    explorer.points = POINTS
    assert "failed" not in explorer.view_widget.value


def test_an_adaptation_that_diverges_is_sent_and_named(learners):
    learners["maml"].inner_lr = 1e6
    explorer = DrawTaskExplorer(learners, FAMILY, most_steps=10)
    explorer.points = POINTS
    explorer.controls["steps"].value = 10
    assert not curves(explorer)[0].isfinite().all()
    assert curves(explorer)[1].isfinite().all()
    assert "diverged" in explorer.view_widget.value


def test_the_steps_choose_from_what_is_computed(explorer):
    explorer.points = POINTS
    adapted = explorer.adapted
    explorer.controls["steps"].value = 3
    assert explorer.adapted is adapted
    alt = explorer.bundle()[1]["image/png"]["alt"]
    before, after = (adapted.errors["maml"][step] for step in (0, 3))
    assert "after 3 inner steps on them. Mean squared error on the points" in alt
    assert f"MAML {before:.2f} and {after:.2f}" in alt
    assert (explorer.controls["steps"].min, explorer.controls["steps"].max) == (0, 3)


def test_drawing_trains_nothing(explorer, learners):
    before = copy.deepcopy([learner.state_dict() for learner in learners.values()])
    for points in (POINTS, POINTS[:1], []):
        explorer.points = points
    for kept, learner in zip(before, learners.values(), strict=True):
        assert all(torch.equal(kept[name], now) for name, now in learner.state_dict().items())


def test_it_is_shown_live_and_as_a_still_picture(explorer):
    data, metadata = explorer.bundle()
    assert data[WIDGET_VIEW_MIME]["model_id"] == explorer.box.model_id
    assert data["image/png"]
    assert data["text/plain"] == metadata["image/png"]["alt"]
    assert metadata["image/png"]["alt"].startswith("5 points, and the curve of each learner")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"learners": {}}, "no learners to explore"),
        ({"most_steps": 0}, "most_steps must be 1 or more"),
        ({"most_points": 4}, "most_points 5 or more for tasks of 5 points"),
    ],
)
def test_what_cannot_be_explored_is_refused(learners, changes, message):
    arguments = {"learners": learners, "most_steps": 2, **changes}
    with pytest.raises(ValueError, match=message):
        DrawTaskExplorer(arguments.pop("learners"), FAMILY, **arguments)


def test_every_learner_has_dashes_of_its_own():
    assert len({tuple(curve_look(name)["dash"]) for name in STYLES}) == len(STYLES)
    assert curve_look("mine")["label"] == "mine"
