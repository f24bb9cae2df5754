"""The curves are the learners adapted to the points; what is wrong with the points is said."""

import copy
import math
import re

import pytest
import torch
from torch.nn import functional as F

from metalearn_lab.explorers.draw_task_canvas import DrawTaskCanvas
from metalearn_lab.explorers.draw_task_explorer import DrawTaskExplorer
from metalearn_lab.explorers.explorer import WIDGET_VIEW_MIME
from metalearn_lab.figures.style import STYLES, style_of
from metalearn_lab.learners.joint import JointPretraining
from metalearn_lab.learners.maml import MAML
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.tasks.types import Split

FAMILY = Sinusoids(shots=5, queries=5, split="test")
POINTS = [[-3.0, 2.0], [0.5, -1.25], [1.2, 0.4]]
SCRIPT = DrawTaskCanvas._esm


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
    monkeypatch.setattr(DrawTaskCanvas, "on_msg", lambda _, listener: listeners.append(listener))

    def ask(explorer, **message):
        for listener in listeners:
            listener(explorer.box, message, [])

    return ask


@pytest.fixture
def explorer(learners, asks):
    return DrawTaskExplorer(learners, FAMILY, most_steps=3)


def numbers(explorer, key):
    """What the browser gets, as it reads it."""
    return torch.frombuffer(bytearray(explorer.box.answer[key]), dtype=torch.float32)


def test_the_curves_are_the_learners_adapted_to_the_points(explorer, learners):
    explorer.points = POINTS
    x, y = torch.tensor(POINTS).T[:, None, :, None]
    sent = numbers(explorer, "curves").reshape(2, 4, -1)
    for place, (name, learner) in enumerate(learners.items()):
        trajectory = learner.adapt(Split(x, y), 3)
        along = explorer.x[None, :, None]
        curves = torch.stack([learner.predict(theta, along)[0, :, 0] for theta in trajectory])
        there = torch.stack([learner.predict(theta, x)[0, :, 0] for theta in trajectory])
        errors = ((there - y[0, :, 0]) ** 2).mean(1)
        torch.testing.assert_close(explorer.drawn.curves[name], curves)
        torch.testing.assert_close(sent[place], curves)
        torch.testing.assert_close(numbers(explorer, "errors").reshape(2, 4)[place], errors)


def test_the_order_of_the_points_changes_nothing(explorer):
    explorer.points = POINTS
    before = numbers(explorer, "curves")
    explorer.points = POINTS[::-1]
    torch.testing.assert_close(numbers(explorer, "curves"), before, rtol=1e-4, atol=1e-5)


def test_one_point_more_moves_every_curve_but_the_first(explorer):
    explorer.points = POINTS
    before = numbers(explorer, "curves").reshape(2, 4, -1)
    explorer.points = [*POINTS, [4.0, 5.0]]
    moved = (numbers(explorer, "curves").reshape(2, 4, -1) - before).abs().amax(-1)
    assert (moved[:, 0] == 0).all()
    assert (moved[:, 1:] > 1e-3).all()


def test_without_points_the_curves_are_those_before_adaptation(explorer, learners):
    explorer.points = []
    for name, learner in learners.items():
        start = learner.model(explorer.x[:, None])[:, 0].detach()
        assert explorer.drawn.curves[name].shape == (4, 121)
        for curve in explorer.drawn.curves[name]:
            torch.testing.assert_close(curve, start)
    assert numbers(explorer, "errors").isnan().all()
    assert "before any adaptation" in explorer.bundle()[1]["image/png"]["alt"]


def test_points_are_given_back_as_they_were_given(explorer):
    explorer.points = [(0.1, -0.3), [5, 6]]
    assert explorer.points == explorer.box.answer["points"] == [[0.1, -0.3], [5.0, 6.0]]


def test_it_begins_with_an_unseen_task_and_draws_the_next(explorer):
    for task in (0, 1):
        support = FAMILY.batch(task, 1).support
        torch.testing.assert_close(
            torch.tensor(explorer.points), torch.cat([support.x[0], support.y[0]], 1)
        )
        amplitude, phase = FAMILY.curves(task, 1)
        torch.testing.assert_close(
            numbers(explorer, "truth"), amplitude * torch.sin(explorer.x - phase)
        )
        explorer.draw_unseen()
    explorer.points = POINTS  # a task of the reader's own: nobody knows its sinusoid
    assert explorer.drawn.truth is None
    assert explorer.box.answer["truth"] == b""


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([[0.0, 0.0], [math.nan, 1.0]], "point 2 must be two numbers"),
        ([[0.0, math.inf]], "point 1 must be two numbers"),
        ([[0.0, 0.0, 0.0]], "point 1 must be two numbers"),
        ([[5.1, 0.0]], r"point 1 is out of the picture: x must be in \[-5.0, 5.0\]"),
        ([[0.0, 1.0], [0.0, -6.01]], "point 2 is out of the picture"),
        ([[0.0, 0.0]] * 31, "31 points, where 30 is the most"),
    ],
)
def test_points_that_cannot_be_drawn_are_refused(explorer, points, message):
    explorer.points = POINTS
    with pytest.raises(ValueError, match=message):
        explorer.points = points
    assert explorer.points == POINTS


def test_the_canvas_asks_and_is_answered_with_its_question(explorer, asks):
    asks(explorer, ask=0.25, points=POINTS)
    assert explorer.points == POINTS
    assert explorer.box.answer["ask"] == 0.25
    asks(explorer, ask=0.5, points=None)
    assert explorer.box.answer["ask"] == 0.5
    assert len(explorer.points) == FAMILY.shots
    assert len(numbers(explorer, "truth")) == 121


def test_a_learner_that_fails_is_heard_and_seen(explorer, learners, asks):
    def fail(*args):
        raise RuntimeError("no such layer")

    learners["maml"].inner_step = fail
    with pytest.raises(RuntimeError, match="no such layer"):
        explorer.points = POINTS
    with pytest.raises(RuntimeError, match="no such layer"):  # the widgets' library logs it
        asks(explorer, ask=0.75, points=POINTS)
    assert explorer.box.answer["failure"] == "This view failed: RuntimeError('no such layer')"
    assert explorer.box.answer["ask"] == 0.75  # or the canvas would wait for ever
    del learners["maml"].inner_step
    explorer.points = POINTS
    assert explorer.box.answer["failure"] == ""


def test_an_adaptation_that_diverges_is_sent_as_it_is(learners):
    learners["maml"].inner_lr = 1e6
    explorer = DrawTaskExplorer(learners, FAMILY, most_steps=10)
    explorer.points = POINTS
    assert not numbers(explorer, "errors").reshape(2, -1)[0].isfinite().all()
    assert numbers(explorer, "errors").reshape(2, -1)[1].isfinite().all()


def test_the_steps_choose_from_what_is_computed(explorer):
    explorer.points = POINTS
    learned = explorer.drawn
    explorer.steps = 3
    assert explorer.drawn is learned
    alt = explorer.bundle()[1]["image/png"]["alt"]
    before, after = (learned.errors["maml"][step] for step in (0, 3))
    assert "after 3 inner steps on them. Mean squared error on the points" in alt
    assert f"MAML {before:.2f} and {after:.2f}" in alt
    for steps in (-1, 4, 1.5):
        with pytest.raises(ValueError, match="steps must be in 0, …, 3"):
            explorer.steps = steps


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


def test_the_browser_can_draw_the_style_of_every_learner(learners):
    [table] = re.findall(r"const MARKERS = \{(.*?)\};", SCRIPT, re.DOTALL)
    known = set(re.findall(r'"(.)":', table))
    assert {style_of(name).marker for name in (*STYLES, "mine")} <= known
    learners = dict.fromkeys((*STYLES, "mine"), learners["maml"])
    looks = DrawTaskExplorer(learners, FAMILY, most_steps=1).box.setting["learners"]
    assert len({tuple(look["dash"]) for look in looks[:-1]}) == len(STYLES)
    assert looks[-1]["label"] == "mine"
    assert all(set(look) == {"label", "color", "marker", "dash"} for look in looks)


def test_the_script_reaches_nothing_outside_itself():
    assert not re.search(r"https?://|\bimport\b|\bfetch\(|\beval\(", SCRIPT)
