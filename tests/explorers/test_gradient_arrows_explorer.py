"""The arrows follow θ, k and α as autograd says; the table and the angles are theirs."""

import math
import re

import pytest
import torch

from metalearn_lab.experiments.gradient_angle import angles
from metalearn_lab.experiments.gradient_arrows import QUERY, SUPPORT, bowl_loss, meta_loss
from metalearn_lab.explorers.gradient_arrows_explorer import ARROW, GradientArrowsExplorer
from metalearn_lab.figures.drawing import Arrow, Curve, Dot
from metalearn_lab.tasks.planar_quadratics import planar_quadratics

TASK = planar_quadratics([(4, 0.5), (4, 0.5)], [25, 25], [(-0.5, -0.4), (0.7, 0.5)])
SETTINGS = [((-1.6, 1.2), 5, 0.1), ((1.1, -0.7), 1, 0.4), ((0.3, 1.9), 20, 0.05)]


@pytest.fixture(scope="module")
def explorer():
    return GradientArrowsExplorer(TASK)


def moved(explorer, theta, k, alpha):
    explorer.move("theta", theta)
    explorer.controls["k"].value = k
    explorer.controls["alpha"].value = alpha


def by_autograd(theta, k, alpha):
    """What the arrows point against."""
    support, query = bowl_loss(TASK, SUPPORT), bowl_loss(TASK, QUERY)

    def walk(start, loss, steps):
        path = [start]
        for _ in range(steps):
            path.append(path[-1] - alpha * torch.func.grad(loss)(path[-1]))
        return path

    start = torch.tensor(theta, dtype=torch.float64)
    path = walk(start, support, k)
    return path, {
        "MAML": torch.func.grad(lambda at: query(walk(at, support, k)[-1]))(start),
        "first-order MAML": torch.func.grad(query)(path[-1]),
        "Reptile": start - walk(start, TASK.loss, k)[-1],
    }


def marks(explorer, kind, **fields):
    return [
        mark
        for mark in explorer.drawing.marks
        if isinstance(mark, kind) and all(getattr(mark, n) == v for n, v in fields.items())
    ]


def rows(explorer):
    found = re.findall(r"<tr>(.*?)</tr>", explorer.current_view.html)
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in found[1:]]


@pytest.mark.parametrize(("theta", "k", "alpha"), SETTINGS)
def test_the_arrows_are_those_of_autograd(explorer, theta, k, alpha):
    moved(explorer, theta, k, alpha)
    path, gradients = by_autograd(theta, k, alpha)
    arrows = marks(explorer, Arrow)
    assert [arrow.label for arrow in arrows] == list(gradients)
    for arrow in arrows:
        assert arrow.start == pytest.approx(theta)
        direction = -gradients[arrow.label] / gradients[arrow.label].norm()
        tip = torch.tensor(theta).double() + ARROW * direction
        assert arrow.end == pytest.approx(tip.tolist())
    [walk] = marks(explorer, Curve, label="inner steps on the support set")
    assert walk.x == pytest.approx([point[0].item() for point in path])
    assert walk.y == pytest.approx([point[1].item() for point in path])


@pytest.mark.parametrize(("theta", "k", "alpha"), SETTINGS)
def test_the_table_has_their_lengths_and_angles(explorer, theta, k, alpha):
    moved(explorer, theta, k, alpha)
    _, gradients = by_autograd(theta, k, alpha)
    exact = gradients["MAML"]
    for row, (name, gradient) in zip(rows(explorer), gradients.items(), strict=True):
        header, x, y, length, ratio, angle = row
        assert header == name
        numbers = [float(each) for each in (x, y, length, ratio)]
        wanted = [*(-gradient).tolist(), gradient.norm(), gradient.norm() / exact.norm()]
        assert numbers == pytest.approx([float(each) for each in wanted], rel=6e-3)
        assert float(angle[:-1]) == pytest.approx(float(angles(exact, gradient)), abs=0.06)


@pytest.mark.parametrize(("theta", "k", "alpha"), SETTINGS)
def test_the_right_panel_has_the_angle_for_every_k(explorer, theta, k, alpha):
    moved(explorer, theta, k, alpha)
    curves = [mark for mark in marks(explorer, Curve, panel=1) if len(mark.x) > 2]
    dots = marks(explorer, Dot, panel=1)
    for curve, dot, name in zip(curves, dots, ("first-order MAML", "Reptile"), strict=True):
        for steps, angle in zip(curve.x, curve.y, strict=True):
            _, gradients = by_autograd(theta, steps, alpha)
            assert angle == pytest.approx(float(angles(gradients["MAML"], gradients[name])))
        assert (dot.x, dot.y) == (k, curve.y[k - 1])


def test_the_thin_line_joins_starts_of_one_query_loss_and_crosses_mamls_arrow_squarely(explorer):
    theta, k, alpha = SETTINGS[0]
    moved(explorer, theta, k, alpha)
    settings = {"inner_lr": alpha, "inner_steps": k}
    wanted = meta_loss(TASK, torch.tensor(theta).double(), **settings)
    lines = marks(explorer, Curve, width=1.0, panel=0)
    points = torch.cat(
        [torch.stack([torch.as_tensor(each.x), torch.as_tensor(each.y)], 1) for each in lines]
    )
    losses = meta_loss(TASK, points.double(), **settings)
    torch.testing.assert_close(losses, wanted.expand(len(losses)), rtol=0.01, atol=0.01)
    near = points[(points - torch.tensor(theta)).norm(dim=1).argsort()[:2]]
    along = near[1] - near[0]
    [arrow] = marks(explorer, Arrow, label="MAML")
    ahead = torch.tensor(arrow.end) - torch.tensor(arrow.start)
    cosine = (along.double() @ ahead.double()) / along.norm() / ahead.norm()
    assert math.degrees(math.acos(float(cosine))) == pytest.approx(90, abs=6)


def test_the_note_says_when_a_step_raises_mamls_loss(explorer):
    moved(explorer, (-1.6, 1.2), 1, 0.4)
    assert "raises MAML&#x27;s loss" in explorer.current_view.html
    moved(explorer, (-1.6, 1.2), 5, 0.1)
    assert "raises MAML" not in explorer.current_view.html
