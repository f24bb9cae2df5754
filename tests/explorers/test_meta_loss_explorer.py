"""θ is dragged over the map: steps, losses and arrows are those of autograd."""

import math
import re
from itertools import pairwise

import pytest
import torch

from metalearn_lab.explorers.meta_loss_explorer import ARROW, TASK_COLORS, MetaLossExplorer
from metalearn_lab.figures.drawing import Arrow, Curve, Dot
from metalearn_lab.figures.style import STYLES
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
        pieces = of_panel(explorer, Curve, color=color, width=1.6)
        ends = [((piece.x[0], piece.y[0]), (piece.x[1], piece.y[1])) for piece in pieces]
        assert [pytest.approx(end) for both in ends for end in both] == [
            place for both in pairwise(path) for place in both
        ]
    for panel in (0, 1):
        arrows = of_panel(explorer, Arrow, panel)
        labels = ("down the mean loss", "down the meta-loss")
        names = ("joint", "maml")
        for arrow, slope, label, name in zip(arrows, slopes, labels, names, strict=True):
            assert (arrow.label, arrow.color) == (label, STYLES[name].color)
            way = torch.tensor(arrow.end) - torch.tensor(arrow.start)
            assert arrow.start == theta
            torch.testing.assert_close(
                way.double(), -ARROW * slope / slope.norm(), rtol=1e-5, atol=1e-6
            )
    cells = re.findall(r"<td[^>]*>(.*?)</td>", explorer.view_widget.value)
    assert [cells[0], cells[3]] == [f"{after.item():.2f}", f"{before.item():.2f}"]
    lengths = [f"{slope.norm().item():.2f}" for slope in slopes]
    assert [cells[5], cells[2]] == lengths
    vectors = [[float(each) for each in cells[place][1:-1].split(",")] for place in (4, 1)]
    assert vectors == [pytest.approx(slope.tolist(), abs=0.006) for slope in slopes]
    alt = explorer.current_view.data["text/plain"]
    assert f"mean loss is {before.item():.2f} before and {after.item():.2f} after" in alt
    cosine = (slopes[0] @ slopes[1] / slopes[0].norm() / slopes[1].norm()).item()
    assert f"point {math.degrees(math.acos(cosine)):.0f} degrees apart" in alt
    [ring] = of_panel(explorer, Dot, 1, size=9)
    assert (ring.x, ring.y) == theta


def test_each_centre_is_marked_and_a_narrow_bowl_has_its_valley(explorer):
    assert [panel.title.split(":")[0] for panel in explorer.drawing.panels] == [
        "meta-loss",
        "mean loss",
    ]
    for panel in (0, 1):
        dots = list(of_panel(explorer, Dot, panel, filled=False))
        assert [(dot.words, (dot.x, dot.y)) for dot in dots] == [
            (f"c{i}", tuple(centre)) for i, centre in enumerate(BOWLS.centres.tolist(), 1)
        ]
        valleys = of_panel(explorer, Curve, panel, dash=(1, 3))
        assert [valley.color for valley in valleys] == [*TASK_COLORS[:2]]  # the third is round
        for valley, curvature, flat in zip(valleys, BOWLS.curvatures, (0.6, 0.5), strict=False):
            along = torch.tensor([valley.x[1] - valley.x[0], valley.y[1] - valley.y[0]]).double()
            torch.testing.assert_close(curvature @ along, flat * along, rtol=1e-6, atol=1e-5)


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
