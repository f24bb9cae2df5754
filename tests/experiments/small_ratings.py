"""A small world of ratings that needs no encoder."""

from __future__ import annotations

import torch

from metalearn_lab.explorers.recommendation_explorer import RATED
from metalearn_lab.tasks.ratings import Feedback, RatingWorld, world_of_tastes
from metalearn_lab.tasks.seeds import generator


def small_world(seed: int = 0, feedback: Feedback = "ratings") -> RatingWorld:
    """Sixty items, three tastes."""
    names = [*RATED, *(f"item {i}" for i in range(60 - len(RATED)))]
    numbers = generator("small ratings", seed)
    vectors, tastes = (torch.randn(count, 8, generator=numbers) for count in (60, 3))
    return world_of_tastes(
        names, vectors, tastes, seed, feedback=feedback, dim=6, users=(50, 12, 12)
    )
