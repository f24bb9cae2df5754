"""Networks fitted to pools of lines: do they know the pool, or have they learned to learn lines?"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from metalearn_lab.experiments.line_posterior import line_posterior, pool_posterior
from metalearn_lab.learners.prior_fitted import PriorFitted
from metalearn_lab.tasks.lines import Lines
from metalearn_lab.tasks.types import Split, Task

RIDGE, POOL = "ridge", "dMMSE"
"""The exact mean for the normal prior of all lines, and that for the lines of the pool alone."""

MeanOf = Callable[[Split, Tensor], Tensor]
"""Maps a support ``[tasks, K, 1]`` and inputs ``[tasks, n, 1]`` to means ``[tasks, n]``."""


def exact_means(family: Lines) -> dict[str, MeanOf]:
    """The two exact means.

    Args:
        family: lines of a pool.
    """
    lines, noise = family.lines_of_pool(), family.noise
    return {
        RIDGE: lambda support, x: line_posterior(support, x, noise)[0],
        POOL: lambda support, x: pool_posterior(lines.to(x), support, x, noise)[0],
    }


def mean_of(learner: PriorFitted) -> MeanOf:
    """The mean that a network predicts, in float64."""

    def mean(support: Split, x: Tensor) -> Tensor:
        return learner.predict(learner.adapt(support, 0)[0], x)[..., 0].double()

    return mean


def distances(learner: PriorFitted, family: Lines, tasks: Task) -> dict[str, float]:
    """Mean squared differences between a network and the two exact means on the queries.

    Args:
        learner: fitted to the lines of a pool.
        family: these lines.
        tasks: of the pool or not, a batch.

    Returns:
        By name, "to ridge" and "to dMMSE", and the mean squared errors of "network", "ridge" and
        "dMMSE" on the targets of the queries, noise included.
    """
    support, (x, y) = tasks
    means = {"network": mean_of(learner), **exact_means(family)}
    said = {name: of(support, x) for name, of in means.items()}
    apart = {f"to {name}": said["network"] - said[name] for name in (RIDGE, POOL)}
    errors = {name: mean - y[..., 0] for name, mean in said.items()}
    return {name: (gap**2).mean().item() for name, gap in {**apart, **errors}.items()}
