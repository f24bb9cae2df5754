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
    Seen,
    input_weight,
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
        outside: name of a parameter that the compiled function does not read.

    Attributes:
        attached: how many of a task's inputs, the first ones, get a gradient of their own.

    Raises:
        NotCompilable: the learner uses an operation that the compiler does not know, draws random
            numbers or changes its own state, or there is no C compiler.
    """

    attached = 0

    def __init__(self, learner: PerTask, example: Task, outside: str | None = None) -> None:
        self.learner = learner
        expected = loss_and_gradient(learner, example)
        self.snapshot = pure_snapshot(learner, example)
        state = state_of(learner)
        self.moved = [name for name in list(expected)[1:] if name != outside]
        self.fixed = [name for name in state if name not in (*self.moved, outside)]
        self.shared = [state[name] for name in (*self.moved, *self.fixed)]
        self.compiled = CompiledTaskMap(
            self._of_one_task, self.shared, self._mapped(example), averaged=len(self.moved) + 1
        )
        check_same(expected, self._compared(example, list(expected)[1:]))

    def check(self, tasks: Task) -> None:
        """Compare with what PyTorch computes now.

        Raises:
            NotCompilable: they differ by more than rounding can explain.
        """
        expected = loss_and_gradient(self.learner, tasks)
        check_same(expected, self._compared(tasks, list(expected)[1:]))

    def _mapped(self, tasks: Task) -> list[Tensor]:
        """What the compiled function takes of a batch, each with a leading task axis."""
        return inputs_of(tasks)

    def _compared(self, tasks: Task, names: list[str]) -> LossAndGradients:
        """What is compared with PyTorch, the gradients in the order of the names."""
        raise NotImplementedError

    def _meta_loss(self, weights: Weights, inputs: Sequence[Tensor]) -> Tensor:
        """The meta-loss of one task at given weights."""
        task = Task(Split(*inputs[:2]), Split(*inputs[2:]))
        return with_state(self.learner, weights, lambda learner: learner.meta_loss(task))

    def _of_one_task(self, *tensors: Tensor) -> list[Tensor]:
        """The meta-loss of one task, its gradient, and that in what is attached: is traced."""
        moved, inputs = tensors[: len(self.moved)], tensors[len(self.shared) :]
        fixed = dict(zip(self.fixed, tensors[len(moved) : len(self.shared)], strict=True))

        def meta_loss(moved: tuple[Tensor, ...], attached: tuple[Tensor, ...]) -> Tensor:
            weights = dict(zip(self.moved, moved, strict=True)) | fixed
            return self._meta_loss(weights, (*attached, *inputs[self.attached :]))

        gradients, loss = grad_and_value(meta_loss, (0, 1))(moved, inputs[: self.attached])
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
        loss, *gradients = self.compiled(self.shared, inputs_of(tasks))
        return self.shared[: len(self.moved)], loss, gradients

    def _compared(self, tasks: Task, names: list[str]) -> LossAndGradients:
        return self.with_gradient(tasks)


class CompiledLowRankMetaLoss(CompiledForm):
    """As ``CompiledMetaLoss``; only the small layers of the tasks are compiled.

    The products with the wide layer are taken for all tasks at once by PyTorch, which also takes
    the gradient back through them from what each task gives: ∂/∂V_0 and ∂/∂(the rest's share).

    Args:
        learner: on the CPU, one of which ``running.low_rank.runs_low_rank`` holds.
        example: a batch of the shapes to come; the number of tasks may change.

    Raises:
        NotCompilable: as for ``CompiledMetaLoss``.
    """

    attached = 2  # V_0 and the rest's share

    def __init__(self, learner: PerTask, example: Task) -> None:
        super().__init__(learner, example, f"learner.model.{input_weight(learner)}")

    def __call__(self, tasks: Task) -> Tensor:
        """Mean meta-loss over a batch, attached to the learner's parameters.

        Raises:
            OtherThanCompiled: as for ``CompiledMetaLoss``.
        """
        self.snapshot.check()
        inputs_of(tasks)
        mapped = self._mapped(tasks)
        loss, *gradients = self.compiled(self.shared, [tensor.detach() for tensor in mapped])
        count = len(self.moved)
        of_each_task = [gradient / tasks.query.y.shape[0] for gradient in gradients[count:]]
        variables = [*self.shared[:count], *mapped[: self.attached]]
        return with_known_gradient(loss, variables, [*gradients[:count], *of_each_task])

    def _mapped(self, tasks: Task) -> list[Tensor]:
        start, coordinates, seen = low_rank_tasks(self.learner, tasks.support.x, tasks.query.x)
        fixed = (coordinates, tasks.support.y, seen.coordinates, tasks.query.y)
        return [start, seen.share, *fixed]

    def _compared(self, tasks: Task, names: list[str]) -> LossAndGradients:
        state = state_of(self.learner)
        parameters = [state[name] for name in names]
        with torch.enable_grad():
            loss = self(tasks)
            gradients = torch.autograd.grad(loss, parameters)
        return parameters, loss.detach(), list(gradients)

    def _meta_loss(self, weights: Weights, inputs: Sequence[Tensor]) -> Tensor:
        start, share, support_x, support_y, query_x, query_y = inputs
        query = Split(Seen(query_x, share), query_y)  # type: ignore[arg-type]
        task = Task(Split(support_x, support_y), query)
        small = with_small_layer(self.learner, start)
        return with_state(small, weights, lambda learner: learner.meta_loss(task))


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
