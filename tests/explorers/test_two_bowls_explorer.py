"""θ is dragged: balls, curves and table follow, as plain gradient descent by autograd has it."""

import re

import pytest
import torch

from metalearn_lab.experiments.two_bowls import Bowls
from metalearn_lab.explorers.two_bowls_explorer import TwoBowlsExplorer
from metalearn_lab.figures.drawing import Curve, Dot

BLUE, BLACK = "#0072b2", "#000000"


@pytest.fixture
def explorer():
    return TwoBowlsExplorer(Bowls((1.0, 9.0), (-1.0, 1.0), 0.1, 1))


def walked(theta, curvature, centre, inner_lr, inner_steps):
    """θ_0, …, θ_k and the losses there, by autograd."""
    place = torch.tensor(theta, dtype=torch.float64, requires_grad=True)
    path = []
    for _ in range(inner_steps + 1):
        loss = curvature / 2 * (place - centre) ** 2
        path.append((place.item(), loss.item()))
        [slope] = torch.autograd.grad(loss, place)
        place = (place - inner_lr * slope).detach().requires_grad_()
    return path


def marks(explorer, kind, color):
    return [m for m in explorer.drawing.marks if isinstance(m, kind) and m.color == color]


def rows(explorer):
    found = re.findall(r"<tr><th scope=\"row\".*?</tr>", explorer.view_widget.value)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in found]
    return {row[0]: row[1:] for row in cells}


@pytest.mark.parametrize("theta", [-2.5, 0.3, 1.9])
@pytest.mark.parametrize(("inner_lr", "inner_steps"), [(0.1, 1), (0.05, 3), (0.25, 2)])
def test_the_balls_are_where_gradient_descent_takes_them(explorer, theta, inner_lr, inner_steps):
    explorer.controls["inner_lr"].value = inner_lr
    explorer.controls["inner_steps"].value = inner_steps
    explorer.move("theta", (theta, 5.0))
    [handle] = explorer.drawing.handles
    assert (handle.x, handle.moves) == (theta, "x")
    losses = []
    for color, a, c in (("#b34d00", 1.0, -1.0), ("#5a2da5", 9.0, 1.0)):
        path = walked(theta, a, c, inner_lr, inner_steps)
        balls = [(ball.x, ball.y) for ball in marks(explorer, Dot, color)]
        assert balls == [pytest.approx(place) for place in path]
        losses.append((path[0][1], path[-1][1]))
    before, after = (sum(each) / 2 for each in zip(*losses, strict=True))
    [blue], [black] = (marks(explorer, Dot, color) for color in (BLUE, BLACK))
    assert (blue.x, blue.y) == pytest.approx((theta, after))
    assert (black.x, black.y) == pytest.approx((theta, before))
    assert float(rows(explorer)["mean"][-1]) == pytest.approx(after, abs=6e-4)


def test_the_blue_curve_is_what_its_dot_runs_along(explorer):
    [curve] = marks(explorer, Curve, BLUE)
    for index in (0, 40, 77, 120):
        explorer.move("theta", (curve.x[index], 0.0))
        [dot] = marks(explorer, Dot, BLUE)
        assert dot.y == pytest.approx(curve.y[index])
    lowest = min(range(len(curve.x)), key=lambda i: curve.y[i])
    assert curve.x[lowest] == pytest.approx(-0.8, abs=0.03)


@pytest.mark.parametrize("name", ["a_1", "a_2", "inner_lr", "inner_steps"])
def test_every_control_moves_what_is_shown(explorer, name):
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
def test_what_a_step_does_is_said_for_every_alpha(explorer, inner_lr, says):
    explorer.controls["a_2"].value = 10.0
    explorer.controls["inner_lr"].value = inner_lr
    assert f"Bowl 2: αa = {10 * inner_lr:.3g}, " in explorer.view_widget.value
    assert says in explorer.view_widget.value.split("Bowl 2:")[1]


def test_a_loss_beyond_all_numbers_is_short(explorer):
    for name, value in {"a_2": 10.0, "inner_lr": 0.3, "inner_steps": 10}.items():
        explorer.controls[name].value = value
    assert rows(explorer)["bowl 2"][-1] == f"{5 * 1024**2:.1e}"
