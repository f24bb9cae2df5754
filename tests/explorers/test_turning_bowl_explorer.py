"""The bowl turns and θ is dragged: arrows, curves and table are those of the closed form."""

import re

import pytest
import torch

from metalearn_lab.experiments.turning_bowl import turning_bowl
from metalearn_lab.explorers.turning_bowl_explorer import HERE, TurningBowlExplorer
from metalearn_lab.figures.drawing import Arrow, Curve, Dot


@pytest.fixture
def explorer():
    return TurningBowlExplorer()


def marks(explorer, kind, panel):
    return [m for m in explorer.drawing.marks if isinstance(m, kind) and m.panel == panel]


def cells(explorer):
    rows = re.findall(r'<tr><th scope="row".*?</tr>', explorer.view_widget.value)
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows]


@pytest.mark.parametrize("alone", [False, True])
@pytest.mark.parametrize(("degrees", "theta"), [(0, (1.5, 0.9)), (30, (-1.0, 2.0)), (90, (0.4, 1))])
def test_what_is_drawn_is_the_step(explorer, degrees, theta, alone):
    explorer.controls["degrees"].value = degrees
    if alone:
        explorer.controls["fitted_to"].value = HERE
    explorer.move("theta", theta)
    start = torch.tensor(theta, dtype=torch.float64)
    bowl = turning_bowl((1.0, 9.0), degrees, start if alone else None)
    rates = [bowl.best_single_rate(), bowl.best_rates()]
    arrows = marks(explorer, Arrow, 0)
    assert [arrow.start for arrow in arrows] == [theta, theta]
    for arrow, each in zip(arrows, rates, strict=True):
        end = start - each * (bowl.curvature @ start)
        assert arrow.end == pytest.approx(tuple(end.tolist()), abs=1e-9)
    before = bowl.loss_after(torch.zeros(2).double())
    left = [(bowl.loss_after(each) / before).item() for each in rates]
    dots = marks(explorer, Dot, 1)
    assert [(dot.x, dot.y) for dot in dots] == [
        (degrees, pytest.approx(share, abs=1e-9)) for share in left
    ]
    for curve, share in zip(marks(explorer, Curve, 1), left, strict=True):
        assert curve.y[curve.x.index(degrees)] == pytest.approx(share, abs=1e-9)
    shown = [[float(cell) for cell in row[1:]] for row in cells(explorer)]
    for row, each in zip(shown, [torch.zeros(2).double(), *rates], strict=True):
        assert row[:2] == pytest.approx(each.tolist(), abs=6e-4)
        assert row[2] == pytest.approx(bowl.loss_after(each).item(), abs=6e-4)


def test_a_negative_rate_is_said(explorer):
    explorer.controls["degrees"].value = 60
    assert "negative" not in explorer.view_widget.value
    explorer.controls["fitted_to"].value = HERE
    assert "The rate of weight 2 is negative." in explorer.view_widget.value
    assert "negative" in explorer.current_view.data["text/plain"]


def test_at_the_centre_nothing_is_left_to_do(explorer):
    explorer.controls["fitted_to"].value = HERE
    explorer.move("theta", (0.0, 0.0))
    assert [row[3] for row in cells(explorer)] == ["0.000"] * 3


def test_the_contours_are_of_the_bowl(explorer):
    explorer.controls["degrees"].value = 40
    curvature = turning_bowl((1.0, 9.0), 40).curvature
    curves = marks(explorer, Curve, 0)
    assert len(curves) >= 6
    for curve in curves:
        places = torch.tensor([curve.x, curve.y], dtype=torch.float64).T
        losses = torch.einsum("pi,ij,pj->p", places, curvature, places) / 2
        assert (losses.max() - losses.min()) / losses.mean() < 0.06
