"""Two equal methods judged on more and more episodes: how often one of them seems to win.

Equal by construction: one learner under two names. The questions of each episode are dealt into
two disjoint halves; in each replay a coin says, episode by episode, which name gets which half.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from metalearn_lab.tasks.seeds import generator

FIRST_LOOK = 10
"""The fewest episodes after which somebody who keeps looking may call a winner."""


@dataclass(frozen=True)
class Replays:
    """Many replays of one comparison, the episodes arriving one by one.

    Attributes:
        scores: of the two names, ``[replays, episodes, 2]``.
        paired: whether both met the same episodes.
    """

    scores: Tensor
    paired: bool

    @cached_property
    def means(self) -> Tensor:
        """Mean over the first 1, 2, … episodes, ``[replays, episodes, 2]``."""
        return self.scores.cumsum(1) / _counts(self.scores)

    @cached_property
    def half_widths(self) -> Tensor:
        """95 % half-width of each mean; infinite for one episode."""
        return _running_half_width(self.scores, 1)

    @cached_property
    def difference(self) -> Tensor:
        """The first mean less the second, ``[replays, episodes]``."""
        return self.means[..., 0] - self.means[..., 1]

    @cached_property
    def difference_half_width(self) -> Tensor:
        """95 % half-width of the difference, by Student's t, ``[replays, episodes]``."""
        if self.paired:
            apart = self.scores[..., :1] - self.scores[..., 1:]
            return _running_half_width(apart, 1)[..., 0]
        # Two independent means of n episodes each: the variances add, 2 (n − 1) degrees.
        return _running_half_width(self.scores, 2).square().sum(-1).sqrt()

    @cached_property
    def apart(self) -> Tensor:
        """Whether the two intervals do not meet, ``[replays, episodes]``."""
        return self.difference.abs() > self.half_widths.sum(-1)

    @cached_property
    def differs(self) -> Tensor:
        """Whether the interval of the difference leaves out 0, ``[replays, episodes]``."""
        return self.difference.abs() > self.difference_half_width

    @cached_property
    def ever_differed(self) -> Tensor:
        """Whether it did after this or an earlier episode, from ``FIRST_LOOK`` on."""
        episode = torch.arange(1, self.differs.shape[1] + 1)
        return (self.differs & (episode >= FIRST_LOOK)).cummax(1).values

    def leads_by(self, margin: float) -> Tensor:
        """Whether one mean leads by a margin or more, ``[replays, episodes]``."""
        return self.difference.abs() >= margin


def replay_equal_methods(halves: Tensor, *, paired: bool, replays: int, seed: int = 0) -> Replays:
    """Deal the episodes out to two equal methods, again and again.

    Args:
        halves: a learner's scores on the two halves of each episode's questions,
            ``[episodes, 2]``.
        paired: give both methods the same episodes, or each its own.
        replays: how many times.
        seed: of the dealing.

    Returns:
        Replays of half as many episodes, so that both ways there are as many.

    Raises:
        ValueError: fewer than four episodes, not two halves, or a score that is not finite.
    """
    if halves.ndim != 2 or halves.shape[1] != 2 or halves.shape[0] < 4:
        raise ValueError(
            f"give scores as [episodes, 2] of 4 or more episodes, got {tuple(halves.shape)}"
        )
    if not halves.isfinite().all():
        raise ValueError("a score is NaN or inf, so nothing can be said of means: leave it out")
    episodes = halves.shape[0]
    numbers = generator("equal methods", seed)
    order = torch.rand(replays, episodes, generator=numbers).argsort(1)
    coin = torch.randint(2, (replays, episodes), generator=numbers)
    first, second = halves[order, coin], halves[order, 1 - coin]
    half = episodes // 2
    other = second[:, :half] if paired else second[:, half : 2 * half]
    return Replays(torch.stack((first[:, :half], other), -1), paired)


def _counts(values: Tensor) -> Tensor:
    """1, 2, … along the axis of episodes, to be broadcast."""
    return torch.arange(1, values.shape[1] + 1, dtype=values.dtype)[None, :, None]


def _running_half_width(values: Tensor, samples: int) -> Tensor:
    """Half-width of the running mean of ``[replays, episodes, n]``; infinite for one episode.

    Args:
        values: one or more columns of scores.
        samples: how many such means are compared; each adds n − 1 degrees of freedom.
    """
    from scipy.stats import t

    n = _counts(values)
    around = values - values.mean()  # about zero, so that little is lost in the subtraction
    variance = (around.square().cumsum(1) / n - (around.cumsum(1) / n).square()).clamp(min=0)
    degrees = (n - 1).clamp(min=1)
    quantile = torch.as_tensor(t.ppf(0.975, (samples * degrees).numpy()), dtype=values.dtype)
    half_width = quantile * (variance / degrees).sqrt()
    return torch.where(n > 1, half_width, torch.inf)
