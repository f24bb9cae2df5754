"""A learner's meta-loss and meta-gradient as one compiled function."""

from __future__ import annotations

from torch import Tensor
from torch.func import functional_call, grad_and_value

from metalearn_lab.compiled.checking import check_same, loss_and_gradient, pure_snapshot
from metalearn_lab.compiled.inputs import inputs_of
from metalearn_lab.compiled.one_task import OneTask, state_of
from metalearn_lab.compiled.task_map import CompiledTaskMap
from metalearn_lab.running.known_gradient import with_known_gradient
from metalearn_lab.running.per_task import PerTask, Weights
from metalearn_lab.tasks.types import Split, Task


class CompiledMetaLoss:
    """The same as ``learner(tasks)``, gradient included, many times faster on small networks.

    The learner's own ``meta_loss`` of one task is traced together with its gradient and compiled
    to one C function that runs many tasks at once (see ``CompiledTaskMap``). The learner's weights
    are read at every call, so an optimiser may move them; all else that it holds is compared with
    what it was (see ``Snapshot``).

    Args:
        learner: on the CPU.
        example: a batch of the shapes to come; the number of tasks may change.

    Raises:
        NotCompilable: the learner uses an operation that the compiler does not know, draws random
            numbers or changes its own state, or there is no C compiler.
    """

    def __init__(self, learner: PerTask, example: Task) -> None:
        self.learner = learner
        expected = loss_and_gradient(learner, example)
        self.snapshot = pure_snapshot(learner, example)
        self.moved = list(expected)[1:]
        self.fixed = [name for name in state_of(learner) if name not in self.moved]
        state = state_of(learner)
        self.shared = [state[name] for name in (*self.moved, *self.fixed)]
        self.compiled = CompiledTaskMap(
            self._of_one_task, self.shared, inputs_of(example), averaged=len(self.moved) + 1
        )
        check_same(expected, self.with_gradient(example))

    def check(self, tasks: Task) -> None:
        """Compare with what PyTorch computes now.

        Raises:
            NotCompilable: they differ by more than rounding can explain.
        """
        check_same(loss_and_gradient(self.learner, tasks), self.with_gradient(tasks))

    def __call__(self, tasks: Task) -> Tensor:
        """Mean meta-loss over a batch, attached to the learner's parameters.

        Raises:
            OtherThanCompiled: the shapes are not the example's, a gradient is wanted in the tasks,
                or the learner has changed.
        """
        parameters, loss, gradients = self.with_gradient(tasks)
        return with_known_gradient(loss, parameters, gradients)

    def with_gradient(self, tasks: Task) -> tuple[list[Tensor], Tensor, list[Tensor]]:
        """The parameters that get a gradient, the mean meta-loss, and its gradient in each.

        Raises:
            OtherThanCompiled: the shapes are not the example's, a gradient is wanted in the tasks,
                or the learner has changed.
        """
        self.snapshot.check()
        loss, *gradients = self.compiled(self.shared, inputs_of(tasks))
        return self.shared[: len(self.moved)], loss, gradients

    def _of_one_task(self, *tensors: Tensor) -> list[Tensor]:
        """The meta-loss of one task and its gradient: what is traced."""
        count = len(self.moved)
        moved = dict(zip(self.moved, tensors[:count], strict=True))
        fixed = dict(zip(self.fixed, tensors[count : count + len(self.fixed)], strict=True))
        support_x, support_y, query_x, query_y = tensors[count + len(self.fixed) :]
        task = Task(Split(support_x, support_y), Split(query_x, query_y))

        def meta_loss(theta: Weights) -> Tensor:
            one_task = OneTask(self.learner, lambda learner: learner.meta_loss(task))
            loss: Tensor = functional_call(one_task, {**theta, **fixed}, ())
            return loss

        gradient, loss = grad_and_value(meta_loss)(moved)
        return [loss, *(gradient[name] for name in self.moved)]
