"""What every learner is: an ``nn.Module`` with two verbs, ``adapt`` and ``forward``.

``adapt(support)`` is what the algorithm does at test time: it moves the weights θ on a support
split and returns the trajectory θ_0, …, θ_k. ``forward(tasks)`` is what it does at training time:
a meta-loss whose gradient is the algorithm's meta-gradient, so that any optimiser, scheduler or
distributed wrapper of PyTorch works on a learner unchanged.
"""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase

import torch
from torch import Tensor, nn
from torch.func import functional_call

from metalearn_lab.learners.attention import attention_for
from metalearn_lab.learners.chunks import chunked_meta_loss, tasks_at_once
from metalearn_lab.learners.inner_gradient import inner_gradient
from metalearn_lab.learners.loop import looped_meta_loss
from metalearn_lab.learners.low_rank_rule import check_low_rank
from metalearn_lab.learners.mapping import Mapping, check_mapping, mapping_for, over_tasks
from metalearn_lab.learners.model_checks import (
    check_initialised,
    check_traits,
    recomputing_refused,
)
from metalearn_lab.learners.norms import check_norms
from metalearn_lab.learners.replay import check_replay, replayed
from metalearn_lab.learners.traits import watch_once
from metalearn_lab.tasks.types import Split, Task

Weights = dict[str, Tensor]
"""Weights by parameter name; *fast weights* when they belong to one task."""

Trajectory = list[Weights]
"""θ_0, …, θ_k; for a batch of tasks each tensor is ``[tasks, *weight.shape]``."""

Loss = Callable[[Tensor, Tensor], Tensor]
"""Maps outputs ``[items, ...]`` and targets to a scalar, e.g. ``F.cross_entropy``."""


class Learner(nn.Module):
    """Base of all learners: the inner loop θ_{j+1} = θ_j − α ∇L_S(θ_j).

    Subclasses give ``meta_loss``, the meta-loss of one task.

    Args:
        model: maps inputs ``[items, ...]`` to outputs; its parameters are the meta-parameters θ.
        loss: of outputs and targets, a mean over items.
        inner_lr: α, the inner step size (for a mean-reduced loss).
        inner_steps: k, the number of inner steps at training time and by default at test time.
        adapts: pattern of the parameter names that the inner loop moves, e.g. ``"*"`` for all or
            ``"head.*"`` for the head alone; or several, e.g. ``("body.1.*", "head.*")``.
        mapping: how tasks are run, ``"vmap"`` (all at once) or ``"loop"`` (one by one, shared out
            to the cores); by the rule ``learners.mapping.mapping_for`` when not given.
        chunk_size: with ``"vmap"``, the most tasks at once; bounds the memory. Where it is not
            given, all, or as many as fit (see ``learners.chunks``).
        transductive: allow layers that normalise query items by each other.
        low_rank: adapt a wide first layer within the span of the support rows, which is exact
            and less work; by the rule ``learners.low_rank_rule.saves_work`` when not given.
        replay: bound the memory of differentiating through the inner loop: keep θ_0, …, θ_k and
            take each inner step again in the backward pass (see ``learners.replay``).

    Raises:
        ValueError: a setting is out of range, no parameter matches a pattern, a norm of the
            model would make the learner wrong (see ``learners.norms``), or ``low_rank`` or
            ``replay`` is asked for and cannot be had.
    """

    differentiates_twice = False
    """Whether the meta-gradient holds second derivatives of the inner loss."""

    low_rank_pays = True
    """Whether ``meta_loss`` adapts to the whole support, then reads the query."""

    @property
    def follows_plain_gradient(self) -> bool:
        """Whether each inner step is θ − α∇L with one α for all; another step says so here."""
        own = type(self)
        return (own.inner_step, own.inner_loop) == (Learner.inner_step, Learner.inner_loop)

    def __init__(
        self,
        model: nn.Module,
        loss: Loss,
        *,
        inner_lr: float,
        inner_steps: int,
        adapts: str | tuple[str, ...] = "*",
        mapping: Mapping | None = None,
        chunk_size: int | None = None,
        transductive: bool = False,
        low_rank: bool | None = None,
        replay: bool = False,
    ) -> None:
        super().__init__()
        check_mapping(mapping)
        check_initialised(model)
        check_norms(
            model,
            # By the rule, a model that is moved to a GPU becomes vectorised there.
            vectorised=mapping != "loop",
            second_order=self.differentiates_twice,
            transductive=transductive,
        )
        if not 0 <= inner_lr < float("inf"):
            raise ValueError(f"inner_lr must be 0 or a positive number, got {inner_lr}")
        check_steps(inner_steps)
        if chunk_size is not None and (mapping == "loop" or chunk_size < 1):
            raise ValueError(
                f"chunk_size is a number of tasks for mapping='vmap', got {chunk_size} with "
                f"mapping={mapping!r}"
            )
        self.model = model
        self.loss = loss
        self.inner_lr = inner_lr
        self.inner_steps = inner_steps
        self.adapts = adapts
        self._mapping, self.mapping_is_checked = mapping, True
        self.chunk_size = chunk_size
        self.adapted_names = _matching_names(model, adapts)
        self.low_rank = low_rank
        if low_rank:
            check_low_rank(self)
        self.replay = replay
        if replay:
            check_replay(self)

    @property
    def mapping(self) -> Mapping:
        """How tasks are run: as was asked, or by the rule."""
        return self._mapping or mapping_for(self.model, second_order=self.differentiates_twice)

    @mapping.setter
    def mapping(self, mapping: Mapping | None) -> None:
        # To compare the two ways, a model may be run in the wrong one.
        self._mapping, self.mapping_is_checked = mapping, False

    def forward(self, tasks: Task) -> Tensor:
        """Mean meta-loss over a batch of tasks; its gradient is the meta-gradient.

        Args:
            tasks: a batch, every tensor ``[tasks, items, ...]``.
        """
        if torch.compiler.is_compiling():
            # Around an inner loop the tracer of torch.compile loses gradients, so it stays outside.
            uncompiled: Tensor = torch.compiler.disable(self.forward)(tasks)
            return uncompiled
        with attention_for(self):
            check_traits(self, watch_once(self, tasks.support.x))
            if self.mapping == "loop":
                return looped_meta_loss(self, tasks)
            return chunked_meta_loss(self, tasks, tasks_at_once(self, tasks))

    def meta_loss(self, task: Task) -> Tensor:
        """Meta-loss of one task, a scalar."""
        raise NotImplementedError

    @torch.no_grad()
    def adapt(self, support: Split, steps: int | None = None) -> Trajectory:
        """Adapt to a batch of tasks, as at test time; builds no graph.

        Args:
            support: ``[tasks, items, ...]``.
            steps: number of inner steps, ``inner_steps`` when not given.

        Returns:
            θ_0, …, θ_steps; each weight ``[tasks, *weight.shape]``.

        Raises:
            ValueError: ``steps`` is negative.
        """
        count = self.inner_steps if steps is None else steps
        check_steps(count)
        check_traits(self, watch_once(self, support.x))
        trajectory: Trajectory = over_tasks(
            lambda split: self.inner_loop(self.weights(), split, count),
            self.mapping,
            self.chunk_size,
        )(support)
        return trajectory

    @torch.no_grad()
    def predict(self, weights: Weights, x: Tensor) -> Tensor:
        """Outputs of the model at given fast weights.

        Args:
            weights: one point of a trajectory, each ``[tasks, *weight.shape]``.
            x: inputs ``[tasks, items, ...]``.

        Returns:
            ``[tasks, items, outputs]``.
        """
        outputs: Tensor = over_tasks(self.call, self.mapping, self.chunk_size)(weights, x)
        return outputs

    def weights(self) -> Weights:
        """The meta-parameters θ by name, connected to the graph."""
        return dict(self.model.named_parameters())

    def call(self, weights: Weights, x: Tensor) -> Tensor:
        """Outputs of the model at given weights, for one task."""
        with recomputing_refused():
            outputs: Tensor = functional_call(self.model, weights, (x,))
        return outputs

    def loss_at(self, weights: Weights, split: Split) -> Tensor:
        """L(θ) on a split of one task, a scalar."""
        return self.loss(self.call(weights, split.x), split.y)

    def inner_loop(self, theta: Weights, support: Split, steps: int) -> Trajectory:
        """θ_0, …, θ_steps for one task."""
        inner_step = replayed(self) if self.replay else self.inner_step
        trajectory = [theta]
        for step in range(steps):
            trajectory.append(inner_step(trajectory[-1], support, step))
        return trajectory

    def inner_step(self, theta: Weights, support: Split, step: int) -> Weights:
        """θ_{j+1} = θ_j − α ∇L_S(θ_j) on the adapted weights; the others stay.

        Args:
            theta: θ_j.
            support: the task's support split.
            step: j, for learners whose step depends on it.
        """
        gradient = self.gradient(theta, support)
        return {**theta, **{n: theta[n] - self.inner_lr * g for n, g in gradient.items()}}

    def gradient(self, theta: Weights, split: Split) -> Weights:
        """∇L(θ) on a split of one task, in the adapted weights alone."""
        moving = {name: theta[name] for name in self.adapted_names}
        return inner_gradient(lambda part: self.loss_at({**theta, **part}, split), moving)


def held_constant(weights: Weights) -> Weights:
    """The same weights with no gradient through them."""
    return {name: weight.detach() for name, weight in weights.items()}


def check_steps(steps: int) -> None:
    """Refuse a number of inner steps that is no count.

    Raises:
        ValueError: negative, or not an integer.
    """
    if not hasattr(steps, "__index__") or steps < 0:
        raise ValueError(f"the number of inner steps must be 0, 1, 2, …, got {steps!r}")


def _matching_names(model: nn.Module, adapts: str | tuple[str, ...]) -> list[str]:
    names = [name for name, _ in model.named_parameters()]
    patterns = (adapts,) if isinstance(adapts, str) else adapts
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            raise ValueError(
                f"no parameter matches adapts={pattern!r}: the model has "
                f"{', '.join(names) or 'none'}"
            )
    matching = [name for name in names if any(fnmatchcase(name, each) for each in patterns)]
    if not matching:
        raise ValueError("adapts holds no pattern: name what the inner loop moves, or use '*'")
    return matching
