"""Labels of one task as columns, for what is solved in closed form."""

from __future__ import annotations

import torch
from torch import Tensor


def label_columns(labels: Tensor, ways: int, like: Tensor) -> Tensor:
    """``[items, ways]``: 1 in an item's own class, 0 elsewhere; NaN for a label that is no class.

    Nothing may depend on the values of labels where tasks are run at once, so a label out of range
    cannot be refused here; it makes the loss NaN, which training and evaluation refuse.

    Args:
        labels: ``[items]``.
        ways: N; labels are 0, …, N − 1.
        like: gives number type and device.
    """
    own = (labels[:, None] == torch.arange(ways, device=labels.device)).to(like)
    return own / own.sum(1, keepdim=True)
