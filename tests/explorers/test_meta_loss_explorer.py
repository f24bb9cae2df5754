"""θ is dragged over the map: steps, losses and arrows are those of autograd."""

import re

import pytest
import torch

from metalearn_lab.explorers.meta_loss_explorer import ARROW, TASK_COLORS, MetaLossExplorer
from metalearn_lab.figures.drawing import Arrow, Curve, Dot
from metalearn_lab.tasks.planar_quadratics import planar_quadratics

BOWLS = planar_quadratics(
    [(9, 0.6), (7, 0.5), (1.5, 1.5)], [20, 110, 0], [(-2, -1), (2, 0.4), (0, 2)]
)


@pytest.fixture
def explorer():
    return MetaLossExplorer(BOWLS)


def walked(theta, inner_lr, inner_steps):
    """Every θ_j of every task, and the two losses with their gradients in θ, by autograd."""
    start = torch.tensor(theta, dtype=torch.float64, requires_grad=True)
    paths, firsts, lasts = [], [], []
    for curvature, centre in zip(BOWLS.curvatures, BOWLS.centres, strict=True):
        place, path = start, []
        for step in range(inner_steps + 1):
            loss = (place - centre) @ curvature @ (place - centre) / 2
            path.append(tuple(place.tolist()))
            if step == 0:
                firsts.append(loss)
            [slope] = torch.autograd.grad(loss, place, create_graph=True)
            place = place - inner_lr * slope if step < inner_steps else place
        paths.append(path)
        lasts.append(loss)
    before, after = torch.stack(firsts).mean(), torch.stack(lasts).mean()
    slopes = [torch.autograd.grad(loss, start, retain_graph=True)[0] for loss in (before, after)]
    return paths, (before, after), slopes


def of_panel(explorer, kind, panel=0, **wanted):
    return [
        mark
        for mark in explorer.drawing.marks
        if isinstance(mark, kind)
        and mark.panel == panel
        and all(getattr(mark, name) == value for name, value in wanted.items())
    ]


@pytest.mark.parametrize("theta", [(-1.0, 1.5), (2.5, -2.0), (0.0, 0.0)])
@pytest.mark.parametrize(("inner_lr", "inner_steps"), [(0.1, 1), (0.03, 4), (0.25, 2)])
def test_what_is_drawn_is_the_trajectory(explorer, theta, inner_lr, inner_steps):
    explorer.controls["inner_lr"].value = inner_lr
    explorer.controls["inner_steps"].value = inner_steps
    explorer.move("theta", theta)
    paths, (before, after), slopes = walked(theta, inner_lr, inner_steps)
    for color, path in zip(TASK_COLORS, paths, strict=True):
        dots = of_panel(explorer, Dot, color=color, filled=True)
        assert [(dot.x, dot.y) for dot in dots] == [pytest.approx(place) for place in path[1:]]
    for panel in (0, 1):
        arrows = of_panel(explorer, Arrow, panel)
        for arrow, slope in zip(arrows, slopes, strict=True):
            way = torch.tensor(arrow.end) - torch.tensor(arrow.start)
            assert arrow.start == theta
            torch.testing.assert_close(
                way.double(), -ARROW * slope / slope.norm(), rtol=1e-5, atol=1e-6
            )
    cells = re.findall(r"<td[^>]*>(.*?)</td>", explorer.view_widget.value)
    assert [cells[0], cells[3]] == [f"{after.item():.2f}", f"{before.item():.2f}"]
    lengths = [f"{slope.norm().item():.2f}" for slope in slopes]
    assert [cells[5], cells[2]] == lengths


def test_the_contours_are_of_one_loss_each(explorer):
    for panel, steps in ((0, 1), (1, 0)):
        curves = of_panel(explorer, Curve, panel, label="contours of the loss")
        assert len(curves) >= 6
        for curve in curves:
            places = torch.tensor([curve.x, curve.y], dtype=torch.float64).T
            losses = BOWLS.loss_after(places, inner_lr=0.1, inner_steps=steps)
            assert (losses.max() - losses.min()) / losses.mean() < 0.06


def test_the_arrow_down_the_mean_loss_goes_where_that_is_lowest(explorer):
    lowest = BOWLS.stationary_point("joint", inner_lr=0.1, inner_steps=1)
    explorer.move("theta", tuple(lowest.tolist()))
    assert len(of_panel(explorer, Arrow)) == 1
    assert "apart" not in explorer.current_view.data["text/plain"]


def test_with_no_step_the_two_are_one(explorer):
    explorer.controls["inner_lr"].value = 0.0
    assert "point 0 degrees apart" in explorer.current_view.data["text/plain"]
