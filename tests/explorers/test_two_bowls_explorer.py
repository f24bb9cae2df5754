"""What is drawn for a start is the path of gradient descent, computed apart, and its losses."""

import math

import pytest
import torch

from metalearn_lab.experiments.two_bowls import Bowls
from metalearn_lab.explorers.two_bowls_explorer import BOWL_COLORS, REACH, TwoBowlsExplorer
from metalearn_lab.figures.drawing import Arrow, Curve, Dot, Words
from metalearn_lab.figures.style import STYLES

CURVATURES, CENTRES = (1.0, 9.0), (-1.0, 1.0)
BEFORE, AFTER = STYLES["joint"].color, STYLES["maml"].color


@pytest.fixture
def explorer():
    return TwoBowlsExplorer(Bowls(CURVATURES, CENTRES, 0.1, 1))


@pytest.fixture
def with_curvatures():
    return TwoBowlsExplorer(Bowls(CURVATURES, CENTRES, 0.1, 1), curvatures=True)


def loss_of(bowl, theta):
    return CURVATURES[bowl] / 2 * (theta - CENTRES[bowl]) ** 2


def descent(bowl, theta, alpha, steps):
    """θ after 0, …, k steps, each by autograd."""
    path = [theta]
    for _ in range(steps):
        here = torch.tensor(path[-1], dtype=torch.float64, requires_grad=True)
        loss_of(bowl, here).backward()
        path.append((here - alpha * here.grad).item())
    return path


def mean_after(theta, alpha, steps):
    return sum(loss_of(bowl, descent(bowl, theta, alpha, steps)[-1]) for bowl in (0, 1)) / 2


def marks(explorer, kind, color, panel):
    found = [mark for mark in explorer.drawing.marks if isinstance(mark, kind)]
    return [mark for mark in found if (mark.color, mark.panel) == (color, panel)]


def assert_drawn(explorer, theta, alpha, steps):
    for bowl, color in enumerate(BOWL_COLORS):
        path = descent(bowl, theta, alpha, steps)
        places = [(x, loss_of(bowl, x)) for x in path]
        balls = marks(explorer, Dot, color, 0)
        assert [(ball.x, ball.y) for ball in balls] == [pytest.approx(each) for each in places]
        assert [ball.filled for ball in balls] == [False] + [True] * steps
        arrows = marks(explorer, Arrow, color, 0)
        assert [arrow.start for arrow in arrows] == [pytest.approx(each) for each in places[:-1]]
        assert [arrow.end for arrow in arrows] == [pytest.approx(each) for each in places[1:]]
    for color, mean in (
        (BEFORE, mean_after(theta, 0, 0)),
        (AFTER, mean_after(theta, alpha, steps)),
    ):
        if mean <= explorer.drawing.panels[1].y[1]:
            [dot] = marks(explorer, Dot, color, 1)
            assert (dot.x, dot.y) == pytest.approx((theta, mean))
        else:
            [words] = marks(explorer, Words, color, 1)
            assert f"{mean:.2f} ↑" in words.text
    [curve] = marks(explorer, Curve, AFTER, 1)
    expected = [mean_after(x, alpha, steps) for x in curve.x[::40]]
    assert curve.y[::40] == pytest.approx(expected)
    assert f"{mean_after(theta, alpha, steps):.2f}" in explorer.view_widget.value


def test_it_begins_where_it_is_told_to(explorer):
    assert_drawn(explorer, 0.0, 0.1, 1)
    assert explorer.drawing.handles[0].x == 0.0
    assert_drawn(TwoBowlsExplorer(Bowls(CURVATURES, CENTRES, 0.05, 2), 0.5), 0.5, 0.05, 2)


@pytest.mark.parametrize("theta", [-0.8, 0.8, -2.0, 1.75])
def test_a_dragged_start_steps_in_both_bowls_and_draws_the_mean_loss(explorer, theta):
    explorer.move("theta", (theta, 0.0))
    assert_drawn(explorer, theta, 0.1, 1)
    [curve] = marks(explorer, Curve, AFTER, 1)
    assert (min(curve.x), max(curve.x)) == pytest.approx((min(theta, 0), max(theta, 0)))


@pytest.mark.parametrize(("alpha", "steps"), [(0.01, 1), (0.1, 3), (0.2, 6), (0.25, 2), (0.0, 2)])
def test_both_sliders_change_the_steps(explorer, alpha, steps):
    explorer.move("theta", (-0.5, 0.0))
    explorer.controls["inner_lr"].value = alpha
    explorer.controls["inner_steps"].value = steps
    assert_drawn(explorer, -0.5, alpha, steps)


@pytest.mark.parametrize(
    ("alpha", "steps", "best"), [(0.1, 1, -0.8), (0.1, 3, -1.0), (0.01, 1, 0.767)]
)
def test_the_lowest_place_of_the_whole_curve_is_named(explorer, alpha, steps, best):
    explorer.controls["inner_lr"].value = alpha
    explorer.controls["inner_steps"].value = steps
    explorer.controls["whole"].value = True
    [curve] = marks(explorer, Curve, AFTER, 1)
    assert (min(curve.x), max(curve.x)) == pytest.approx((-REACH, REACH))
    assert min(zip(curve.y, curve.x, strict=True))[1] == pytest.approx(best, abs=0.02)
    assert f"at θ = {best:.2f}." in explorer.view_widget.value


def test_a_slider_that_is_off_by_rounding_shows_the_same(explorer):
    shown = explorer.view_widget.value
    for alpha in (0.11, math.nextafter(0.1, 0), 0.11, math.nextafter(0.1, 1)):
        explorer.controls["inner_lr"].value = alpha
        assert (explorer.view_widget.value == shown) == (alpha != 0.11)


@pytest.mark.parametrize("name", ["a_1", "a_2", "inner_lr", "inner_steps"])
def test_each_slider_moves_what_is_shown(with_curvatures, name):
    explorer = with_curvatures
    before = explorer.current_view.data["text/plain"]
    explorer.controls[name].value = explorer.controls[name].value + explorer.controls[name].step
    assert explorer.current_view.data["text/plain"] != before


@pytest.mark.parametrize(
    ("inner_lr", "says"),
    [
        (0.0, "an inner step does nothing"),
        (0.05, "leaves 0.5 of the distance"),
        (0.1, "ends exactly in the centre"),
        (0.15, "jumps over the centre and leaves 0.5"),
        (0.2, "jumps to the other side, as far away as before"),
        (0.3, "the inner loop diverges: each step makes the distance 2 times as large"),
    ],
)
def test_what_a_step_does_is_said_for_every_alpha(with_curvatures, inner_lr, says):
    explorer = with_curvatures
    explorer.controls["a_2"].value = 10.0
    explorer.controls["inner_lr"].value = inner_lr
    assert f"Bowl 2: αa = {10 * inner_lr:.3g}, " in explorer.view_widget.value
    assert says in explorer.view_widget.value.split("Bowl 2:")[1]


def test_a_loss_beyond_all_numbers_is_short(with_curvatures):
    explorer = with_curvatures
    for name, value in {"a_2": 10.0, "inner_lr": 0.3, "inner_steps": 10}.items():
        explorer.controls[name].value = value
    assert f">{5 * 1024**2:.1e}<" in explorer.view_widget.value
