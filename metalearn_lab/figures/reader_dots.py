"""Accuracies of readers from a saved table, a panel for each set of tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import torch
from matplotlib.figure import Figure

from metalearn_lab.evaluation.intervals import interval_over_tasks
from metalearn_lab.figures.accuracy_dots import Row, accuracy_dots_figure
from metalearn_lab.figures.style import INK

if TYPE_CHECKING:
    from pandas import DataFrame

META_COLOR = "#d55e00"
"""Of the methods that are trained on other tasks by episodes."""


def reader_dots_figure(
    tables: Mapping[str, DataFrame],
    methods: Sequence[str],
    meta_learners: Sequence[str],
    *,
    over: str,
) -> Figure:
    """A dot for each method: its mean over the seeds with the 95 % interval.

    Args:
        tables: by the panel's title, rows with ``method``, ``seed`` and ``accuracy``; rows of one
            method and seed are averaged.
        methods: in their order from the top.
        meta_learners: those among them with another colour and marker.
        over: what the interval is over.
    """
    panels = {}
    for title, table in tables.items():
        by_seed = 100 * table.groupby(["method", "seed"]).accuracy.mean().unstack()
        rows = []
        for method in methods:
            mean, half, _ = interval_over_tasks(torch.tensor(by_seed.loc[method].to_numpy()))
            look = (META_COLOR, "D") if method in meta_learners else (INK, "o")
            rows.append(Row(method, mean.item(), half.item(), *look))
        panels[title] = rows
    label = f"queries classified right (%): mean and 95 % interval over {over}"
    return accuracy_dots_figure(panels, xlabel=label)
