"""What every learner is: an ``nn.Module`` with two verbs, ``adapt`` and ``forward``.

``adapt(support)`` is what the algorithm does at test time: it moves the weights θ on a support
split and returns the trajectory θ_0, …, θ_k. ``forward(tasks)`` is what it does at training time:
a meta-loss whose gradient is the algorithm's meta-gradient, so that any optimiser, scheduler or
distributed wrapper of PyTorch works on a learner unchanged.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from metalearn_lab.learners.attention import attention_for
from metalearn_lab.learners.chunks import chunked_meta_loss, tasks_at_once
from metalearn_lab.learners.few_threads import on_few_threads
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
from metalearn_lab.learners.settings import inner_rate, names_matching, step_count, whole_number
from metalearn_lab.learners.traits import watch_once
from metalearn_lab.tasks.batches import check_inputs, check_split, check_tasks
from metalearn_lab.tasks.types import Split, Task

Weights = dict[str, Tensor]
"""Weights by parameter name; *fast weights* when they belong to one task."""

Trajectory = list[Weights]
"""θ_0, …, θ_k; for a batch of tasks each tensor is ``[tasks, *weight.shape]``."""

Loss = Callable[[Tensor, Tensor], Tensor]
"""Maps outputs ``[items, ...]`` and targets to a scalar, e.g. ``F.cross_entropy``."""


class Learner(nn.Module):
    """Base of all learners: the inner loop θ_{j+1} = θ_j − α ∇L_S(θ_j).

    Subclasses give ``meta_loss``, the meta-loss of one task. A setting may be changed later, and
    is checked then as it is here.

    Frozen parameters, those with ``requires_grad_(False)``, stay frozen: neither the inner loop
    nor the outer one moves them, whatever ``adapts`` says. They may be frozen or thawed at any
    time.

    Args:
        model: maps inputs ``[items, ...]`` to outputs; its parameters are the meta-parameters θ.
        loss: of outputs and targets, a mean over items.
        inner_lr: α, the inner step size (for a mean-reduced loss).
        inner_steps: k, the number of inner steps at training time and by default at test time.
        adapts: pattern of the parameter names that the inner loop moves, e.g. ``"*"`` for all or
            ``"head.*"`` for the head alone; or several, e.g. ``("body.1.*", "head.*")``. Frozen
            ones among them are left out.
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
        ValueError: a setting is out of range, no parameter matches a pattern, all that match are
            frozen, a norm of the model would make the learner wrong (see ``learners.norms``), or
            ``low_rank`` or ``replay`` is asked for and cannot be had.
    """

    checked_settings: tuple[str, ...] = (
        *("model", "loss", "inner_lr", "inner_steps", "adapts", "_mapping", "chunk_size"),
        *("low_rank", "replay"),
    )
    """Attributes that ``check`` is asked about whenever one of them is set."""

    one_rate = True
    """Whether α = ``inner_lr`` is the one rate of the inner steps. It is not inherited: a class
    that writes an inner step of its own says it anew, or it has no α that another could set."""

    differentiates_twice = False
    """Whether the meta-gradient holds second derivatives of the inner loss."""

    low_rank_pays = True
    """Whether ``meta_loss`` adapts to the whole support, then reads the query."""

    @property
    def follows_plain_gradient(self) -> bool:
        """Whether each inner step is θ − α∇L with one α for all; another step says so here."""
        return all(getattr(type(self), name) is getattr(Learner, name) for name in PLAIN_STEP)

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
        check_initialised(model)
        self.model = model
        self.loss = loss
        self.inner_lr = inner_lr
        self.inner_steps = inner_steps
        self.adapts = adapts
        self._mapping = mapping
        self.refuses_what_vmap_gets_wrong = True
        self.chunk_size = chunk_size
        self._transductive = transductive
        self.low_rank = low_rank
        self.replay = replay
        self.check()
        self._is_made = True

    def check(self) -> None:
        """Refuse settings that are out of range or cannot be had together; subclasses add theirs.

        Raises:
            ValueError: says which, and what to do.
        """
        check_mapping(self._mapping)
        check_norms(
            self.model,
            # By the rule, a model that is moved to a GPU becomes vectorised there.
            vectorised=self._mapping != "loop",
            second_order=self.differentiates_twice,
            transductive=self._transductive,
        )
        if not callable(self.loss):
            raise ValueError(f"loss must map outputs and targets to a scalar, got {self.loss!r}")
        if self.chunk_size is not None and self._mapping == "loop":
            raise ValueError(
                f"chunk_size is a number of tasks for mapping='vmap', got {self.chunk_size} with "
                "mapping='loop'"
            )
        self._matching_names = names_matching(self.model, self.adapts)
        self._seen: dict[str, nn.Parameter] = {}
        _ = self.adapted_names  # refused where it is empty
        if self.low_rank:
            check_low_rank(self)
        if self.replay:
            check_replay(self)

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; a setting of a finished learner is checked, or stays as it was."""
        if name == "inner_lr":
            value = inner_rate(value)
        elif name == "inner_steps":
            value = step_count(value)
        elif name == "chunk_size" and value is not None:
            value = whole_number(value, 1, "chunk_size is a number of tasks for mapping='vmap'")
        checked = name in self.checked_settings and "_is_made" in vars(self)
        before: Any = getattr(self, name) if checked else None
        super().__setattr__(name, value)
        if checked:
            try:
                self.check()
            except Exception:
                super().__setattr__(name, before)
                raise

    @property
    def adapted_names(self) -> list[str]:
        """Names of the parameters that the inner loop moves, in the model's order.

        Raises:
            ValueError: all that ``adapts`` names are frozen.
        """
        for name, parameter in self.model.named_parameters():
            # A tensor that torch.func.functional_call puts there cannot tell whether it is frozen;
            # the learner's own parameter of that name does.
            if isinstance(parameter, nn.Parameter):
                self._seen[name] = parameter
        names = [name for name in self._matching_names if self._seen[name].requires_grad]
        if not names:
            raise ValueError(
                f"nothing remains to adapt: all that adapts={self.adapts!r} names are frozen "
                "(requires_grad is False); thaw some by requires_grad_(True), or name others"
            )
        return names

    @property
    def mapping(self) -> Mapping:
        """How tasks are run: as was asked, or by the rule."""
        return self._mapping or mapping_for(self.model, second_order=self.differentiates_twice)

    @mapping.setter
    def mapping(self, mapping: Mapping | None) -> None:
        self._mapping = mapping

    @on_few_threads
    def forward(self, tasks: Task) -> Tensor:
        """Mean meta-loss over a batch of tasks; its gradient is the meta-gradient.

        Args:
            tasks: a batch, every tensor ``[tasks, items, ...]``.

        Raises:
            TypeError, ValueError: the tasks are no batch (see ``tasks.batches``), a label has no
                output, or nothing remains to adapt.
        """
        if torch.compiler.is_compiling():
            # Around an inner loop the tracer of torch.compile loses gradients, so it stays outside.
            uncompiled: Tensor = torch.compiler.disable(self.forward)(tasks)  # type: ignore[no-untyped-call]
            return uncompiled
        check_tasks(tasks)
        _ = self.adapted_names  # which weights are frozen is told before others take their place
        with attention_for(self):
            check_traits(self, watch_once(self, tasks.support.x))
            if self.mapping == "loop":
                return looped_meta_loss(self, tasks)
            return chunked_meta_loss(self, tasks, tasks_at_once(self, tasks))

    def meta_loss(self, task: Task) -> Tensor:
        """Meta-loss of one task, a scalar."""
        raise NotImplementedError

    @torch.no_grad()
    @on_few_threads
    def adapt(self, support: Split, steps: int | None = None) -> Trajectory:
        """Adapt to a batch of tasks, as at test time; builds no graph.

        Args:
            support: ``[tasks, items, ...]``.
            steps: number of inner steps, ``inner_steps`` when not given.

        Returns:
            θ_0, …, θ_steps; each weight ``[tasks, *weight.shape]``.

        Raises:
            TypeError, ValueError: ``steps`` is negative, or the support is no split of a batch
                (see ``tasks.batches``).
        """
        count = step_count(self.inner_steps if steps is None else steps)
        check_split("support", support)
        _ = self.adapted_names  # as in ``forward``
        check_traits(self, watch_once(self, support.x))
        trajectory: Trajectory = over_tasks(
            lambda split: self.inner_loop(self.weights(), split, count),
            self.mapping,
            self.chunk_size,
        )(support)
        return trajectory

    @torch.no_grad()
    @on_few_threads
    def predict(self, weights: Weights, x: Tensor) -> Tensor:
        """Outputs of the model at given fast weights.

        Args:
            weights: one point of a trajectory, each ``[tasks, *weight.shape]``.
            x: inputs ``[tasks, items, ...]``.

        Returns:
            ``[tasks, items, outputs]``.

        Raises:
            ValueError: weights or inputs without a task axis, or of other numbers of tasks.
        """
        check_inputs("x", x)
        self._check_fast_weights(weights, x.shape[0])
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
        return self.loss_of(self.call(weights, split.x), split.y)

    def loss_of(self, outputs: Tensor, y: Tensor) -> Tensor:
        """The loss of some outputs of one task, a scalar.

        Raises:
            ValueError: a label has no output.
        """
        try:
            return self.loss(outputs, y)
        except (IndexError, RuntimeError) as error:
            if "out of bounds" not in str(error) or y.is_floating_point():
                raise
            raise ValueError(
                f"a class label has no output ({error}): the outputs of one task are "
                f"{list(outputs.shape)}, and with n outputs an item, labels must lie in 0, …, "
                "n − 1. Give the model one output for each class (ways), or number the classes "
                "from 0"
            ) from error

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
        return inner_gradient(
            lambda part: self.loss_at({**theta, **part}, split), self.adapted(theta)
        )

    def adapted(self, theta: Weights) -> Weights:
        """Of some weights, those that the inner loop moves."""
        return {name: theta[name] for name in self.adapted_names}

    def _check_fast_weights(self, weights: Weights, tasks: int) -> None:
        for name, parameter in self.model.named_parameters():
            expected, given = [tasks, *parameter.shape], weights.get(name)
            if given is not None and list(given.shape) != expected:
                raise ValueError(
                    f"the fast weights {name} are {list(given.shape)}, where inputs of {tasks} "
                    f"tasks take {expected}: give one point of adapt(...), for the same tasks"
                )


PLAIN_STEP = ("inner_loop", "inner_step", "gradient", "loss_at", "call", "weights")
"""Methods that an inner step θ − α∇L is made of."""


def check_moves(learner: Learner) -> None:
    """Refuse to train where the meta-gradient is made of what the inner steps move.

    Raises:
        ValueError: there is no inner step, or α = 0.
    """
    if learner.inner_steps == 0 or learner.inner_lr == 0:
        raise ValueError(
            f"{type(learner).__name__} learns from where its inner steps lead, and with "
            f"inner_steps={learner.inner_steps} and inner_lr={learner.inner_lr} they lead "
            "nowhere: give at least one step and a positive rate"
        )


def check_one_rate(learner: Learner) -> None:
    """Refuse to set α of a learner whose inner steps may not follow it.

    Raises:
        ValueError: a class writes an inner step of its own and does not say ``one_rate = True``.
    """
    steps = {"inner_loop", "inner_step", "gradient"}
    writer = next(each for each in type(learner).__mro__ if not steps.isdisjoint(vars(each)))
    if not vars(writer).get("one_rate", False):
        raise ValueError(
            f"{type(learner).__name__} has an inner step of its own, so another inner_lr may "
            "change nothing: if α = inner_lr is its one rate, write one_rate = True in "
            f"{writer.__name__}; otherwise leave α out and use it with the rates it has"
        )


def held_constant(weights: Weights) -> Weights:
    """The same weights with no gradient through them."""
    return {name: weight.detach() for name, weight in weights.items()}
