"""Users as tasks: each has rated some items; the first ratings are support, others are query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from metalearn_lab.tasks.seeds import generator

Feedback = Literal["ratings", "clicks"]

SUPPORT, QUERIES, NEW = 20, 20, 10
"""Ratings of a user: those that may be support, then known items, then new ones."""


@dataclass(frozen=True)
class Users:
    """Some users and what they rated, in their order.

    Attributes:
        items: numbers of the rated items, ``[users, ratings]``.
        values: their ratings, ``[users, ratings]``.
    """

    items: Tensor
    values: Tensor


@dataclass(frozen=True)
class RatingWorld:
    """Items and users in three parts; the parts share no user.

    Attributes:
        names: of the items.
        features: of the items, ``[items, dim]``.
        train: their ratings may be used at will. They rated no new item.
        validation: users to choose settings on.
        test: users to report on.
        lowest: the smallest rating; 0 for clicks.
        highest: the largest; 1 for clicks.
        tastes: of the test users, the number of each one's taste, if there are any.
    """

    names: tuple[str, ...]
    features: Tensor
    train: Users
    validation: Users
    test: Users
    lowest: float = 1.0
    highest: float = 5.0
    tastes: Tensor | None = None

    @property
    def clicks(self) -> bool:
        """Whether values are 0 and 1."""
        return self.lowest == 0.0


def world_of_tastes(
    names: Sequence[str],
    vectors: Tensor,
    tastes: Tensor,
    seed: int,
    *,
    feedback: Feedback = "ratings",
    dim: int = 16,
    users: tuple[int, int, int] = (200, 60, 100),
) -> RatingWorld:
    """Made-up users who rate real items.

    A user's liking of an item with features e is 3 + 0.8 w·e + the item's appeal + the user's
    offset. The weights w are those of one taste, and noise of the user's own. A rating is the
    liking with noise, rounded, between 1 and 5. A click is drawn: the higher the liking, the
    likelier. One fifth of the items are new: no training user rated them.

    Args:
        names: of the items.
        vectors: of the items, ``[items, width]``.
        tastes: a vector for each taste, near the items that it likes, ``[tastes, width]``.
        seed: of users, item parts and noise.
        feedback: ``"ratings"`` 1 to 5, or ``"clicks"`` 0 and 1.
        dim: principal components of the vectors that are kept; fitted on the items that are not
            new.
        users: how many for training, validation and test.

    Raises:
        ValueError: an unknown feedback, no users in a part, or too few items.
    """
    if feedback not in ("ratings", "clicks"):
        raise ValueError(f"unknown feedback {feedback!r}: use 'ratings' or 'clicks'")
    if min(users) < 1:
        raise ValueError(f"each part needs a user or more, got {users}")
    if len(names) // 5 < NEW or len(names) < 5 * (SUPPORT + QUERIES) // 4:
        raise ValueError(
            f"a user rates {SUPPORT + QUERIES} known items and {NEW} new ones, and one fifth of "
            f"the items are new: {len(names)} items are too few"
        )
    numbers = generator("destinations", seed)
    shuffled = torch.randperm(len(names), generator=numbers)
    known, new = shuffled[len(names) // 5 :], shuffled[: len(names) // 5]
    reduced = principal_components(torch.cat([vectors, tastes]), vectors[known], dim)
    features, directions = reduced[: len(names)], reduced[len(names) :]
    count = sum(users)
    taste = torch.randint(len(tastes), (count,), generator=numbers)
    own = torch.randn(count, dim, generator=numbers)
    weights = _unit_spread(directions, features[known])[taste]
    weights = weights + 0.5 * _unit_spread(own, features[known])
    appeal = 0.4 * torch.randn(len(names), generator=numbers)
    offset = 0.4 * torch.randn(count, 1, generator=numbers)
    liking = 3 + 0.8 * weights @ features.T + appeal + offset
    items = _drawn(known, count, SUPPORT + QUERIES, numbers)
    items = torch.cat([items, _drawn(new, count, NEW, numbers)], 1)
    rated = liking.gather(1, items)
    noise = torch.randn(items.shape, generator=numbers)
    values = (rated + 0.5 * noise).round().clamp(1, 5)
    if feedback == "clicks":
        chance = torch.sigmoid(2 * (rated - 3.5))
        values = (torch.rand(items.shape, generator=numbers) < chance).float()
    ends = (users[0], users[0] + users[1])
    train, validation, test = (
        Users(i, v)
        for i, v in zip(items.tensor_split(ends), values.tensor_split(ends), strict=True)
    )
    train = Users(train.items[:, : SUPPORT + QUERIES], train.values[:, : SUPPORT + QUERIES])
    bounds = (0.0, 1.0) if feedback == "clicks" else (1.0, 5.0)
    return RatingWorld(
        tuple(names), features, train, validation, test, *bounds, tastes=taste[-users[2] :]
    )


def principal_components(vectors: Tensor, fitted_on: Tensor, dim: int) -> Tensor:
    """The largest components of vectors, scaled so that each has variance 1 in the mean.

    Args:
        vectors: to be reduced, ``[vectors, width]``.
        fitted_on: those that mean, directions and scale are taken from, ``[others, width]``.
        dim: how many components.

    Raises:
        ValueError: more components than there are in what it is fitted on.
    """
    if not 1 <= dim <= min(len(fitted_on) - 1, fitted_on.shape[1]):
        raise ValueError(
            f"{len(fitted_on)} vectors of {fitted_on.shape[1]} numbers have no {dim} components"
        )
    mean = fitted_on.mean(0)
    _, _, directions = torch.linalg.svd(fitted_on - mean, full_matrices=False)
    largest = directions[:dim]
    largest = largest * largest[torch.arange(dim), largest.abs().argmax(1)].sign()[:, None]
    scale = ((fitted_on - mean) @ largest.T).var(0).mean().sqrt()
    reduced: Tensor = (vectors - mean) @ largest.T / scale
    return reduced


def _unit_spread(weights: Tensor, features: Tensor) -> Tensor:
    """Weights whose scores of the items have standard deviation 1."""
    return weights / (weights @ features.T).std(1, keepdim=True)


def _drawn(items: Tensor, users: int, count: int, numbers: torch.Generator) -> Tensor:
    """Some of the items for each user, none twice, ``[users, count]``."""
    return items[torch.rand(users, len(items), generator=numbers).argsort(1)[:, :count]]
