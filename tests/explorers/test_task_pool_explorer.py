"""Lines and staircases are those of the two rules and of the network; every control counts."""

import pytest
import torch

from metalearn_lab.experiments.task_diversity import pool_model
from metalearn_lab.explorers.task_pool_explorer import (
    MODEL_COLOR,
    POOL_COLOR,
    RIDGE_COLOR,
    TaskPoolExplorer,
)
from metalearn_lab.figures.drawing import Curve, Dot

POINTS = [(-2.0, -1.0), (0.5, 0.8), (1.5, 2.0)]
POOLS = {2: torch.tensor([[-1.0], [0.8]]), 3: torch.tensor([[-1.0], [0.8], [2.0]])}


@pytest.fixture
def explorer():
    models = {m: pool_model(seed=m) for m in POOLS}
    for model in models.values():  # an untrained head gives 0 everywhere
        torch.nn.init.normal_(model.tokens.head.weight, generator=torch.Generator().manual_seed(0))
    return TaskPoolExplorer(models, POOLS, noise=0.7, points=POINTS)


def slope_of(points):
    return sum(x * y for x, y in points) / sum(x * x for x, _ in points)


def ridge(points):
    return sum(x * y for x, y in points) / (sum(x * x for x, _ in points) + 0.49)


def pool_mean(points, slopes):
    loss = torch.tensor([sum((y - w * x) ** 2 for x, y in points) for w in slopes])
    weights = (-loss / 0.98).exp()
    return (weights @ torch.tensor(slopes) / weights.sum()).item()


def curves(explorer, color):
    marks = [m for m in explorer.drawing.marks if isinstance(m, Curve) and m.color == color]
    return [dict(zip(m.x, m.y, strict=True)) for m in sorted(marks, key=lambda m: m.panel)]


def assert_drawn(explorer, points, pool):
    slopes = POOLS[pool][:, 0].tolist()
    for color, rule in ((RIDGE_COLOR, ridge), (POOL_COLOR, lambda p: pool_mean(p, slopes))):
        line, stairs = curves(explorer, color)
        assert line[3.0] == pytest.approx(3 * rule(points), abs=1e-4)
        for slope in (-3.0, 3.0):
            tilted = [(x, y + (slope - slope_of(points)) * x) for x, y in points]
            assert stairs[slope] == pytest.approx(rule(tilted), abs=1e-4)
    x, y = torch.tensor(points).T[..., None]
    with torch.no_grad():
        answer = explorer.models[pool](x[None], y[None], torch.tensor([[[3.0]]])).item()
    assert curves(explorer, MODEL_COLOR)[0][3.0] == pytest.approx(answer, abs=1e-4)
    dots = [m for m in explorer.drawing.marks if isinstance(m, Dot)]
    assert [dot.x for dot in dots] == pytest.approx([slope_of(points)] * 3, abs=1e-5)


def test_the_rules_follow_points_and_pool(explorer):
    assert_drawn(explorer, POINTS, 2)
    explorer.move("point 3", (1.5, -3.0))
    moved = [*POINTS[:2], (1.5, -3.0)]
    assert_drawn(explorer, moved, 2)
    explorer.controls["pool"].value = 3
    assert_drawn(explorer, moved, 3)
    assert "network of 3 training tasks" in explorer.view_widget.value


def test_points_at_zero_have_no_slope_and_no_failure(explorer):
    for name in list(explorer.handles):
        explorer.move(name, (0.0, 1.0))
    assert "slope 0.00" in explorer.view_widget.value


def test_models_without_their_pools_are_refused(explorer):
    with pytest.raises(ValueError, match=r"models of \[2, 3\] tasks, but pools of \[2\]"):
        TaskPoolExplorer(explorer.models, {2: POOLS[2]}, noise=1.0, points=POINTS)
