"""Drag the support points of a tiny task: which weights move while it is learned, which stay?"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from metalearn_lab.experiments.what_moves import (
    PRETRAINED,
    QUERY,
    QUERY_LABELS,
    SUPPORT,
    WAYS,
    Weights,
    boundaries,
    class_means,
    queries_right,
    support_loss,
    trajectory,
)
from metalearn_lab.explorers.controls import choice, slider
from metalearn_lab.explorers.drag_explorer import DragExplorer, drag_view
from metalearn_lab.explorers.explorer import Table, View
from metalearn_lab.figures.drawing import Arrow, Curve, Dot, Drawing, Handle, Mark, Panel
from metalearn_lab.figures.style import GREY, INK

INNER_LR = 0.5
"""α of every method."""
MOST_STEPS = 40
_COLORS = ("#0072b2", "#d55e00", "#009e73")
_PLANE, _FEATURES = 1.6, 3.2
_NUMBERS = {"nearest_mean": 0, "linear_probe": 9, "lora": 13, "fine_tuning": 13}
NAMES = {
    "nearest_mean": "frozen class means",
    "linear_probe": "linear probe",
    "lora": "LoRA, rank 1",
    "fine_tuning": "full fine-tuning",
}


class WhatMovesExplorer(DragExplorer):
    """A handle for the support point of each class, the inner step, and what moves on the right.

    Left the points; in the middle their features W x in the pretrained layer, which a probe does
    not move; on the right the features of a method that does.
    """

    def __init__(self) -> None:
        methods = {NAMES[name]: name for name in ("fine_tuning", "lora")}
        super().__init__(
            {
                "step": slider("inner step", MOST_STEPS // 2, 0, MOST_STEPS),
                "method": choice("on the right", methods, "fine_tuning"),
            },
            {f"class {i}": point for i, point in enumerate(SUPPORT)},
        )

    def view(self, *, step: int, method: str, **points: tuple[float, float]) -> View:
        """Where the features and the borders between the classes are after ``step`` steps."""
        support = torch.tensor([points[f"class {i}"] for i in range(WAYS)], dtype=torch.float64)
        adapted = {"nearest_mean": class_means(support)}
        for name in ("linear_probe", "lora", "fine_tuning"):
            adapted[name] = trajectory(name, support, INNER_LR, step)[-1]
        square = (-_FEATURES, _FEATURES)
        short = "LoRA" if method == "lora" else "Fine-tuning"
        panels = [
            Panel((-_PLANE, _PLANE), (-_PLANE, _PLANE), "x₁", "x₂", "Points x: drag a disc"),
            Panel(square, square, "h₁", "h₂", "Probe: features stay"),
            Panel(square, square, "h₁", "h₂", f"{short}: they move"),
        ]
        marks = [
            *_dots(QUERY, 0, "query, coloured alike"),
            *_feature_marks(adapted["linear_probe"], support, 1),
            *_borders(adapted["nearest_mean"], 1, GREY, "border of frozen class means", (2, 2)),
            *_feature_marks(adapted[method], support, 2),
        ]
        handles = [
            Handle(f"class {i}", x, y, _COLORS[i], f"support, class {i}")
            for i, (x, y) in enumerate(support.tolist())
        ]
        table = Table(
            f"After {step} steps of α = {INNER_LR:g}",
            ("method", "numbers it trains", "support loss", "features moved by", "queries right"),
            [_row(name, weights, support) for name, weights in adapted.items()],
        )
        alt = (
            f"Three support points, and their features, after {step} steps. A probe leaves the "
            f"features where they were; {NAMES[method]} has moved them by "
            f"{_moved(adapted[method], support)}."
        )
        return drag_view(Drawing(panels, marks, handles), table, alt, _note(step, method))


def _feature_marks(weights: Weights, support: Tensor, panel: int) -> Iterator[Mark]:
    """The borders, the queries' features, and the way of the support's from pretraining to now."""
    yield from _borders(weights, panel, INK, "border after the steps", ())
    yield from _dots(QUERY @ weights.layer.T, panel)
    starts, ends = (support @ PRETRAINED.T).tolist(), (support @ weights.layer.T).tolist()
    for color, (x_0, y_0), (x, y) in zip(_COLORS, starts, ends, strict=True):
        yield Dot(x_0, y_0, color, size=11.0, filled=False, panel=panel)
        if (x_0, y_0) != (x, y):
            yield Arrow((x_0, y_0), (x, y), color, panel=panel)
        yield Dot(x, y, color, size=6.5, panel=panel)


def _borders(
    weights: Weights, panel: int, color: str, label: str, dash: tuple[int, ...]
) -> Iterator[Mark]:
    for piece in boundaries(weights, _FEATURES):
        x, y = piece.T.tolist()
        yield Curve(x, y, color, label, width=1.6, dash=dash, panel=panel)


def _dots(places: Tensor, panel: int, label: str = "") -> Iterator[Mark]:
    """Small rings; the label stands in the legend once."""
    for n, (x, y) in enumerate(places.tolist()):
        color = _COLORS[int(QUERY_LABELS[n])]
        yield Dot(x, y, color, "" if n else label, size=3.5, filled=False, panel=panel)


def _moved(weights: Weights, support: Tensor) -> str:
    """How far each support point's feature is from where pretraining put it."""
    lengths = (support @ (weights.layer - PRETRAINED).T).norm(dim=1)
    return ", ".join(f"{length:.2f}" for length in lengths.tolist())


def _row(name: str, weights: Weights, support: Tensor) -> list[str]:
    loss = "–" if name == "nearest_mean" else f"{support_loss(weights, support):.3f}"
    right = f"{queries_right(weights)} of {len(QUERY)}"
    return [NAMES[name], str(_NUMBERS[name]), loss, _moved(weights, support), right]


def _note(step: int, method: str) -> str:
    """What is to be seen at this setting."""
    if step == 0:
        return "Before the first step the head is zero: every class has the same score everywhere."
    if step == 1:
        return (
            "The first step moves the head alone: through a head of zeros no gradient reaches the "
            "features. So all three methods agree here."
        )
    if method == "lora":
        return "LoRA of rank 1 moves all features along one line, the direction of B."
    return "Fine-tuning moves each feature in a direction of its own."
