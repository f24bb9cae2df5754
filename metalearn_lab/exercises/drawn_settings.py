"""Settings on which a check tries a reader's function: many, so that no number can stand fixed."""

from __future__ import annotations

import torch

from metalearn_lab.tasks.seeds import generator


def drawn_settings(
    exercise: str, count: int, *ranges: tuple[float, float]
) -> list[tuple[float, ...]]:
    """Settings drawn uniformly, the same each time.

    Args:
        exercise: a name, the seed.
        count: of settings.
        ranges: of each number in a setting.
    """
    low, high = torch.tensor(ranges, dtype=torch.float64).unbind(1)
    share = torch.rand(
        count, len(ranges), generator=generator("exercise", exercise), dtype=torch.float64
    )
    return [tuple(row) for row in (low + share * (high - low)).tolist()]
