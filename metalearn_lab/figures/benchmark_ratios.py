"""Every library's time of a training step beside the best of the others, by workload."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure

from metalearn_lab.figures.style import GREY, INK, house_style, new_figure

if TYPE_CHECKING:
    from pandas import DataFrame

_LOOKS: dict[str, dict[str, Any]] = {
    "others": {"color": GREY, "marker": "o", "alpha": 0.7},
    "one by one, no library": {"color": "#d55e00", "marker": "s"},
    "ours, not compiled": {"color": "#009e73", "marker": "^"},
    "ours": {"color": "#0072b2", "marker": "D"},
}


@house_style()
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
    figure, (axes,) = new_figure(width=8.6, height=1.6 + 0.38 * len(names))
    for row, workload in enumerate(names):
        for kind, ratios in _by_kind(table[table["workload"] == workload]).items():
            axes.plot(ratios, [row] * len(ratios), linestyle="none", **_LOOKS[kind])
    axes.axvline(1, color=INK, linewidth=1)
    axes.set_xscale("log")
    axes.set_xticks((0.3, 1, 3, 10, 30, 100), ("0.3", "1", "3", "10", "30", "100"))
    axes.minorticks_off()
    axes.set_yticks(range(len(names)), list(names.values()))
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlabel("time of a training step ÷ the best other library's")
    for kind, look in _LOOKS.items():
        axes.plot([], [], linestyle="none", **look, label=kind)
    axes.legend(loc="upper center", bbox_to_anchor=(0.4, -0.2), ncols=4)
    return figure


def _by_kind(table: DataFrame) -> dict[str, Sequence[float]]:
    """The ratios of one workload by what took them; only our best variant is ours."""
    ours = table["kind"] == "ours"
    kinds = {
        "others": table["kind"] == "peer",
        "one by one, no library": table["variant"] == "per-task loop",
        "ours, not compiled": ours & (table["variant"] == "ours, not compiled"),
        "ours": ours & (table["variant"] == "ours"),
    }
    return {kind: table["ratio"][chosen].dropna().tolist() for kind, chosen in kinds.items()}
