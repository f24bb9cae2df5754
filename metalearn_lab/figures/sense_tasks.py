"""Words as tasks: the sentences of each in the plane, coloured by the sense of the word."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from matplotlib.figure import Figure
from torch import Tensor

from metalearn_lab.figures.style import INK, house_style, new_figure
from metalearn_lab.tasks.word_senses import SenseTable

COLORS = ("#0072b2", "#d55e00")


@house_style()
def sense_tasks_figure(
    table: SenseTable, x: Tensor, parts: Mapping[str, str], *, shots: int
) -> Figure:
    """A panel for each word: its sentences in the plane of their two largest components.

    Args:
        table: the sentences.
        x: their vectors, ``[rows, dim]``.
        parts: what is written over the panel, by word.
        shots: K; the first K sentences of each sense are squares, the others are discs.

    Raises:
        ValueError: no words.
    """
    if not parts:
        raise ValueError("no word to draw: give at least one")
    figure, panels = new_figure(len(parts), width=3.3 * len(parts), height=3.6)
    for axes, (word, title) in zip(panels, parts.items(), strict=True):
        rows = torch.tensor([i for i, each in enumerate(table.words) if each == word])
        own = x.cpu()[rows].double()
        centred = own - own.mean(0)
        plane = centred @ torch.linalg.svd(centred, full_matrices=False)[2][:2].T
        senses = [table.senses[i] for i in rows.tolist()]
        for sense, color in zip(sorted(set(senses)), COLORS, strict=True):
            points = plane[torch.tensor([each == sense for each in senses])]
            for part, marker, size in ((points[:shots], "s", 55), (points[shots:], "o", 28)):
                label = sense if marker == "s" else None
                axes.scatter(
                    part[:, 0],
                    part[:, 1],
                    s=size,
                    marker=marker,
                    color=color,
                    label=label,
                    edgecolors=INK,
                )
        axes.set(title=title, xticks=[], yticks=[])
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.02), fontsize=8)
    return figure
