"""Drag points and a question through layers of attention that are gradient steps."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from metalearn_lab.explorers.controls import float_slider, slider
from metalearn_lab.explorers.drag_explorer import DragExplorer, drag_view
from metalearn_lab.explorers.explorer import Table, View
from metalearn_lab.figures.drawing import Curve, Dot, Drawing, Handle, Mark, Panel, Place, Words
from metalearn_lab.figures.label_heights import kept_apart
from metalearn_lab.figures.style import GREY, INK
from metalearn_lab.models.linear_attention import gradient_step_layers

LAYER_COLOR, ANSWER_COLOR = "#0072b2", "#b34d00"
MOST_LAYERS = 8
_DATA = Panel((-3.0, 3.0), (-4.0, 4.0), "x", "y", "the context and the lines")
_SLOTS = Panel((0.0, MOST_LAYERS + 0.8), (-4.0, 4.0), "layers passed", "last slot", "the tokens")
_LABELS_APART = 0.4


class AttentionStepExplorer(DragExplorer):
    """Lines y = w x by gradient steps on w, and the last slots of the tokens by as many layers.

    The left panel is computed from the right one: a layer holds no w, and the line through the
    answers is drawn by asking at both ends of the panel.

    Args:
        points: where the context points are at first, one or more.
        question: x of the question at first.
        inner_lr: α at first.
    """

    def __init__(
        self, points: Sequence[Place], question: float = 2.0, *, inner_lr: float = 0.3
    ) -> None:
        super().__init__(
            {
                "inner_lr": float_slider("inner step size α", inner_lr, 0.0, 1.5, 0.05),
                "layers": slider("layers L", 1, 1, MOST_LAYERS),
            },
            handles={
                **{f"point {i}": place for i, place in enumerate(points, 1)},
                "question": (question, -3.6),
            },
        )

    def view(self, *, inner_lr: float, layers: int, question: Place, **points: Place) -> View:
        """The lines, the slots, and what each point adds to the answer."""
        x, y = torch.tensor(list(points.values()), dtype=torch.float64).T[..., None]
        model = gradient_step_layers(1, layers, inner_lr, dtype=x.dtype)
        asked = torch.tensor([[question[0]], *([end] for end in _DATA.x)], dtype=torch.float64)
        every = torch.stack(model.slots(x.expand(3, -1, 1), y.expand(3, -1, 1), asked))
        slots, ends = every[:, 0], -every[:, 1:, -1]  # [layers + 1, N + 1], [layers + 1, 2]
        answer, best = -slots[-1, -1].item(), (x * y).sum() / (x**2).sum()
        marks: list[Mark] = [
            Curve(_DATA.x, [best * end for end in _DATA.x], GREY, "least squares", 1.5, (4, 3))
        ]
        for i in range(1, layers + 1):
            label, width = ("the last layer", 2.5) if i == layers else ("layers before", 1.0)
            marks.append(Curve(_DATA.x, ends[i].tolist(), LAYER_COLOR, label, width))
        passed = list(range(layers + 1))
        heights = kept_apart(slots[-1].tolist(), _LABELS_APART)
        for i, (slot, height) in enumerate(zip(slots.T.tolist(), heights, strict=True), 1):
            is_question = i > len(points)
            color, label = (
                (ANSWER_COLOR, "question") if is_question else (INK, "points of the context")
            )
            marks.append(Curve(passed, slot, color, label, 2.0 if is_question else 1.0, panel=1))
            marks.append(Dot(layers, slot[-1], color, size=5, panel=1))
            words = "q" if is_question else str(i)
            marks.append(Words(layers + 0.25, height, words, color, panel=1))
        marks.append(Dot(question[0], answer, ANSWER_COLOR, "its answer", size=9))
        handles = [Handle(name, *place, INK, "a point: drag it") for name, place in points.items()]
        handles.append(Handle("question", *question, ANSWER_COLOR, "question", moves="x"))
        scores = (x * question[0])[:, 0]
        parts = inner_lr * y[:, 0] * scores / len(points)
        rows = [
            [name, *(f"{value.item() + 0.0:.2f}" for value in values)]
            for name, *values in zip(points, scores, parts, slots[-1], strict=False)
        ]
        rows.append(["sum", "", f"{parts.sum() + 0.0:.2f}", ""])
        rows.append(["question", "", "", f"{slots[-1, -1] + 0.0:.2f}"])
        table = Table(
            f"x_q = {question[0]:.2f}, α = {inner_lr:.2f}: the first layer's sum, and the last "
            f"slots after {layers} of {MOST_LAYERS} layers",
            ("token", "score x·x_q", "adds α·y·score/N", "last slot"),
            rows,
        )
        note = (
            f"After {layers} gradient step{'s' * (layers > 1)} the line has the slope "
            f"{ends[-1, 1] / _DATA.x[1] + 0.0:.3f}. The answer is minus the question's last slot: "
            f"{answer + 0.0:.3f}."
        )
        alt = f"{len(points)} points, {layers} lines and the last slots of the tokens. {note}"
        return drag_view(Drawing((_DATA, _SLOTS), marks, handles), table, alt, note)
