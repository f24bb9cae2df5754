"""Language models beside each other: bits per character as they read, and as they adapt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from metalearn_lab.experiments.language_models import Progress
from metalearn_lab.figures.style import INK, house_style, new_figure
from metalearn_lab.learners.line import Line

LOOKS = {
    "n-gram": Line(INK, "-", "s"),
    "RNN": Line("#d55e00", (0, (5, 2)), "^"),
    "LSTM": Line("#0072b2", (0, (6, 2, 1, 2)), "o"),
    "Transformer": Line("#009e73", (0, (1, 1)), "D"),
}
"""How each kind is drawn."""


@house_style()
def language_model_figure(trainings: Mapping[str, Sequence[Sequence[Progress]]]) -> Figure:
    """Bits per character over the characters read on the left, over CPU seconds on the right.

    Args:
        trainings: by model, one of ``LOOKS``; the first training of each is drawn thick, with its
            marks, the others thin.

    Raises:
        ValueError: an unknown name.
    """
    if unknown := trainings.keys() - LOOKS.keys():
        raise ValueError(f"unknown models {sorted(unknown)}: use {', '.join(LOOKS)}")
    figure, (left, right) = new_figure(2, width=9.6, height=3.9, sharey=True)
    for name, histories in trainings.items():
        look = LOOKS[name]._asdict()
        thin = {**look, "marker": "", "linewidth": 0.8, "alpha": 0.6}
        for i, rows in reversed(list(enumerate(histories))):
            bits, style = [row.bits for row in rows], thin if i else {**look, "label": name}
            left.plot([row.characters for row in rows], bits, **style)
            right.plot([row.seconds for row in rows], bits, **style)
    left.set(xscale="log", xlabel="training characters read", ylabel="bits per character")
    right.set(xscale="log", xlabel="CPU seconds of training")
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure


@house_style()
def author_steps_figure(
    steps: Sequence[int], support: Sequence[float], query: Mapping[str, Sequence[float]]
) -> Figure:
    """Bits per character over the inner steps: of the support, and of each author's query.

    Args:
        steps: counts of inner steps, from 0.
        support: mean over the authors of the bits of the sentences that are adapted to.
        query: the bits of new sentences, by author.
    """
    figure, (axes,) = new_figure(width=7.2, height=4.0)
    axes.plot(steps, support, color="#d55e00", linestyle=(0, (5, 2)), label="support, mean")
    for author, bits in query.items():
        axes.plot(steps, bits, color="#0072b2", linewidth=1.0, label="query, each author")
        axes.annotate(
            author, (steps[-1], bits[-1]), (4, 0), textcoords="offset points", va="center"
        )
    mean = [sum(bits) / len(query) for bits in zip(*query.values(), strict=True)]
    axes.plot(steps, mean, color="#0072b2", linewidth=2.8, label="query, mean")
    axes.set_xscale("symlog", linthresh=1)
    axes.set(xlabel="inner steps", ylabel="bits per character", xlim=(0, steps[-1] * 2.2))
    axes.set_xticks(steps, [str(step) for step in steps])
    axes.minorticks_off()
    handles = dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=3)
    return figure
