"""Drag points and turn the number of training tasks: which of two rules does a network follow?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from metalearn_lab.experiments.task_diversity import pool_rule, ridge_rule
from metalearn_lab.explorers.controls import stops_slider
from metalearn_lab.explorers.drag_explorer import DragExplorer, drag_view
from metalearn_lab.explorers.explorer import Table, View
from metalearn_lab.figures.drawing import Curve, Dot, Drawing, Handle, Mark, Panel, Place
from metalearn_lab.figures.style import GREY, INK
from metalearn_lab.models.context_transformer import ContextTransformer
from metalearn_lab.tasks.types import Split

MODEL_COLOR, POOL_COLOR, RIDGE_COLOR = "#0072b2", "#b34d00", "#1a1a1a"
_DATA = Panel((-3.0, 3.0), (-5.0, 5.0), "x", "y", "the context, and three answers")
_SLOPES = Panel((-3.0, 3.0), (-3.0, 3.0), "slope of the points", "answer at x = 1", "three rules")
Rule = Callable[[Tensor, Tensor, Tensor], Tensor]
"""x and y of contexts and questions to answers, as a ``ContextTransformer``."""

_MOST_MARKED = 64  # slopes of a larger pool would fill the axis


class TaskPoolExplorer(DragExplorer):
    """Answers of the network, of the pool rule and of ridge to the points; all three as rules.

    In the right panel the points are tilted, each by a multiple of its x, so that their
    least-squares slope runs over the axis; what each rule answers at x = 1 is drawn against it.

    Args:
        models: trained, by the number of tasks in their pool; asked on the CPU.
        pools: slopes of each pool, ``[M, 1]``, by the same numbers.
        noise: σ of the trainings.
        points: where the context points are at first, one or more.

    Raises:
        ValueError: models and pools of different numbers.
    """

    def __init__(
        self,
        models: Mapping[int, ContextTransformer],
        pools: Mapping[int, Tensor],
        *,
        noise: float,
        points: Sequence[Place],
    ) -> None:
        if set(models) != set(pools) or not models:
            raise ValueError(f"models of {sorted(models)} tasks, but pools of {sorted(pools)}")
        self.models, self.pools, self.noise = dict(models), dict(pools), noise
        stops = sorted(models)
        super().__init__(
            {"pool": stops_slider("tasks M in training", stops, stops[len(stops) // 3])},
            handles={f"point {i}": place for i, place in enumerate(points, 1)},
        )

    @torch.no_grad()
    def view(self, *, pool: int, **points: Place) -> View:
        """Both panels, and the answers at x = 1 in numbers."""
        x, y = torch.tensor(list(points.values())).T[..., None]
        slope = ((x * y).sum() / (x**2).sum().clamp(min=1e-6)).item()
        slopes, across = torch.linspace(*_SLOPES.x, 61), torch.linspace(*_DATA.x, 61)
        tilted = Split(x.expand(61, -1, 1), y + (slopes - slope)[:, None, None] * x)
        here, one = Split(x[None], y[None]), torch.ones(61, 1, 1)
        known = self.pools[pool]
        rules: dict[str, tuple[Rule, str, Sequence[float]]] = {
            f"network, M = {pool}": (self.models[pool], MODEL_COLOR, ()),
            "pool rule": (_of_slope(lambda s: pool_rule(known, s, self.noise)), POOL_COLOR, (4, 2)),
            "ridge": (_of_slope(lambda s: ridge_rule(s, self.noise)), RIDGE_COLOR, (1, 2)),
        }
        low = _SLOPES.y[0]
        marks: list[Mark] = [
            Curve([w, w], [low, low + 0.3], GREY, "slopes of the pool", 2.0, panel=1)
            for w in (known[:, 0].tolist() if pool <= _MOST_MARKED else ())
        ]
        network = self.models[pool](*tilted, one)[:, 0, 0]
        rows = []
        for name, (rule, color, dash) in rules.items():
            line = rule(*here, across[None, :, None])[0, :, 0]
            stairs, at_one = rule(*tilted, one)[:, 0, 0], rule(*here, one[:1]).item()
            marks.append(Curve(across.tolist(), line.tolist(), color, name, 2.2, dash))
            marks.append(Curve(slopes.tolist(), stairs.tolist(), color, name, 2.2, dash, 1))
            marks.append(Dot(slope, at_one, color, size=6, panel=1))
            gap = (stairs - network).square().mean().sqrt().item()
            rows.append([name, f"{at_one + 0.0:.2f}", f"{gap:.3f}"])
        handles = [Handle(name, *place, INK, "a point: drag it") for name, place in points.items()]
        table = Table(
            f"Answers to {len(points)} points with the least-squares slope {slope:.2f}",
            ("rule", "answer at x = 1", "distance of the network in the right panel"),
            rows,
        )
        nearer = min(rows[1:], key=lambda row: float(row[2]))[0]
        note = f"In the right panel the network of {pool} training tasks is nearer to: {nearer}."
        alt = f"{len(points)} points, and three answers to them as lines and as rules. {note}"
        return drag_view(Drawing((_DATA, _SLOPES), marks, handles), table, alt, note)


def _of_slope(posterior_mean: Callable[[Split], Tensor]) -> Rule:
    """The rule that answers w·x with the w that is made of the context."""
    return lambda x, y, asked: asked @ posterior_mean(Split(x, y))[..., None]
