"""Draw points of a line: the band of a prior-fitted network beside that of the exact posterior."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from metalearn_lab.experiments.line_posterior import line_posterior
from metalearn_lab.explorers.controls import float_slider
from metalearn_lab.explorers.drag_explorer import DragExplorer, drag_view
from metalearn_lab.explorers.explorer import Table, View
from metalearn_lab.figures.drawing import Curve, Drawing, Handle, Mark, Panel, Place, curve_look
from metalearn_lab.figures.style import GREY, INK
from metalearn_lab.learners.prior_fitted import PriorFitted
from metalearn_lab.tasks.types import Split

EXACT_COLOR = INK
_PANEL = Panel((-6.0, 6.0), (-8.0, 8.0), "x", "y", "two bands, 95 %")
_IN_95 = 1.96


class LineBandExplorer(DragExplorer):
    """Means and 95 % bands along x for points that the reader adds, moves and removes.

    Args:
        network: fitted to the prior of ``tasks.lines.Lines``; asked where it is.
        noise: σ of that prior, which the exact posterior assumes.
        trained: least and largest x of training, marked in the picture.
        points: where the points are at first.
    """

    def __init__(
        self, network: PriorFitted, *, noise: float, trained: Place, points: Sequence[Place]
    ) -> None:
        self.network, self.noise, self.trained = network, noise, trained
        super().__init__(
            {"at": float_slider("read the bands at x", 0.0, *_PANEL.x, 0.25)},
            handles={f"point {i}": place for i, place in enumerate(points, 1)},
            most=20,
        )

    @torch.no_grad()
    def view(self, *, at: float, **points: Place) -> View:
        """The bands, and both at one x in numbers."""
        where = next(self.network.parameters())
        places = torch.tensor(list(points.values())).reshape(-1, 2).to(where)
        support = Split(*places[:, :, None].unbind(1))
        across = torch.linspace(*_PANEL.x, 97).to(where)
        asked = torch.cat([across, places[:, 0]])[:, None]
        adapted = self.network.trajectory(support, 0)[-1]  # of one task; it may have no points
        known = {
            "network": self.network.call(adapted, asked).unbind(-1),
            "exact posterior": line_posterior(support, asked, self.noise),
        }
        looks = {"network": curve_look("prior_fitted")}
        looks["exact posterior"] = {"color": EXACT_COLOR, "label": "exact posterior", "dash": ()}
        marks: list[Mark] = [
            Curve([x, x], _PANEL.y, GREY, "where training asked", 1.0, (2, 3)) for x in self.trained
        ]
        rows, here = [], int((across - at).abs().argmin())
        for name, band in known.items():
            mean, width = (part.cpu() for part in band)
            for sign, thick in ((-1, 1.2), (0, 2.5), (1, 1.2)):
                look = looks[name] | ({} if sign == 0 else {"label": ""})
                line = (mean + sign * _IN_95 * width)[: len(across)]
                marks.append(Curve(across.tolist(), line.tolist(), width=thick, **look))
            gap = places[:, 1].cpu() - mean[len(across) :]
            inside = int((gap.abs() < _IN_95 * width[len(across) :]).sum())
            at_x = f"{mean[here]:.2f}", f"{_IN_95 * width[here]:.2f}"
            rows.append([name, *at_x, f"{inside} of {len(points)}"])
        handles = [Handle(name, *place, INK, "a point") for name, place in points.items()]
        columns = ("band", f"mean at x = {at:.2f}", "half of its width there", "points inside")
        table = Table(f"{len(points)} points, and two bands", columns, rows)
        alt = f"{len(points)} points and two 95 % bands. At x = {at:.2f}: " + "; ".join(
            f"{name} {mean} ± {half}" for name, mean, half, _ in rows
        )
        return drag_view(Drawing((_PANEL,), marks, handles), table, alt)
