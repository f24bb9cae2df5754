"""When something pays: a lead against several conditions, a panel each."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from textwrap import fill
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from metalearn_lab.comparison.gains import FEATURES
from metalearn_lab.figures.style import INK, house_style, new_figure

if TYPE_CHECKING:
    from pandas import DataFrame

_LOOKS = (("#1b6ca8", "o"), ("#c2571a", "s"), ("#3f7d3a", "^"), ("#7a4a9e", "D"))
WIDTH, ROW_HEIGHT = 9.6, 2.9


@house_style()
def gain_panels_figure(gains: DataFrame) -> Figure:
    """Leads with intervals over class splits: a row for each other kind, a column a condition.

    Args:
        gains: as ``comparison.gains.gains_by_condition`` returns them, of four sets at most.

    Raises:
        ValueError: no rows, or more than four sets.
    """
    sets = [*dict.fromkeys(gains.set)] if len(gains) else []
    if not 1 <= len(sets) <= len(_LOOKS):
        raise ValueError(f"leads of 1 to {len(_LOOKS)} sets are drawn, got {len(sets)}")
    panels, kinds = [*dict.fromkeys(gains.panel)], [*dict.fromkeys(gains.less)]
    figure, all_axes = new_figure(
        len(panels) * len(kinds),
        len(panels),
        width=WIDTH,
        height=ROW_HEIGHT * len(kinds) + 0.6,
        sharex="col",
    )
    counted = gains[gains.panel != FEATURES]  # these panels share a scale; that one has its own
    for axes, (kind, panel) in zip(all_axes, product(kinds, panels), strict=True):
        part = gains[(gains.panel == panel) & (gains.less == kind)]
        _draw(axes, part, sets, at_places=panel != FEATURES)
        if panel != FEATURES:
            rows = counted[counted.less == kind]
            low, high = (rows["mean"] + sign * rows.half_width for sign in (-1, 1))
            axes.set_ylim(low.min() - 0.3, high.max() + 0.3)
            axes.tick_params(labelleft=panel == panels[0])
        if panel == panels[0]:
            axes.set_ylabel(f"points ahead of the\nbest {kind} method")
        if kind == kinds[-1]:
            axes.set_xlabel(fill(panel, 20))
    figure.legend(*all_axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=4)
    return figure


def _draw(axes: Axes, part: DataFrame, sets: Sequence[str], at_places: bool) -> None:
    """Dots at even distances in the order of x, which are counts or words; or at x itself."""
    places = {x: i for i, x in enumerate(sorted(dict.fromkeys(part.x), key=_rank))}
    axes.axhline(0, color=INK, linewidth=1, linestyle=":")
    for number, name in enumerate(sets):
        rows = part[part.set == name].sort_values("x", key=lambda x: x.map(_rank))
        color, marker = _LOOKS[number]
        shift = 0.12 * (number - (len(sets) - 1) / 2) if at_places else 0
        x = [places[each] + shift if at_places else each for each in rows.x]
        style: dict[str, Any] = {
            "color": color,
            "marker": marker,
            "markersize": 5,
            "linewidth": 0.8,
        }
        axes.errorbar(x, rows["mean"], yerr=rows.half_width, elinewidth=1.6, label=name, **style)
    if at_places:
        axes.set_xticks([*places.values()], [x if isinstance(x, str) else f"{x:g}" for x in places])
        axes.set_xlim(-0.5, len(places) - 0.5)


def _rank(x: float | str) -> tuple[bool, float]:
    """Numbers by size; words in the order in which they come."""
    return (False, 0.0) if isinstance(x, str) else (True, float(x))
