"""Query loss over inner step size and step as a map with its cliff, and along the chosen α."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from matplotlib import colormaps
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from torch import Tensor

from metalearn_lab.figures.scene import ROOM, Scene, moving_title
from metalearn_lab.figures.style import INK, house_style, label_of, line, new_figure

LEAST, MOST = 0.05, 20.0
"""Losses between these are told apart; what is above is white."""

_COLOURS: dict[str, Any] = {
    "norm": LogNorm(LEAST, MOST),
    "cmap": colormaps["viridis"].with_extremes(over="white"),
}
_CLIFF: dict[str, Any] = {"color": "#d00000", "linewidth": 2.6}
_TRAINED: dict[str, Any] = {
    "marker": "*",
    "markersize": 10,
    "color": "white",
    "markeredgecolor": INK,
}
_CHOSEN: dict[str, Any] = {"marker": "o", "markersize": 17, "color": "none", "markeredgewidth": 2.2}


class RateStepMap(NamedTuple):
    """What the picture shows.

    Attributes:
        loss: of each learner, ``[sizes, steps + 1]``; infinite where it diverged.
        shown: the learner of the map.
        size: index of the chosen α.
        step: the chosen k.
        tasks: how many the losses are the means over.
    """

    loss: Mapping[str, Tensor]
    shown: str
    size: int
    step: int
    tasks: int


@house_style()
def rate_steps_scene(
    inner_lrs: Sequence[float], steps: int, trained: tuple[int, int], learners: Sequence[str]
) -> Scene[RateStepMap]:
    """A map over α and k, and the losses against k at the chosen α.

    Args:
        inner_lrs: α of the columns, equally spaced in their logarithm.
        steps: the most inner steps.
        trained: index of the α, and the k, that the learners were trained with.
        learners: those that are drawn.
    """
    figure, (left, right) = new_figure(2, width=9.6, height=4.2)
    left.grid(visible=False)
    left.set(xlim=(-0.5, len(inner_lrs) - 0.5), ylim=(-0.5, steps + 0.5), title=ROOM)
    left.set(xlabel="inner step size α", ylabel="inner steps k", yticks=range(0, steps + 1, 5))
    ticks = [i for i, size in enumerate(inner_lrs) if f"{size:.6e}".startswith("1.000000e")]
    left.set_xticks(ticks, [f"{inner_lrs[i]:g}" for i in ticks])
    figure.colorbar(ScalarMappable(**_COLOURS), ax=left, extend="max")
    left.plot([], [], **_CLIFF, label="right of it: worse than no step")
    left.plot(
        [], [], marker="s", color="white", markeredgecolor=INK, linestyle="none", label="above 20"
    )
    left.plot([], [], linestyle="none", **_TRAINED, label="as trained")
    left.plot([], [], linestyle="none", **_CHOSEN, markeredgecolor=INK, label="chosen")
    below: Any = {"loc": "upper left", "bbox_to_anchor": (0, -0.16), "ncols": 2}
    left.legend(**below, handlelength=1.5, markerscale=0.7)
    right.set(xlim=(-0.5, steps + 0.5), ylim=(LEAST, MOST), yscale="log")
    right.set(xticks=range(0, steps + 1, 5), xlabel="inner steps k")
    right.set_ylabel("mean query loss at the chosen α")
    for name in learners:
        right.plot([], [], **line(name))
    right.legend(**below)
    return Scene(figure, lambda panels, data: _draw(panels, data, trained))


def _draw(panels: list[Axes], data: RateStepMap, trained: tuple[int, int]) -> Iterator[Artist]:
    left, right, _ = panels
    loss = data.loss[data.shown]
    cells = loss.nan_to_num(posinf=1e30).T.numpy()
    yield moving_title(left, f"Mean query loss of {label_of(data.shown)}, {data.tasks} tasks")
    yield left.imshow(cells, origin="lower", aspect="auto", zorder=0, **_COLOURS)
    yield from left.plot(*_cliff(loss), **_CLIFF)
    yield from left.plot(*trained, **_TRAINED)
    for size, color in ((17, "white"), (20, INK)):  # around the star, which stays visible in it
        ring = {**_CHOSEN, "markersize": size, "markeredgecolor": color}
        yield from left.plot(data.size, data.step, **ring)
    for name, by_rate in data.loss.items():
        yield from right.plot(by_rate[data.size].clamp(LEAST / 2, MOST * 2).numpy(), **line(name))
    yield from right.plot([data.step] * 2, [LEAST, MOST], color=INK, linewidth=1)


def _cliff(loss: Tensor) -> tuple[list[float], list[float]]:
    """The border, step by step, right of which adapting is worse than not adapting at all."""
    across: list[float] = []
    upward: list[float] = []
    for step in range(1, loss.shape[1]):
        worse = (loss[:, step] >= loss[:, 0]).nonzero().flatten()
        border = (int(worse[0]) if len(worse) else loss.shape[0]) - 0.5
        across += [border, border]
        upward += [step - 0.5, step + 0.5]
    return across, upward
