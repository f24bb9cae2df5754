"""Heights for the labels of values that lie close together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def kept_apart(values: Sequence[float], gap: float) -> list[float]:
    """Heights in the same order, at least ``gap`` apart, that move as little as they must.

    Args:
        values: what is labelled, finite.
        gap: the least distance of two labels.

    Returns:
        Those of least squared distance to the values: heights minus the gaps below them must not
        fall, and the best such heights are max over j ≤ i of min over k ≥ i of the mean of j … k.
    """
    order = np.argsort(values, kind="stable")
    gaps = gap * np.arange(len(order))
    raised = np.asarray(values, dtype=float)[order] - gaps
    count = range(len(order))
    heights = np.empty(len(order))
    for i in count:
        means = [min(raised[j : k + 1].mean() for k in count[i:]) for j in count[: i + 1]]
        heights[order[i]] = max(means) + gaps[i]
    return [float(height) for height in heights]
