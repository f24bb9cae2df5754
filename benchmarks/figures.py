"""The pictures: ratios by workload, and cost against size."""

from __future__ import annotations

import matplotlib

matplotlib.use("Agg")

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from benchmarks.results import FOLDER

OURS, PEER, TARGET = "#0072B2", "#999999", "#D55E00"


def draw_ratios(table: pd.DataFrame) -> None:
    """Time of a step as a ratio to the best peer's, one row a workload."""
    timed = table[table["ratio"].notna()]
    busy = timed["state"] == "busy"
    timed = timed.assign(workload=timed["workload"].where(~busy, timed["workload"] + " busy"))
    names = list(dict.fromkeys(timed["workload"]))
    figure, axes = plt.subplots(figsize=(8, 1.4 + 0.42 * len(names)), layout="constrained")
    for row, name in enumerate(names):
        draw_workload(axes, row, timed[timed["workload"] == name])
    axes.set_xscale("log")
    axes.axvline(1, color="black", linewidth=1)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_xlabel("time ÷ the best peer's time in the same rounds (left of 1 is faster)")
    axes.set_title("Our training step beside the peers', medians and quartiles", loc="left")
    axes.grid(axis="x", color="0.9")
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    draw_legend(axes)
    figure.savefig(FOLDER / "results.png", dpi=150)
    plt.close(figure)


def draw_workload(axes: Axes, row: int, rows: pd.DataFrame) -> None:
    """The peers in grey, our best variant in blue with its number, the target as a tick."""
    peers = rows[rows["kind"] == "peer"]
    axes.plot(peers["ratio"], [row] * len(peers), "o", color=PEER, markersize=5, alpha=0.8)
    target = rows["target"].iloc[0]
    if pd.notna(target):
        axes.plot(target, row, marker="|", color=TARGET, markersize=16, markeredgewidth=2)
    ours = rows[rows["kind"] == "ours"].nsmallest(1, "ratio")
    for _, best in ours.iterrows():
        ends = [[best["ratio"] - best["ratio_q25"]], [best["ratio_q75"] - best["ratio"]]]
        ends = np.maximum(ends, 0)
        axes.errorbar(best["ratio"], row, xerr=ends, fmt="D", color=OURS, markersize=7, capsize=3)
        axes.annotate(
            f"{best['ratio']:.2f}",
            (best["ratio"], row),
            xytext=(0, 7),
            textcoords="offset points",
            ha="center",
            color=OURS,
            fontsize=8,
        )


def draw_legend(axes: Axes) -> None:
    """What the marks mean, below the axis."""
    axes.plot([], [], "D", color=OURS, label="ours")
    axes.plot([], [], "o", color=PEER, label="peers")
    axes.plot([], [], "|", color=TARGET, markersize=12, markeredgewidth=2, label="target")
    axes.legend(loc="lower right", frameon=False)


def draw_scaling(table: pd.DataFrame, slopes: dict[str, float]) -> None:
    """Milliseconds of a step against tasks and against inner steps, both axes logarithmic."""
    figure, panels = plt.subplots(1, 2, figsize=(9, 3.6), sharey=False, layout="constrained")
    for axes, axis in zip(panels, ("tasks", "inner steps"), strict=True):
        rows = table[table["axis"] == axis]
        ends = [rows["ms"] - rows["ms_q25"], rows["ms_q75"] - rows["ms"]]
        axes.errorbar(rows["size"], rows["ms"], yerr=ends, fmt="D-", color=OURS, markersize=4)
        draw_line(axes, rows["size"].to_numpy(), rows["ms"].to_numpy())
        axes.set(xscale="log", yscale="log", xlabel=axis, ylabel="ms a training step")
        axes.set_title(f"slope {slopes[axis]:.2f} over the upper half", loc="left", fontsize=10)
        axes.grid(color="0.92")
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(FOLDER / "scaling.png", dpi=150)
    plt.close(figure)


def draw_line(axes: Axes, sizes: np.ndarray, times: Sequence[float]) -> None:
    """What exactly linear growth from the largest size would be."""
    axes.plot(sizes, times[-1] * sizes / sizes[-1], "--", color="0.5", label="linear")
    axes.legend(frameon=False)
