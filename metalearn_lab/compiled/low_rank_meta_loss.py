"""A compiled meta-loss for learners that adapt a wide first layer within the support's span."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from metalearn_lab.compiled.meta_loss import CompiledForm, CompiledMetaLoss, LossAndGradients
from metalearn_lab.compiled.one_task import inputs_of, state_of, with_state
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
