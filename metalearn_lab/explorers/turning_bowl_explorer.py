"""Turn a bowl and drag a start: one step with the best single rate, and with the best two."""

from __future__ import annotations

import torch
from torch import Tensor

from metalearn_lab.experiments.turning_bowl import TurningBowl, turning_bowl
from metalearn_lab.explorers.controls import choice, float_slider
from metalearn_lab.explorers.drag_explorer import DragExplorer, drag_view
from metalearn_lab.explorers.explorer import Table, View
from metalearn_lab.figures.contours import contour_lines
from metalearn_lab.figures.drawing import (
    Arrow,
    Curve,
    Dot,
    Drawing,
    Handle,
    Mark,
    Panel,
    Place,
    place_of,
)
from metalearn_lab.figures.style import INK, STYLES

REACH = 2.4
"""The map shows θ from −REACH to REACH in both directions."""
EVERYWHERE, HERE = "starts in all directions", "the start θ alone"

_ONE, _EACH = STYLES["maml"].color, STYLES["meta_sgd"].color
_ONE_LABEL, _EACH_LABEL = "best single rate", "best rate for each weight"
_CONTOUR = "#9a9a9a"
_GRID = 61
_LEVELS = 8
_TURNS = tuple(range(0, 91, 2))
_MOST_LEFT = {EVERYWHERE: 0.1, HERE: 0.7}  # of exact line search, at most (8/10)²


class TurningBowlExplorer(DragExplorer):
    """A slider for the angle of a bowl, a choice of what the rates are fitted to, and a start.

    Args:
        steepness: both curvatures of the bowl, which stands at the origin.
        degrees: the angle at first.
    """

    def __init__(self, steepness: tuple[float, float] = (1.0, 9.0), degrees: float = 0.0) -> None:
        self.steepness = steepness
        super().__init__(
            {
                "degrees": float_slider("the bowl is turned by (degrees)", degrees, 0, 90, 1),
                "fitted_to": choice("rates are fitted to", [EVERYWHERE, HERE], EVERYWHERE),
            },
            handles={"theta": (1.5, 0.9)},
        )

    def view(self, *, degrees: float, fitted_to: str, theta: Place) -> View:
        """The two steps from θ on the map, and what a step leaves of the mean loss, by angle."""
        start = torch.tensor(theta, dtype=torch.float64)
        bowl = self._bowl(degrees, fitted_to, start)
        rates = {_ONE_LABEL: bowl.best_single_rate(), _EACH_LABEL: bowl.best_rates()}
        rows = [_row("no step", torch.zeros(2, dtype=torch.float64), bowl, start)]
        rows += [_row(name, each, bowl, start) for name, each in rates.items()]
        table = Table(
            f"One step from θ = ({theta[0]:.2f}, {theta[1]:.2f}), the bowl turned by "
            f"{degrees:.0f}°, rates fitted to {fitted_to}",
            ("rates", "first weight", "second weight", "mean loss after", "loss of θ after"),
            rows,
        )
        negative = [str(i) for i, r in enumerate(rates[_EACH_LABEL].tolist(), 1) if r < -1e-9]
        note = f"The rate of weight {' and '.join(negative)} is negative." if negative else ""
        alt = f"{table.caption}. Mean losses after the step: " + ", ".join(
            f"{row[0]} {row[3]}" for row in rows
        )
        marks = [
            *self._contours(bowl),
            *_step(start, bowl, rates),
            *self._losses(degrees, fitted_to, start),
        ]
        panels = (
            Panel((-REACH, REACH), (-REACH, REACH), "first weight", "second weight", "", True),
            Panel(
                (0, 90),
                (-0.03 * _MOST_LEFT[fitted_to], _MOST_LEFT[fitted_to]),
                "angle of the bowl, degrees",
                "share of the mean loss that is left",
            ),
        )
        handle = Handle("theta", *theta, INK, "the start θ: drag it")
        return drag_view(Drawing(panels, marks, (handle,)), table, f"{alt}. {note}", note)

    def _bowl(self, degrees: float, fitted_to: str, start: Tensor) -> TurningBowl:
        return turning_bowl(self.steepness, degrees, start if fitted_to == HERE else None)

    def _contours(self, bowl: TurningBowl) -> list[Mark]:
        """Of the bowl, with its lowest point."""
        across = torch.linspace(-REACH, REACH, _GRID, dtype=torch.float64)
        grid = torch.stack(torch.meshgrid(across, across, indexing="xy"), -1)
        losses = torch.einsum("...i,ij,...j->...", grid, bowl.curvature, grid) / 2
        levels = [losses.max().item() * (j / _LEVELS) ** 2 for j in range(1, _LEVELS)]
        marks: list[Mark] = [
            Curve(x, y, _CONTOUR, "contours of the loss", 0.9)
            for x, y in contour_lines(across, across, losses, levels)
        ]
        return [*marks, Dot(0, 0, INK, size=7, filled=False, words="c")]

    def _losses(self, degrees: float, fitted_to: str, start: Tensor) -> list[Mark]:
        """The share that a step of the best rates leaves against the angle, and where we are."""
        marks: list[Mark] = []
        for angles, draw in ((_TURNS, _curve), ((degrees,), _dot)):
            bowls = [self._bowl(angle, fitted_to, start) for angle in angles]
            one = [_left(bowl, bowl.best_single_rate()) for bowl in bowls]
            each = [_left(bowl, bowl.best_rates()) for bowl in bowls]
            marks += [draw(angles, one, _ONE), draw(angles, each, _EACH)]
        return marks


def _left(bowl: TurningBowl, rates: Tensor) -> float:
    """The share of the mean loss that a step leaves."""
    before = bowl.loss_after(torch.zeros_like(rates))
    return (bowl.loss_after(rates) / before).item() if before > 0 else 0.0


def _curve(angles: tuple[float, ...], left: list[float], color: str) -> Curve:
    return Curve(angles, left, color, width=2.4, dash=(6, 3) if color == _EACH else (), panel=1)


def _dot(angles: tuple[float, ...], left: list[float], color: str) -> Dot:
    return Dot(angles[0], left[0], color, size=9, filled=color == _ONE, panel=1)


def _step(start: Tensor, bowl: TurningBowl, rates: dict[str, Tensor]) -> list[Mark]:
    ends = {name: place_of(bowl.stepped(start, each)) for name, each in rates.items()}
    colors = {_ONE_LABEL: _ONE, _EACH_LABEL: _EACH}
    return [Arrow(place_of(start), end, colors[name], name, 2.6) for name, end in ends.items()]


def _row(name: str, rates: Tensor, bowl: TurningBowl, start: Tensor) -> list[str]:
    end = bowl.stepped(start, rates)
    first, second = (f"{rate + 0.0:.3f}" for rate in rates.tolist())
    losses = (bowl.loss_after(rates).item(), (end @ bowl.curvature @ end / 2).item())
    return [name, first, second, *(f"{max(loss, 0.0):.3f}" for loss in losses)]
