"""What networks look up and what they know by heart, over trainings on two kinds of contexts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from metalearn_lab.figures.style import GREY, house_style, new_figure

if TYPE_CHECKING:
    from pandas import DataFrame

_LOOKS = {1.0: ("bursty contexts", "#0072b2", "-"), 0.0: ("mixed contexts", "#b34d00", (0, (4, 2)))}
_TESTS = {"in context": "new classes, in the context", "in weights": "old classes, not in it"}


@house_style()
def burstiness_figure(table: DataFrame, guess: float = 0.5) -> Figure:
    """A panel for each of two tests: thick lines are means over trainings, thin ones trainings.

    Args:
        table: as ``comparison.burstiness.read_burstiness`` gives it.
        guess: how often a guess among the labels of the context is right.
    """
    figure, panels = new_figure(len(_TESTS), width=8.6, height=3.6)
    for axes, (test, title) in zip(panels, _TESTS.items(), strict=True):
        for share, (label, color, dash) in _LOOKS.items():
            runs = table[table.bursty == share].pivot(index="steps", columns="seed", values=test)
            axes.plot(runs, color=color, linestyle=dash, linewidth=0.7, alpha=0.6)
            axes.plot(runs.mean(axis=1), color=color, linestyle=dash, label=label)
        axes.set(title=title, xlabel="outer steps", ylim=(-0.03, 1.03))
    panels[0].axhline(guess, color=GREY, linewidth=1, label="a guess among the labels shown")
    panels[0].set(ylabel="accuracy")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure
