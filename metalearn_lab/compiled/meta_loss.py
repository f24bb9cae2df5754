"""A learner's meta-loss and meta-gradient as one compiled function, of whole or small layers."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.func import grad_and_value

from metalearn_lab.compiled.checking import check_same, loss_and_gradient, pure_snapshot
from metalearn_lab.compiled.one_task import inputs_of, state_of, with_state
from metalearn_lab.compiled.task_map import CompiledTaskMap
from metalearn_lab.running.known_gradient import with_known_gradient
from metalearn_lab.running.low_rank import (
    QueryInBasis,
    input_weight_name,
    low_rank_tasks,
    runs_low_rank,
    with_small_layer,
)
from metalearn_lab.running.per_task import PerTask, Weights
from metalearn_lab.tasks.types import Split, Task

LossAndGradients = tuple[list[Tensor], Tensor, list[Tensor]]
"""The parameters that get a gradient, the mean meta-loss, and its gradient in each."""


class CompiledForm:
    """What every compiled form of a meta-loss does: trace, compile, compare with PyTorch.

    The learner's own ``meta_loss`` of one task is traced together with its gradient and compiled
    to one C function that runs many tasks at once (see ``CompiledTaskMap``). The learner's weights
    are read at every call, so an optimiser may move them; all else that it holds is compared with
    what it was (see ``Snapshot``).

    Args:
        learner: on the CPU.
        example: a batch of the shapes to come; the number of tasks may change.
        unread_name: name of a parameter that the compiled function does not read.

    Attributes:
        attached_count: how many of a task's inputs, the first ones, get a gradient of their own.

    Raises:
        NotCompilable: the learner uses an operation that the compiler does not know, draws random
            numbers or changes its own state, or there is no C compiler.
    """

    attached_count = 0

    def __init__(self, learner: PerTask, example: Task, unread_name: str | None = None) -> None:
        self.learner = learner
        expected = loss_and_gradient(learner, example)
        self.snapshot = pure_snapshot(learner, example)
        state = state_of(learner)
        self.moved_names = [name for name in list(expected)[1:] if name != unread_name]
        self.fixed_names = [name for name in state if name not in (*self.moved_names, unread_name)]
        self.learner_tensors = [state[name] for name in (*self.moved_names, *self.fixed_names)]
        self.compiled = CompiledTaskMap(
            self._one_task_gradients,
            self.learner_tensors,
            self._task_inputs(example),
            averaged_count=len(self.moved_names) + 1,
        )
        check_same(expected, self._loss_and_gradients(example, list(expected)[1:]))

    def check(self, tasks: Task) -> None:
        """Compare with what PyTorch computes now.

        Raises:
            NotCompilable: they differ by more than rounding can explain.
        """
        expected = loss_and_gradient(self.learner, tasks)
        check_same(expected, self._loss_and_gradients(tasks, list(expected)[1:]))

    def _task_inputs(self, tasks: Task) -> list[Tensor]:
        """What the compiled function takes of a batch, each with a leading task axis."""
        return inputs_of(tasks)

    def _loss_and_gradients(self, tasks: Task, names: list[str]) -> LossAndGradients:
        """What is compared with PyTorch, the gradients in the order of the names."""
        raise NotImplementedError

    def _meta_loss(self, weights: Weights, inputs: Sequence[Tensor]) -> Tensor:
        """The meta-loss of one task at given weights."""
        task = Task(Split(*inputs[:2]), Split(*inputs[2:]))
        return with_state(self.learner, weights, lambda learner: learner.meta_loss(task))

    def _one_task_gradients(self, *tensors: Tensor) -> list[Tensor]:
        """The meta-loss of one task, its gradient, and that in what is attached: is traced."""
        moved_weights, task_inputs = (
            tensors[: len(self.moved_names)],
            tensors[len(self.learner_tensors) :],
        )
        fixed_by_name = dict(
            zip(
                self.fixed_names,
                tensors[len(moved_weights) : len(self.learner_tensors)],
                strict=True,
            )
        )

        def meta_loss(
            moved_weights: tuple[Tensor, ...], attached_inputs: tuple[Tensor, ...]
        ) -> Tensor:
            weights = dict(zip(self.moved_names, moved_weights, strict=True)) | fixed_by_name
            return self._meta_loss(weights, (*attached_inputs, *task_inputs[self.attached_count :]))

        gradients, loss = grad_and_value(meta_loss, (0, 1))(
            moved_weights, task_inputs[: self.attached_count]
        )
        return [loss, *gradients[0], *gradients[1]]


class CompiledMetaLoss(CompiledForm):
    """The same as ``learner(tasks)``, gradient included, many times faster on small networks."""

    def __call__(self, tasks: Task) -> Tensor:
        """Mean meta-loss over a batch, attached to the learner's parameters.

        Raises:
            OtherThanCompiled: as for ``with_gradient``.
        """
        parameters, loss, gradients = self.with_gradient(tasks)
        return with_known_gradient(loss, parameters, gradients)

    def with_gradient(self, tasks: Task) -> LossAndGradients:
        """The parameters that get a gradient, the mean meta-loss, and its gradient in each.

        Raises:
            OtherThanCompiled: the shapes are not the example's, a gradient is wanted in the tasks,
                or the learner has changed.
        """
        self.snapshot.check()
        loss, *gradients = self.compiled(self.learner_tensors, inputs_of(tasks))
        return self.learner_tensors[: len(self.moved_names)], loss, gradients

    def _loss_and_gradients(self, tasks: Task, names: list[str]) -> LossAndGradients:
        return self.with_gradient(tasks)


class CompiledLowRankMetaLoss(CompiledForm):
    """As ``CompiledMetaLoss``; only the small layers of the tasks are compiled.

    The products with the wide layer are taken for all tasks at once by PyTorch, which also takes
    the gradient back through them from what each task gives: ∂/∂V_0 and ∂/∂(output of the rest).

    Args:
        learner: on the CPU, one of which ``running.low_rank.runs_low_rank`` holds.
        example: a batch of the shapes to come; the number of tasks may change.

    Raises:
        NotCompilable: as for ``CompiledMetaLoss``.
    """

    attached_count = 2  # V_0 and the output of the rest

    def __init__(self, learner: PerTask, example: Task) -> None:
        super().__init__(learner, example, f"learner.model.{input_weight_name(learner)}")

    def __call__(self, tasks: Task) -> Tensor:
        """Mean meta-loss over a batch, attached to the learner's parameters.

        Raises:
            OtherThanCompiled: as for ``CompiledMetaLoss``.
        """
        self.snapshot.check()
        inputs_of(tasks)  # refuses tasks in which a gradient is wanted
        task_inputs = self._task_inputs(tasks)
        loss, *gradients = self.compiled(
            self.learner_tensors, [tensor.detach() for tensor in task_inputs]
        )
        moved_count = len(self.moved_names)
        input_gradients = [
            gradient / tasks.query.y.shape[0] for gradient in gradients[moved_count:]
        ]
        attached_tensors = [
            *self.learner_tensors[:moved_count],
            *task_inputs[: self.attached_count],
        ]
        return with_known_gradient(
            loss, attached_tensors, [*gradients[:moved_count], *input_gradients]
        )

    def _task_inputs(self, tasks: Task) -> list[Tensor]:
        initial_weight, coordinates, query = low_rank_tasks(
            self.learner, tasks.support.x, tasks.query.x
        )
        other_inputs = (coordinates, tasks.support.y, query.coordinates, tasks.query.y)
        return [initial_weight, query.output_of_rest, *other_inputs]

    def _loss_and_gradients(self, tasks: Task, names: list[str]) -> LossAndGradients:
        state = state_of(self.learner)
        parameters = [state[name] for name in names]
        with torch.enable_grad():
            loss = self(tasks)
            gradients = torch.autograd.grad(loss, parameters)
        return parameters, loss.detach(), list(gradients)

    def _meta_loss(self, weights: Weights, inputs: Sequence[Tensor]) -> Tensor:
        initial_weight, output_of_rest, support_x, support_y, query_x, query_y = inputs
        query = Split(QueryInBasis(query_x, output_of_rest), query_y)  # type: ignore[arg-type]
        task = Task(Split(support_x, support_y), query)
        small_learner = with_small_layer(self.learner, initial_weight)
        return with_state(small_learner, weights, lambda learner: learner.meta_loss(task))


def compiled_meta_loss(
    learner: PerTask, example: Task
) -> CompiledMetaLoss | CompiledLowRankMetaLoss:
    """The learner's meta-loss with its gradient, compiled, with small input layers where they pay.

    Args:
        learner: on the CPU.
        example: a batch of the shapes to come; the number of tasks may change.

    Raises:
        NotCompilable: the learner uses an operation that the compiler does not know, or there is
            no C compiler.
    """
    if runs_low_rank(learner, example.support.x, pays=learner.low_rank_pays):
        return CompiledLowRankMetaLoss(learner, example)
    return CompiledMetaLoss(learner, example)
