"""Reptile's path over its outer steps, on the contours of the pretraining loss."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from torch import Tensor

from metalearn_lab.figures.scene import ROOM, Scene, moving_title
from metalearn_lab.figures.style import GREY, INK, house_style, new_figure, style_of
from metalearn_lab.tasks.planar_quadratics import PlanarQuadratics

_EDGES = (-3.4, 3.4, -2.4, 3.0)
_CONTOURS = (5, 7, 10, 14, 20, 30, 45)
_ONE_TASK = 0.3
_JOINED = 10  # outer steps joined by a line: where φ keeps jumping, more would be a tangle
_COLOR, _, _MARKER = style_of("reptile")
_PATH: dict[str, Any] = {
    "color": _COLOR,
    "linewidth": 1.2,
    "marker": "o",
    "markersize": 3,
    "label": f"φ, the first {_JOINED} outer steps",
}
_LATER: dict[str, Any] = {
    "color": _COLOR,
    "linestyle": "none",
    "marker": ".",
    "markersize": 3,
    "alpha": 0.6,
    "label": "φ, later outer steps",
}
_POINT: dict[str, Any] = {"color": INK, "linestyle": "none"}
_START: dict[str, Any] = {
    **_POINT,
    "marker": "s",
    "markersize": 13,
    "markerfacecolor": "none",
    "label": "start",
}
_SETTLES: dict[str, Any] = {
    **_POINT,
    "color": _COLOR,
    "marker": _MARKER,
    "markersize": 12,
    "markeredgecolor": INK,
    "zorder": 4,
    "label": "where Reptile settles",
}
_MEAN: dict[str, Any] = {
    **_POINT,
    "marker": "o",
    "markersize": 6,
    "markerfacecolor": "white",
    "label": "mean of the tasks' optima",
}


class ReptilePath(NamedTuple):
    """What moves in the picture.

    Attributes:
        path: φ after 0, 1, … outer steps, ``[outer_steps + 1, 2]``.
        settles: where the update is zero on average, ``[2]``.
        setting: k, ε and n, for the title.
    """

    path: Tensor
    settles: Tensor
    setting: str


@house_style()
def reptile_path_scene(tasks: PlanarQuadratics, optimum: Tensor) -> Scene[ReptilePath]:
    """The contours, the tasks' own optima and the shared one stand; path and end point move.

    Args:
        tasks: whose mean loss the contours are of.
        optimum: its lowest point, ``[2]``.
    """
    figure, (axes,) = new_figure(width=8.0, height=4.6)
    axes.set(xlim=_EDGES[:2], ylim=_EDGES[2:], aspect="equal")
    axes.set(xlabel="φ₁", ylabel="φ₂", title=ROOM)
    axes.grid(False)
    _draw_contours(axes, tasks)
    _draw_optima(axes, tasks, optimum)
    for look in (_PATH, _LATER, _START, _SETTLES):  # stand-ins for what moves
        axes.plot([], [], **look)
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1))
    return Scene(figure, _draw)


def inside(points: Tensor) -> Tensor:
    """Which of some points ``[..., 2]`` lie in the picture."""
    left, right, bottom, top = _EDGES
    x, y = points.unbind(-1)
    return (left <= x) & (x <= right) & (bottom <= y) & (y <= top)


def _draw_contours(axes: Axes, tasks: PlanarQuadratics) -> None:
    x, y = torch.linspace(*_EDGES[:2], 90).double(), torch.linspace(*_EDGES[2:], 90).double()
    grid = torch.stack(torch.meshgrid(x, y, indexing="xy"), -1)
    for curvature, centre in zip(*tasks, strict=True):
        own = PlanarQuadratics(curvature[None], centre[None]).loss(grid)
        axes.contour(x, y, own, levels=[_ONE_TASK], colors=INK, linewidths=0.8, linestyles="dotted")
    label = f"loss {_ONE_TASK} of one task"
    axes.plot([], [], color=INK, linewidth=0.8, linestyle=":", label=label)
    loss = tasks.loss(grid)
    lines = axes.contour(x, y, loss, levels=_CONTOURS, colors="#8c8c8c", linewidths=0.7)
    axes.clabel(lines, fontsize=7, colors=GREY)


def _draw_optima(axes: Axes, tasks: PlanarQuadratics, optimum: Tensor) -> None:
    for number, centre in enumerate(tasks.centres.tolist(), start=1):
        axes.annotate(f"task {number}", centre, xytext=(7, 5), textcoords="offset points")
    stars = {**_POINT, "marker": "*", "markersize": 12, "label": "optimum of one task"}
    axes.plot(*tasks.centres.T, **stars)
    axes.plot(*tasks.centres.mean(0)[:, None], **_MEAN)
    color, _, marker = style_of("joint")
    look = {**_POINT, "color": color, "marker": marker, "markersize": 11}
    axes.plot(*optimum[:, None], **look, label="optimum of pretraining")


def _draw(panels: list[Axes], data: ReptilePath) -> Iterator[Artist]:
    [axes] = panels
    x, y = data.path.clamp(-1e4, 1e4).nan_to_num(1e4).unbind(-1)
    yield from axes.plot(x[_JOINED:], y[_JOINED:], **_LATER)
    yield from axes.plot(x[: _JOINED + 1], y[: _JOINED + 1], **_PATH)
    yield from axes.plot(x[:1], y[:1], **_START)
    yield from axes.plot(*data.settles[:, None], **_SETTLES)
    yield moving_title(axes, f"Reptile on the contours of the pretraining loss: {data.setting}")
