"""What is drawn are the codes and lines computed apart: a gradient step, and ridge."""

import pytest
import torch

from metalearn_lab.explorers.set_to_line_explorer import (
    RIDGE_COLOR,
    STEP_COLOR,
    SetToLineExplorer,
)
from metalearn_lab.figures.drawing import Arrow, Curve, Dot

POINTS = [(-2.0, -1.5), (-1.0, 0.5), (0.5, 0.8)]


@pytest.fixture
def explorer():
    return SetToLineExplorer(POINTS)


def one_step(points, alpha):
    """b and w after one step from 0 on half the mean squared error, by autograd."""
    x, y = torch.tensor(points, dtype=torch.float64).T
    weights = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    (((weights[0] + weights[1] * x - y) ** 2).mean() / 2).backward()
    return (-alpha * weights.grad).tolist()


def ridge(points, strength):
    """b and w by least squares with two rows more."""
    x, y = torch.tensor(points, dtype=torch.float64).T
    rows = torch.cat([torch.stack([torch.ones_like(x), x], 1), strength**0.5 * torch.eye(2)])
    right = torch.cat([y, torch.zeros(2)])[:, None]
    return torch.linalg.lstsq(rows, right).solution[:, 0].tolist()


def assert_drawn(explorer, points, alpha, strength, copies=1):
    marks = explorer.drawing.marks
    expected = {
        STEP_COLOR: one_step(points, alpha),
        RIDGE_COLOR: ridge(points * copies, strength),
    }
    for color, (b, w) in expected.items():
        [dot] = [mark for mark in marks if isinstance(mark, Dot) and mark.color == color]
        assert (dot.x, dot.y, dot.panel) == (pytest.approx(b), pytest.approx(w), 1)
        [line] = [mark for mark in marks if isinstance(mark, Curve) and mark.color == color]
        assert line.y == pytest.approx([b + w * x for x in line.x])
        assert f"{b:.2f}" in explorer.view_widget.value
    codes = [mark.end for mark in marks if isinstance(mark, Arrow)]
    assert codes == [pytest.approx((alpha * y, alpha * y * x)) for x, y in points]


def test_it_begins_with_its_points(explorer):
    assert_drawn(explorer, POINTS, 0.5, 1.0)


def test_lines_follow_a_dragged_point_and_every_control(explorer):
    explorer.move("point 2", (-1.0, 3.0))
    moved = [POINTS[0], (-1.0, 3.0), POINTS[2]]
    assert_drawn(explorer, moved, 0.5, 1.0)
    explorer.controls["inner_lr"].value = 0.8
    assert_drawn(explorer, moved, 0.8, 1.0)
    explorer.controls["strength"].value = 3.0
    assert_drawn(explorer, moved, 0.8, 3.0)
    explorer.controls["twice"].value = True
    assert_drawn(explorer, moved, 0.8, 3.0, copies=2)
