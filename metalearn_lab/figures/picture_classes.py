"""Classes of pictures, and the part that each is dealt to."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional as F

from metalearn_lab.figures.style import house_style, new_figure
from metalearn_lab.tasks.class_splits import ClassSplit

_SHOWN = 6


@house_style()
def picture_classes_figure(
    pixels: Tensor, labels: Tensor, splits: Mapping[int, ClassSplit]
) -> Figure:
    """A panel for each part of each split: a row of pictures for each class.

    Args:
        pixels: ``[pictures, height, width]``.
        labels: of the pictures.
        splits: of the classes, by their numbers.

    Raises:
        ValueError: no split.
    """
    if not splits:
        raise ValueError("no split to draw: give at least one")
    columns = len(ClassSplit._fields)
    figure, axes = new_figure(columns * len(splits), columns, width=7.2, height=2.1 * len(splits))
    panels = [(i, part) for i in splits for part in ClassSplit._fields]
    for place, (number, part) in zip(axes, panels, strict=True):
        classes = getattr(splits[number], part)[:5]
        framed = F.pad(pixels, (1, 1, 1, 1))
        rows = [framed[labels == c][:_SHOWN].permute(1, 0, 2).flatten(1) for c in classes]
        place.imshow(torch.cat(rows).cpu().numpy(), cmap="Greys")
        ticks = [framed.shape[1] * (row + 0.5) - 0.5 for row in range(len(rows))]
        place.set_yticks(ticks, [str(c) for c in classes])
        place.grid(False)
        place.set(title=f"split {number}: {part}", xticks=[])
    return figure
