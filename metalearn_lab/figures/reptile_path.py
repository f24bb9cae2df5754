"""Reptile's path over its outer steps, on the contours of the joint loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor

from metalearn_lab.figures.moving_title import moving_title, room_for_a_title
from metalearn_lab.figures.scene import Scene
from metalearn_lab.figures.style import GREY, INK, house_style, new_figure, style_of
from metalearn_lab.tasks.planar_quadratics import PlanarQuadratics

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_EDGES = (-3.4, 3.4, -2.4, 3.0)
_CONTOURS = (5, 7, 10, 14, 20, 30, 45)
_ONE_TASK = 0.3
_JOINT = "joint optimum"


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


def reptile_path_scene(tasks: PlanarQuadratics, joint_optimum: Tensor) -> Scene[ReptilePath]:
    """The contours, the tasks' own optima and the joint one stand; path and end point move.

    Args:
        tasks: whose mean loss the contours are of.
        joint_optimum: its lowest point, ``[2]``.
    """
    return Scene(_frame(tasks, joint_optimum), _draw)


def inside(points: Tensor) -> Tensor:
    """Which of some points ``[..., 2]`` lie in the picture."""
    left, right, bottom, top = _EDGES
    x, y = points.unbind(-1)
    return (left <= x) & (x <= right) & (bottom <= y) & (y <= top)


def _frame(tasks: PlanarQuadratics, joint_optimum: Tensor) -> Figure:
    with house_style():
        figure, (axes,) = new_figure(width=8.0, height=4.6)
        axes.set_xlim(_EDGES[:2])
        axes.set_ylim(_EDGES[2:])
        axes.set_aspect("equal")
        axes.grid(False)
        axes.set_xlabel("φ₁")
        axes.set_ylabel("φ₂")
        room_for_a_title(axes)
        _draw_contours(axes, tasks)
        _draw_optima(axes, tasks, joint_optimum)
        _add_legend(axes)
    return figure


def _draw_contours(axes: Axes, tasks: PlanarQuadratics) -> None:
    x, y = torch.linspace(*_EDGES[:2], 90).double(), torch.linspace(*_EDGES[2:], 90).double()
    grid = torch.stack(torch.meshgrid(x, y, indexing="xy"), -1)
    for curvature, centre in zip(*tasks, strict=True):
        own = PlanarQuadratics(curvature[None], centre[None]).loss(grid)
        axes.contour(x, y, own, levels=[_ONE_TASK], colors=INK, linewidths=0.8, linestyles="dotted")
    axes.plot(
        [], [], color=INK, linewidth=0.8, linestyle=":", label=f"loss {_ONE_TASK} of one task"
    )
    heights = tasks.loss(grid)
    lines = axes.contour(x, y, heights, levels=_CONTOURS, colors="#8c8c8c", linewidths=0.7)
    axes.clabel(lines, fontsize=7, colors=GREY)


def _draw_optima(axes: Axes, tasks: PlanarQuadratics, joint_optimum: Tensor) -> None:
    for number, (x, y) in enumerate(tasks.centres.tolist(), start=1):
        label = "optimum of one task" if number == 1 else None
        axes.plot(x, y, color=INK, marker="*", markersize=12, linestyle="none", label=label)
        axes.annotate(f"task {number}", (x, y), xytext=(7, 5), textcoords="offset points")
    axes.plot(*tasks.centres.mean(0).tolist(), **_mean_look())
    color, _, marker = style_of("joint")
    x, y = joint_optimum.tolist()
    axes.plot(x, y, color=color, marker=marker, markersize=11, linestyle="none", label=_JOINT)


def _add_legend(axes: Axes) -> None:
    """The standing marks, and stand-ins for what moves."""
    for kwargs in (_path_look(), _start_look(), _settles_look()):
        axes.plot([], [], **kwargs)
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1))


def _draw(axes: list[Axes], data: ReptilePath) -> list[Artist]:
    x, y = data.path.clamp(-1e4, 1e4).nan_to_num(1e4).unbind(-1)
    [path] = axes[0].plot(x, y, **_path_look())
    [start] = axes[0].plot(x[:1], y[:1], **_start_look())
    [settles] = axes[0].plot(*data.settles[:, None], **_settles_look())
    words = f"Reptile on the contours of the joint loss: {data.setting}"
    return [path, start, settles, moving_title(axes[0], words)]


def _mean_look() -> dict[str, Any]:
    return {
        "color": INK,
        "marker": "o",
        "markersize": 6,
        "markerfacecolor": "white",
        "linestyle": "none",
        "label": "mean of the tasks' optima",
    }


def _path_look() -> dict[str, Any]:
    look = style_of("reptile")
    return {
        "color": look.color,
        "linestyle": "-",
        "linewidth": 1.2,
        "marker": "o",
        "markersize": 3,
        "label": "φ, outer step by outer step",
    }


def _start_look() -> dict[str, Any]:
    return {
        "color": INK,
        "marker": "s",
        "markersize": 13,
        "markerfacecolor": "none",
        "linestyle": "none",
        "label": "start",
    }


def _settles_look() -> dict[str, Any]:
    look = style_of("reptile")
    return {
        "color": look.color,
        "marker": look.marker,
        "markersize": 12,
        "markeredgecolor": INK,
        "linestyle": "none",
        "zorder": 4,
        "label": "where Reptile settles",
    }
