"""The canvas of the draw-your-own-task explorer: what runs in the browser, and what it may hold."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from anywidget import AnyWidget
from torch import Tensor
from traitlets import Dict, Int

from metalearn_lab.figures.drawn_task import X_RANGE, Y_RANGE
from metalearn_lab.figures.style import line

_FILES = Path(__file__).with_name("draw_task")
_SCRIPTS = ("picture", "page", "kernel", "task", "pointer", "keyboard", "render")

Point = Sequence[float]
"""x and y."""


class DrawTaskCanvas(AnyWidget):
    """Canvas, buttons and tables in the browser.

    It sends the message ``{"ask": number, "points": [[x, y], …]}``, or None for the points of an
    unseen task, and waits until ``answer`` has this number.

    Attributes:
        setting: ranges, sizes, and how each learner looks.
        steps: the inner steps after which curves are shown.
        answer: what the learners make of the points; its numbers are 32 bits each.
    """

    # One module for the browser, which could not find the others by a name: files in a row.
    _esm = "\n".join((_FILES / f"{name}.js").read_text(encoding="utf-8") for name in _SCRIPTS)
    _css = (_FILES / "page.css").read_text(encoding="utf-8")
    setting = Dict().tag(sync=True)
    steps = Int().tag(sync=True)
    answer = Dict().tag(sync=True)


def look(name: str) -> dict[str, Any]:
    """How a learner is drawn, in words that the browser knows.

    Raises:
        ValueError: no such learner.
    """
    style = line(name)
    dash = [] if style["linestyle"] == "-" else list(style["linestyle"][1])
    return {"dash": dash, **{key: style[key] for key in ("label", "color", "marker")}}


def check_points(points: Sequence[Point], most: int) -> Tensor:
    """Points as a tensor ``[K, 2]``.

    Raises:
        ValueError: more than ``most``, one that is not two numbers, or one out of the picture.
    """
    if len(points) > most:
        raise ValueError(f"{len(points)} points, where {most} is the most: remove some")
    for index, point in enumerate(points, 1):
        if len(point) != 2 or not all(map(math.isfinite, point)):
            raise ValueError(f"point {index} must be two numbers, x and y; got {point!r}")
        x, y = point
        if not (X_RANGE[0] <= x <= X_RANGE[1] and Y_RANGE[0] <= y <= Y_RANGE[1]):
            raise ValueError(
                f"point {index} is out of the picture: x must be in {list(X_RANGE)} and y in "
                f"{list(Y_RANGE)}, got {point!r}"
            )
    # In float64, to give back what was given.
    return torch.tensor([list(point) for point in points], dtype=torch.float64).reshape(-1, 2)


def as_bytes(*tensors: Tensor) -> bytes:
    """Numbers as the browser reads them: 32 bits each, lowest byte first."""
    return b"".join(numbers.numpy().astype("<f4").tobytes() for numbers in tensors)
