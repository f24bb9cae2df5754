"""A compiled meta-loss for learners that adapt a wide first layer within the support's span."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.func import functional_call, grad_and_value

from metalearn_lab.compiled.checking import check_same, loss_and_gradient, pure_snapshot
from metalearn_lab.compiled.inputs import inputs_of
from metalearn_lab.compiled.one_task import OneTask, state_of
from metalearn_lab.compiled.task_map import CompiledTaskMap
from metalearn_lab.running.known_gradient import with_known_gradient
from metalearn_lab.running.low_rank import Seen, input_weight, low_rank_tasks, with_small_layer
from metalearn_lab.running.per_task import PerTask, Weights
from metalearn_lab.tasks.types import Split, Task


class CompiledLowRankMetaLoss:
    """As ``CompiledMetaLoss``; only the small layers of the tasks are compiled.

    The products with the wide layer are taken for all tasks at once by PyTorch, which also takes
    the gradient back through them from what each task gives: ∂/∂V_0 and ∂/∂(the rest's share).

    Args:
        learner: on the CPU, one of which ``running.low_rank_rule.runs_low_rank`` holds.
        example: a batch of the shapes to come; the number of tasks may change.

    Raises:
        NotCompilable: as for ``CompiledMetaLoss``.
    """

    def __init__(self, learner: PerTask, example: Task) -> None:
        self.learner = learner
        expected = loss_and_gradient(learner, example)
        self.snapshot = pure_snapshot(learner, example)
        wide = f"learner.model.{input_weight(learner)}"
        self.moved = [name for name in list(expected)[1:] if name != wide]
        self.fixed = [name for name in state_of(learner) if name not in (*self.moved, wide)]
        state = state_of(learner)
        self.shared = [state[name] for name in (*self.moved, *self.fixed)]
        self.compiled = CompiledTaskMap(
            self._of_one_task, self.shared, self._mapped(example)[0], averaged=len(self.moved) + 1
        )
        self._compare(example, expected)

    def check(self, tasks: Task) -> None:
        """Compare with what PyTorch computes now.

        Raises:
            NotCompilable: they differ by more than rounding can explain.
        """
        self._compare(tasks, loss_and_gradient(self.learner, tasks))

    def _compare(self, tasks: Task, expected: Weights) -> None:
        state = state_of(self.learner)
        with torch.enable_grad():
            loss = self(tasks)
            parameters = [state[name] for name in list(expected)[1:]]
            gradients = torch.autograd.grad(loss, parameters)
        check_same(expected, (parameters, loss.detach(), list(gradients)))

    def __call__(self, tasks: Task) -> Tensor:
        """Mean meta-loss over a batch, attached to the learner's parameters.

        Raises:
            OtherThanCompiled: as for ``CompiledMetaLoss``.
        """
        self.snapshot.check()
        inputs_of(tasks)
        mapped, attached = self._mapped(tasks)
        loss, *gradients = self.compiled(self.shared, mapped)
        count = len(self.moved)
        of_each = [gradient / tasks.query.y.shape[0] for gradient in gradients[count:]]
        gradients[count:] = of_each
        return with_known_gradient(loss, [*self.shared[:count], *attached], gradients)

    def _mapped(self, tasks: Task) -> tuple[list[Tensor], list[Tensor]]:
        """What a task is given, and of that what hangs on the wide layer, which comes first."""
        start, coordinates, seen = low_rank_tasks(self.learner, tasks.support.x, tasks.query.x)
        attached = [start, seen.share]
        fixed = [coordinates, tasks.support.y, seen.coordinates, tasks.query.y]
        return [*(part.detach() for part in attached), *fixed], attached

    def _of_one_task(self, *tensors: Tensor) -> list[Tensor]:
        """The meta-loss of one task, its gradient, and its gradient in what is attached."""
        count = len(self.moved)
        of_wide = count + len(self.fixed)
        fixed = dict(zip(self.fixed, tensors[count:of_wide], strict=True))
        support_x, support_y, query_x, query_y = tensors[of_wide + 2 :]

        def meta_loss(moved: tuple[Tensor, ...], start: Tensor, share: Tensor) -> Tensor:
            query = Split(Seen(query_x, share), query_y)  # type: ignore[arg-type]
            task = Task(Split(support_x, support_y), query)
            small = with_small_layer(self.learner, start)
            weights = dict(zip(self.moved, moved, strict=True)) | fixed
            one_task = OneTask(small, lambda learner: learner.meta_loss(task))
            loss: Tensor = functional_call(one_task, weights, ())
            return loss

        moved, start, share = tensors[:count], tensors[of_wide], tensors[of_wide + 1]
        (of_moved, *of_attached), loss = grad_and_value(meta_loss, (0, 1, 2))(moved, start, share)
        return [loss, *of_moved, *of_attached]
