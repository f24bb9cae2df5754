"""Both bands follow the points; the exact one is computed apart, the network's is its own."""

import pytest
import torch

from metalearn_lab.experiments.prior_fitted_lab import line_network
from metalearn_lab.explorers.line_band_explorer import EXACT_COLOR, LineBandExplorer
from metalearn_lab.figures.drawing import Curve
from metalearn_lab.tasks.types import Split

POINTS = [(-1.0, -0.5), (0.5, 0.8), (1.5, 1.0)]
NOISE = 0.3


@pytest.fixture
def explorer():
    network = line_network()
    numbers = torch.Generator().manual_seed(0)
    torch.nn.init.normal_(network.model.tokens.head.weight, generator=numbers)
    return LineBandExplorer(network, noise=NOISE, trained=(-2.0, 2.0), points=POINTS)


def exact_at(points, x):
    """Mean and standard deviation by the covariance of the points, as a Gaussian process."""
    known = torch.tensor([place[0] for place in points], dtype=torch.float64)
    y = torch.tensor([place[1] for place in points], dtype=torch.float64)
    cross = 1 + known * x
    gram = 1 + known[:, None] * known + NOISE**2 * torch.eye(len(points))
    solved = torch.linalg.solve(gram, torch.stack([y, cross], 1))
    width = (1 + x * x + NOISE**2 - cross @ solved[:, 1]).sqrt()
    return (cross @ solved[:, 0]).item(), width.item()


def curves(explorer, color):
    marks = [m for m in explorer.drawing.marks if isinstance(m, Curve) and m.color == color]
    return [dict(zip(m.x, m.y, strict=True)) for m in marks]


def assert_drawn(explorer, points):
    low, middle, high = curves(explorer, EXACT_COLOR)
    for x in (-6.0, 6.0):
        mean, width = exact_at(points, x)
        assert middle[x] == pytest.approx(mean, abs=1e-4)
        assert (high[x] - low[x]) / 2 == pytest.approx(1.96 * width, abs=1e-4)
    x, y = torch.tensor(points).T[..., None]
    network = explorer.network
    with torch.no_grad():
        adapted = network.trajectory(Split(x, y), 0)[-1]
        mean, width = network.call(adapted, torch.tensor([[6.0]]))[0].tolist()
    low, middle, high = curves(explorer, type(network).line.color)
    assert middle[6.0] == pytest.approx(mean, abs=1e-4)
    assert (high[6.0] - low[6.0]) / 2 == pytest.approx(1.96 * width, abs=1e-4)


def test_both_bands_follow_moved_added_and_removed_points(explorer):
    assert_drawn(explorer, POINTS)
    explorer.move("point 2", (3.0, -4.0))
    moved = [POINTS[0], (3.0, -4.0), POINTS[2]]
    assert_drawn(explorer, moved)
    explorer.put({f"point {i}": place for i, place in enumerate([*moved, (0.0, 2.0)], 1)})
    assert_drawn(explorer, [*moved, (0.0, 2.0)])
    explorer.put({"point 1": (0.0, 1.0)})
    assert_drawn(explorer, [(0.0, 1.0)])


def test_the_table_reads_the_bands_where_the_slider_is(explorer):
    explorer.controls["at"].value = 2.5
    mean, width = exact_at(POINTS, 2.5)
    assert f'<td style="text-align:left">{mean:.2f}</td>' in explorer.view_widget.value
    assert f"{1.96 * width:.2f}" in explorer.view_widget.value
    assert "mean at x = 2.50" in explorer.view_widget.value


def test_without_points_the_prior_is_drawn(explorer):
    explorer.put({})
    low, middle, high = curves(explorer, EXACT_COLOR)
    assert middle[6.0] == pytest.approx(0)
    assert (high[6.0] - low[6.0]) / 2 == pytest.approx(1.96 * (37 + 0.09) ** 0.5, abs=1e-4)
