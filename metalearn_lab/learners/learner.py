"""What every learner is: an ``nn.Module`` with two verbs, ``adapt`` and ``forward``.

``adapt(support)`` is what the algorithm does at test time: from a support split to weights that
know the task, θ_0, …, θ_k. ``forward(tasks)`` is what it does at training time: a meta-loss whose
gradient is the algorithm's meta-gradient, so that any optimiser, scheduler or distributed wrapper
of PyTorch works on a learner unchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Protocol

import torch
from torch import Tensor, nn
from torch.func import functional_call

from metalearn_lab.learners.line import Line
from metalearn_lab.learners.settings import step_count, task_count
from metalearn_lab.running.attention import attention_for
from metalearn_lab.running.chunks import chunked_meta_loss, tasks_at_once
from metalearn_lab.running.few_threads import on_few_threads
from metalearn_lab.running.loop import looped_meta_loss
from metalearn_lab.running.mapping import check_mapping, mapping_for, over_tasks
from metalearn_lab.running.model_checks import (
    check_initialised,
    check_norms,
    check_traits,
    recomputing_refused,
)
from metalearn_lab.running.per_task import Loss, Mapping, PerTask, Trajectory, Weights
from metalearn_lab.running.traits import watch_once
from metalearn_lab.tasks.batches import check_inputs, check_split, check_tasks
from metalearn_lab.tasks.types import Split, Task


class TaskSource(Protocol):
    """Gives tasks by their numbers, as ``Sinusoids`` and ``EpisodeSampler`` do."""

    def batch(self, first: int, count: int, /) -> Task:
        """Tasks ``first``, …, ``first + count − 1``, every tensor ``[tasks, items, ...]``."""


class Learner(PerTask):
    """Base of all learners: a subclass gives ``meta_loss`` and ``trajectory``, each of one task.

    A setting may be changed later, and is checked then as it is here.

    Args:
        model: maps inputs ``[items, ...]`` to outputs; its parameters are the meta-parameters θ,
            with those that a subclass has beside them.
        loss: of outputs and targets, a mean over items.
        mapping: how tasks are run, ``"vmap"`` (all at once) or ``"loop"`` (one by one, shared out
            to the cores); by the rule ``running.mapping.mapping_for`` when not given.
        chunk_size: with ``"vmap"``, the most tasks at once; bounds the memory. Where it is not
            given, all, or as many as fit (see ``running.chunks``).
        transductive: allow layers that normalise query items by each other.

    Raises:
        ValueError: a setting is out of range, or a norm of the model would make the learner wrong
            (see ``running.model_checks``).
    """

    title: ClassVar[str] = ""
    """What it is called in tables and figures."""

    line: ClassVar[Line | None] = None
    """How figures draw it; without one, by a neutral line."""

    spoiled_by_rounding: ClassVar[str] = ""
    """Why its meta-gradient cannot be computed in bfloat16, where it cannot."""

    checked_settings: tuple[str, ...] = ("model", "loss", "_mapping", "chunk_size")
    """Attributes that ``check`` is asked about whenever one of them is set."""

    converters: ClassVar[dict[str, Callable[[Any], object]]] = {"chunk_size": task_count}
    """By attribute, what turns a setting into the number that it means, or refuses it."""

    def __init__(
        self,
        model: nn.Module,
        loss: Loss,
        *,
        mapping: Mapping | None = None,
        chunk_size: int | None = None,
        transductive: bool = False,
    ) -> None:
        super().__init__()
        check_initialised(model)
        self.model = model
        self.loss = loss
        self._mapping = mapping
        self.chunk_size = chunk_size
        self._transductive = transductive
        self.refuses_what_vmap_gets_wrong = True
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

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; a setting of a finished learner is checked, or stays as it was."""
        if name in self.converters:
            value = self.converters[name](value)
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
    def mapping(self) -> Mapping:
        """How tasks are run: as was asked, or by the rule."""
        return self._mapping or mapping_for(self.model, second_order=self.differentiates_twice)

    @mapping.setter
    def mapping(self, mapping: Mapping | None) -> None:
        self._mapping = mapping

    @property
    def gradients_per_task(self) -> int:
        """Gradients of a loss that a task costs in training, a second derivative counted as one."""
        return 1

    def training_batch(self, source: TaskSource, first: int, count: int) -> Task:
        """A training batch in the form that this learner learns from: support and query."""
        return source.batch(first, count)

    def before_iteration(self, iteration: int) -> None:
        """What changes as training goes on; ``meta_train`` calls it before each outer step.

        Nothing here. It must depend on the number alone: a run that goes on from a checkpoint, or
        takes a step again, then sees the same. A loop of your own over ``OuterStep`` calls it too.

        Args:
            iteration: 0, 1, 2, …, of the outer step to come.
        """

    def training_losses(self, task: Task) -> list[Tensor]:
        """What training computes of one task, one loss after the other, to find where it fails."""
        return [self.meta_loss(task)]

    def adaptation_losses(self, task: Task) -> list[Tensor]:
        """Support loss at θ_0, …, θ_k, then query loss at θ_k, as when the learner is judged."""
        trajectory = self.trajectory(task.support, self.inner_steps)
        support_losses = [self.loss_at(theta, task.support) for theta in trajectory]
        return [*support_losses, self.loss_at(trajectory[-1], task.query)]

    def check_rate(self) -> None:
        """Refuse to try other α with this learner.

        Raises:
            ValueError: its adaptation has no inner rate, or rates of its own.
        """
        raise ValueError(f"{type(self).__name__} takes no inner steps at a rate α: use it as it is")

    @on_few_threads
    def forward(self, tasks: Task) -> Tensor:
        """Mean meta-loss over a batch of tasks; its gradient is the meta-gradient.

        Args:
            tasks: a batch, every tensor ``[tasks, items, ...]``.

        Raises:
            TypeError, ValueError: the tasks are no batch (see ``tasks.batches``), a label has no
                output, nothing remains to adapt, or the fast weights are named wrongly (see
                ``check_weights``).
        """
        if torch.compiler.is_compiling():
            # Around an inner loop the tracer of torch.compile loses gradients, so it stays outside.
            return torch.compiler.disable(self.forward)(tasks)
        check_tasks(tasks)
        self.check_weights()
        with attention_for(self):
            check_traits(self, watch_once(self, tasks.support.x))
            if self.mapping == "loop":
                return looped_meta_loss(self, tasks)
            return chunked_meta_loss(self, tasks, tasks_at_once(self, tasks))

    @torch.no_grad()
    @on_few_threads
    def adapt(self, support: Split, steps: int | None = None) -> Trajectory:
        """Adapt to a batch of tasks, as at test time; builds no graph.

        Args:
            support: ``[tasks, items, ...]``.
            steps: number of inner steps, ``inner_steps`` when not given.

        Returns:
            θ_0, …, θ_steps; each weight ``[tasks, *weight.shape]``. A learner that takes no inner
            steps has adapted at once, and stays where it is.

        Raises:
            TypeError, ValueError: ``steps`` is negative, the support is no split of a batch (see
                ``tasks.batches``), or the fast weights are named wrongly (see ``check_weights``).
        """
        count = step_count(self.inner_steps if steps is None else steps)
        check_split("support", support)
        self.check_weights()
        check_traits(self, watch_once(self, support.x))
        trajectory = over_tasks(
            lambda split: self.trajectory(split, count), self.mapping, self.chunk_size
        )(support)
        self.check_added(trajectory[-1].keys() - dict(self.model.named_parameters()))
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
        return over_tasks(self.call, self.mapping, self.chunk_size)(weights, x)

    def weights(self) -> Weights:
        """Where one task's fast weights start: the model's parameters θ, connected to the graph.

        A learner may give other tensors in their place, of the same shapes, made of its own.
        A learner that adapts something else adds its first value under a name that the model does
        not have; ``call`` then takes it out before the model runs.
        """
        return dict(self.model.named_parameters())

    def call(self, weights: Weights, x: Tensor) -> Tensor:
        """Outputs of the model at given weights, for one task.

        Args:
            weights: of the model alone; a learner that adds others overrides this.
            x: inputs ``[items, ...]``.

        Raises:
            ValueError: the weights hold what the model does not have, which ``functional_call``
                would pass over.
        """
        self._check_read(weights.keys() - self._tensors_of_model())
        with recomputing_refused():
            return functional_call(self.model, weights, (x,))

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

    def check_weights(self) -> None:
        """Refuse fast weights that are named wrongly.

        Raises:
            ValueError: ``weights()`` lacks what ``adapted_names`` names, or holds what
                ``check_added`` refuses.
        """
        # Which weights are frozen is told here, before other tensors take their place.
        adapted, theta = self.adapted_names, self.weights()
        lacking = [name for name in adapted if name not in theta]
        if lacking:
            raise ValueError(
                f"{type(self).__name__} adapts {', '.join(lacking)}, but its weights() has no "
                "such name: override weights() so that it returns the model's parameters and the "
                f"first value of each, as {{**super().weights(), {lacking[0]!r}: ...}}"
            )
        if type(self).weights is Learner.weights:
            return  # the model's own
        shapes = {name: weight.shape for name, weight in self.model.named_parameters()}
        self.check_added(name for name, w in theta.items() if w.shape != shapes.get(name))

    def check_added(self, names: Iterable[str]) -> None:
        """Refuse fast weights beside the model's parameters that would go wrong without a word.

        Args:
            names: of the fast weights that are no parameter of the model.

        Raises:
            ValueError: one is named as a parameter or buffer of the model, or the learner has no
                ``call`` of its own to take them out.
        """
        names = set(names)
        clashing = sorted(names & self._tensors_of_model())
        if clashing:
            raise ValueError(
                f"{type(self).__name__} adds fast weights named {', '.join(clashing)}, and so is a "
                "parameter or buffer of the model, whose place they would take: give them another "
                "name"
            )
        if type(self).call is Learner.call:
            self._check_read(names)

    def _check_read(self, names: set[str]) -> None:
        if names:
            raise ValueError(
                f"{type(self).__name__} adds the fast weights {', '.join(sorted(names))}, which "
                "are no parameters of the model, so the model would never read them: override "
                "call(weights, x) to take them out of the weights, use them, and call super().call "
                "with the others"
            )

    def _tensors_of_model(self) -> set[str]:
        return {n for n, _ in (*self.model.named_parameters(), *self.model.named_buffers())}

    def _check_fast_weights(self, weights: Weights, tasks: int) -> None:
        for name, parameter in self.model.named_parameters():
            expected, given = [tasks, *parameter.shape], weights.get(name)
            if given is not None and list(given.shape) != expected:
                raise ValueError(
                    f"the fast weights {name} are {list(given.shape)}, where inputs of {tasks} "
                    f"tasks take {expected}: give one point of adapt(...), for the same tasks"
                )


def held_constant(weights: Weights) -> Weights:
    """The same weights with no gradient through them."""
    return {name: weight.detach() for name, weight in weights.items()}
