"""One accuracy under several conditions: a line for each class split, a thick one for the mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from metalearn_lab.figures.style import GREY, INK, house_style, new_figure

_MARKERS = "osD^vPX*<>"


@house_style()
def split_slopes_figure(accuracy: Mapping[str, Sequence[float]], splits: Sequence[int]) -> Figure:
    """Lines from condition to condition: thin of each class split, thick of their mean.

    Args:
        accuracy: by condition, in the order drawn, the accuracy (0…1) of each split.
        splits: the seeds of the splits, for the legend.

    Raises:
        ValueError: a condition has not one accuracy for each split.
    """
    for name, values in accuracy.items():
        if len(values) != len(splits):
            raise ValueError(f"{len(splits)} splits, but {name!r} has {len(values)} accuracies")
    places = range(len(accuracy))
    figure, (axes,) = new_figure(height=3.6)
    for place, split in enumerate(splits):
        values = [100 * condition[place] for condition in accuracy.values()]
        marker = _MARKERS[place % len(_MARKERS)]
        axes.plot(
            places, values, "-", color=GREY, linewidth=1, marker=marker, label=f"split {split}"
        )
    means = [100 * sum(condition) / len(splits) for condition in accuracy.values()]
    axes.plot(places, means, color=INK, linewidth=3, label="mean of the splits")
    for place, mean in zip(places, means, strict=True):
        axes.annotate(
            f"{mean:.1f}",
            (place, mean),
            (0, -20),
            textcoords="offset points",
            ha="center",
            weight="bold",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
        )
    axes.set_xticks(places, list(accuracy))
    axes.margins(x=0.15)
    axes.set_ylabel("queries classified right (%)")
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize=9)
    return figure
