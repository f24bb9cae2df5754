"""Chapter 03's figures show the numbers that they are given."""

import pytest
import torch

from metalearn_lab.experiments.curvature import AlongStep
from metalearn_lab.figures.along_step import along_step_figure
from metalearn_lab.figures.contours import contour_lines


def test_along_a_step_the_loss_its_parabola_and_the_median_curvature_are_drawn():
    shares = torch.tensor([0.0, 1.0, 2.0])
    rows = {
        name: AlongStep(shares, *(torch.rand(5, 3) + at for at in (1, 2, 3)))
        for name in ("maml", "fine_tuning")
    }
    figure = along_step_figure(rows)
    left, right = figure.axes
    drawn = [line.get_ydata() for line in left.get_lines() if len(line.get_xdata()) == 3]
    wanted = [each.mean(0) for row in rows.values() for each in (row.loss, row.parabola)]
    for one, other in zip(drawn, wanted, strict=True):
        torch.testing.assert_close(torch.as_tensor(one), other)
    drawn = [line.get_ydata() for line in right.get_lines() if len(line.get_xdata()) == 3]
    for one, row in zip(drawn, rows.values(), strict=True):
        torch.testing.assert_close(torch.as_tensor(one), row.curvature.median(0).values)
    [legend] = figure.legends
    texts = [text.get_text() for text in legend.get_texts()]
    assert len(texts) == 5
    assert "MAML: if its curvature stayed" in texts


def test_contours_of_a_cone_are_circles():
    side = torch.linspace(-2, 2, 81)
    cone = (side[None] ** 2 + side[:, None] ** 2).sqrt()
    pieces = contour_lines(side, side, cone, (0.5, 1.0, 1.5))
    assert len(pieces) == 3
    for radius, (x, y) in zip((0.5, 1.0, 1.5), pieces, strict=True):
        away = (torch.tensor(x) ** 2 + torch.tensor(y) ** 2).sqrt()
        assert away.tolist() == pytest.approx([radius] * len(x), abs=0.01)
