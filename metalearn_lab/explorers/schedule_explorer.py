"""Drag what pretraining and fine-tuning want; choose the length of a turn; watch the forgetting."""

from __future__ import annotations

import torch
from torch import Tensor

from metalearn_lab.experiments.schedule import bowl_path, in_turns
from metalearn_lab.explorers.controls import float_slider, stops_slider
from metalearn_lab.explorers.drag_explorer import DragExplorer, drag_view
from metalearn_lab.explorers.explorer import Table, View
from metalearn_lab.figures.drawing import Curve, Dot, Drawing, Handle, Mark, Panel, Place, place_of
from metalearn_lab.figures.style import GREY, INK

REACH = 2.4
TOTAL = 120
BLOCKS = (1, 3, 6, 12, 20, 30, 60)
"""Steps of a turn; with the last, fine-tuning comes after pretraining."""

_COLORS = ("#0072b2", "#d55e00")
_DASHES: tuple[tuple[int, ...], ...] = ((), (6, 3))
_NAMES = ("pretraining", "fine-tuning")


class ScheduleExplorer(DragExplorer):
    """Two round bowls to drag, and gradient descent on them in turns, from the origin.

    Controls are the length of a turn, the rate α, and the step that the table is about.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "block": stops_slider("steps of a turn", BLOCKS, BLOCKS[-1]),
                "inner_lr": float_slider("rate α", 0.05, 0.01, 0.3, 0.01),
                "step": stops_slider("step", tuple(range(0, TOTAL + 1, 5)), TOTAL),
            },
            handles={"pretraining": (-1.2, 1.0), "fine_tuning": (1.4, 0.6)},
        )

    def view(
        self, *, block: int, inner_lr: float, step: int, pretraining: Place, fine_tuning: Place
    ) -> View:
        """The path among the two centres, and both losses along it."""
        centres = torch.tensor([pretraining, fine_tuning], dtype=torch.float64)
        turns = in_turns(TOTAL, block)
        path = bowl_path(turns, centres, inner_lr)
        losses = ((path[:, None] - centres) ** 2).sum(-1) / 2
        middle = centres.mean(0)
        rows = [
            [
                name,
                *(_text(value) for value in (own[step], own[: step + 1].min(), at_middle)),
            ]
            for name, own, at_middle in zip(
                _NAMES, losses.T, ((middle - centres) ** 2).sum(-1) / 2, strict=True
            )
        ]
        forgotten = losses[step, 0] - losses[: step + 1, 0].min()
        table = Table(
            f"Turns of {block}, α = {inner_lr:.2f}, after step {step}",
            ("loss of", "now", "lowest so far", "at the middle of both"),
            rows,
        )
        note = f"Forgotten of pretraining: {_text(forgotten)}."
        alt = f"{table.caption}. {note} " + " ".join(
            f"{row[0]}: loss {row[1]}, lowest {row[2]}." for row in rows
        )
        marks: list[Mark] = [*_path(path[: step + 1], turns)]
        marks.append(Dot(*place_of(middle), GREY, "the middle", size=7, filled=False))
        marks.append(Dot(*place_of(path[step]), INK, "θ now", size=8))
        top = 1.05 * losses.max().item() + 1e-9
        every = list(range(TOTAL + 1))
        for name, color, dash, own in zip(_NAMES, _COLORS, _DASHES, losses.T, strict=True):
            marks.append(Curve(every, own, color, f"loss of {name}", 2.2, dash, panel=1))
        marks.append(Curve((step, step), (0, top), GREY, width=0.8, panel=1))
        panels = (
            Panel((-REACH, REACH), (-REACH, REACH), "first weight", "second weight", "", True),
            Panel((0, TOTAL), (0, top), "step", "loss", "both losses"),
        )
        handles = (
            Handle("pretraining", *pretraining, _COLORS[0], "what pretraining wants: drag it"),
            Handle("fine_tuning", *fine_tuning, _COLORS[1], "what fine-tuning wants: drag it"),
        )
        return drag_view(Drawing(panels, marks, handles), table, alt, note)


def _path(path: Tensor, turns: list[int]) -> list[Curve]:
    """One curve for each turn, in its colour."""
    curves, start = [], 0
    for step in range(1, len(path)):
        last = step == len(path) - 1
        if last or turns[step] != turns[start]:
            x, y = path[start : step + 1].T
            curves.append(Curve(x, y, _COLORS[turns[start]], width=2.0))
            start = step
    return curves


def _text(value: Tensor) -> str:
    return f"{value.item():.3f}"
