"""Every library's time of a training step beside the best of the others, by workload."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from metalearn_lab.figures.style import GREY, INK, house_style, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from pandas import DataFrame

_LOOKS: dict[str, dict[str, Any]] = {
    "others": {"color": GREY, "marker": "o", "alpha": 0.7},
    "one by one, no library": {"color": "#d55e00", "marker": "s"},
    "ours, not compiled": {"color": "#009e73", "marker": "^"},
    "ours": {"color": "#0072b2", "marker": "D"},
}


def benchmark_ratios_figure(table: DataFrame, names: Mapping[str, str]) -> Figure:
    """One row a workload; further left is faster, and the best of the other libraries is at 1.

    Args:
        table: of ``comparison.benchmark_tables.benchmark_table("results")``.
        names: what to call each workload shown, by its code, the first at the top.

    Raises:
        ValueError: a workload that the table has not.
    """
    if missing := [name for name in names if name not in set(table["workload"])]:
        raise ValueError(f"the table has no workload {', '.join(missing)}")
    with house_style():
        figure, (axes,) = new_figure(width=8.6, height=1.6 + 0.38 * len(names))
        for row, workload in enumerate(names):
            of_it = table[table["workload"] == workload]
            for kind, ratios in _by_kind(of_it).items():
                axes.plot(ratios, [row] * len(ratios), linestyle="none", **_LOOKS[kind])
        axes.axvline(1, color=INK, linewidth=1)
        axes.set_xscale("log")
        axes.set_xticks((0.3, 1, 3, 10, 30, 100), ("0.3", "1", "3", "10", "30", "100"))
        axes.minorticks_off()
        axes.set_yticks(range(len(names)), list(names.values()))
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.set_xlabel("time of a training step ÷ the best other library's")
        _legend(axes)
    return figure


def _by_kind(rows: DataFrame) -> dict[str, Sequence[float]]:
    """The ratios of one workload by what took them; only our best variant is ours."""
    ours = rows[rows["kind"] == "ours"]
    kinds = {
        "others": rows[rows["kind"] == "peer"],
        "one by one, no library": rows[rows["variant"] == "per-task loop"],
        "ours, not compiled": ours[ours["variant"] == "ours, not compiled"],
        "ours": ours[ours["variant"] == "ours"],
    }
    return {kind: each["ratio"].dropna().tolist() for kind, each in kinds.items()}


def _legend(axes: Axes) -> None:
    for kind, look in _LOOKS.items():
        axes.plot([], [], linestyle="none", **look, label=kind)
    axes.legend(loc="upper center", bbox_to_anchor=(0.4, -0.2), ncols=4)
