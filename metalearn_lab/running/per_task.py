"""What the ways of running tasks know of a learner: functions of one task, and a few wishes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

from torch import Tensor, nn

from metalearn_lab.tasks.types import Split, Task

Weights = dict[str, Tensor]
"""Weights by parameter name; *fast weights* when they belong to one task."""

Trajectory = list[Weights]
"""θ_0, …, θ_k; for a batch of tasks each tensor is ``[tasks, *weight.shape]``."""

Loss = Callable[[Tensor, Tensor], Tensor]
"""Maps outputs ``[items, ...]`` and targets to a scalar, e.g. ``F.cross_entropy``."""

Mapping = Literal["vmap", "loop"]
"""All tasks at once, or one by one."""


class PerTask(nn.Module):
    """A learner as it is run: its methods are of one task, and what is here maps them over many.

    ``learners.learner.Learner`` gives the methods. What it says of itself beside them has values
    here that ask for nothing.

    Attributes:
        model: whose weights are swapped for each task's.
        inner_steps: k, the steps of its inner loop in training; 0 where it has none.
        chunk_size: the most tasks at once, if it has a wish.
        low_rank: whether a wide first layer is adapted within the span of the support (see
            ``running.low_rank``); by the rule where it is None.
        replay: whether inner steps are taken again in the backward pass (see ``running.replay``).
        differentiates_twice: whether the meta-gradient holds second derivatives of a loss.
        low_rank_pays: whether ``meta_loss`` adapts to the whole support, then reads the query.
        follows_plain_gradient: whether each inner step is θ − α∇L with one α for all.
        refuses_what_vmap_gets_wrong: or runs it all the same, to show what comes out.
    """

    model: nn.Module
    inner_steps: int = 0
    chunk_size: int | None = None
    low_rank: bool | None = False
    replay: bool = False
    differentiates_twice = False
    low_rank_pays = False
    refuses_what_vmap_gets_wrong = True

    @property
    def follows_plain_gradient(self) -> bool:
        """Whether each inner step is θ − α∇L with one α for all."""
        return False

    @property
    def adapted_names(self) -> Sequence[str]:
        """Names of the fast weights that inner steps move, parameters in the model's order."""
        return ()

    @property
    def mapping(self) -> Mapping:
        """How tasks are run."""
        raise NotImplementedError

    def meta_loss(self, task: Task) -> Tensor:
        """Meta-loss of one task, a scalar."""
        raise NotImplementedError

    def losses_at_once(self, tasks: Task) -> Tensor | None:
        """The meta-loss of each task, ``[tasks]``, by operations that have an axis of tasks.

        They cost less than ``vmap`` of ``meta_loss``, whose numbers they must give. None where a
        learner has none, or not for the model that it has; then ``vmap`` is used.
        """
        return None

    def trajectory(self, support: Split, steps: int) -> Trajectory:
        """θ_0, …, θ_steps of one task."""
        raise NotImplementedError

    def inner_step(self, theta: Weights, support: Split, step: int) -> Weights:
        """θ_{j+1} of one task, for learners whose steps may be replayed."""
        raise NotImplementedError

    def weights(self) -> Weights:
        """Where one task's fast weights start, by name, connected to the graph."""
        raise NotImplementedError

    def call(self, weights: Weights, x: Tensor) -> Tensor:
        """Outputs of the model at given weights, for one task."""
        raise NotImplementedError


class WithWeights(nn.Module):
    """A function of a learner as a module's ``forward``, for ``torch.func.functional_call``.

    The learner's parameters are called ``learner.NAME`` there.

    Args:
        learner: stays as it is.
        function: of the learner and of what ``forward`` is given.
    """

    def __init__(self, learner: PerTask, function: Callable[..., Any]) -> None:
        super().__init__()
        self.learner = learner
        self.function = function

    def forward(self, *arguments: Any) -> Any:
        """The function of the learner, with the weights that were put there."""
        return self.function(self.learner, *arguments)
