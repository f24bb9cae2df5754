"""Made-up users who rate real countries, by the names that Babel has of them."""

from __future__ import annotations

import torch

from metalearn_lab.models.sentence_encoder import sentence_vectors
from metalearn_lab.tasks.ratings import Feedback, RatingWorld, world_of_tastes
from metalearn_lab.tasks.tagged_sentences import entity_names

TASTES = (
    "a tropical island with beaches",
    "a cold country in the north with snow",
    "a rich and modern city",
    "Africa: savanna, desert and wild animals",
    "old towns, art and history in Europe",
)
"""Each synthetic user likes the names that the sentence encoder puts near one of these."""


def destinations(
    seed: int,
    *,
    feedback: Feedback = "ratings",
    dim: int = 16,
    users: tuple[int, int, int] = (200, 60, 100),
    device: str | torch.device = "cpu",
) -> RatingWorld:
    """Made-up users who rate real countries as holiday destinations, see ``world_of_tastes``.

    Args:
        seed: of users, item parts and noise.
        feedback: ``"ratings"`` 1 to 5, or ``"clicks"`` 0 and 1.
        dim: numbers of an item.
        users: how many for training, validation and test.
        device: of the sentence encoder; items and users are on the CPU.

    Raises:
        ValueError: see ``world_of_tastes``.
        MissingEncoderError: the sentence encoder is not installed.
    """
    names = entity_names()["country"]
    vectors = sentence_vectors([*names, *TASTES], device=device).cpu()
    items, tastes = vectors[: len(names)], vectors[len(names) :]
    return world_of_tastes(names, items, tastes, seed, feedback=feedback, dim=dim, users=users)
