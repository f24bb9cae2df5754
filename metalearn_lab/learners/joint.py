"""Pretraining: ordinary training on all tasks' data, then adaptation to a new task."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from metalearn_lab.learners.gradient_learner import GradientLearner
from metalearn_lab.learners.learner import TaskSource
from metalearn_lab.learners.line import Line
from metalearn_lab.running.per_task import Loss
from metalearn_lab.tasks.types import Task, merge_splits


class JointPretraining(GradientLearner):
    """The transfer-learning baseline: minimise the loss of the model *before* adaptation.

    With ``adapts="*"`` the test-time adaptation is full fine-tuning; with ``adapts="head.*"`` a
    linear probe. Two learners may share one model, so both use one pretraining.

    Args:
        model: as for every learner.
        loss: as for every learner.
        pretraining_head: for classification, maps the features of ``model.body`` to scores of
            *all* training classes. Episode labels are permuted, so an un-adapted N-way head could
            learn nothing from them; the pretraining head learns from the classes themselves, and
            ``model.head`` stays as it was built until a task adapts it. Without it, the model
            itself is trained (regression).
        settings: the other arguments of ``GradientLearner``.

    Raises:
        ValueError: a pretraining head was given for a model without ``body``.

    Source: Chen et al., "A Closer Look at Few-shot Classification", ICLR 2019; Tian et al.,
    "Rethinking Few-Shot Image Classification", ECCV 2020.
    """

    title = "pretrain + fine-tune"
    line = Line("#cc79a7", (0, (1, 1)), "D")
    low_rank_pays = False  # it does not adapt in training

    def __init__(
        self,
        model: nn.Module,
        loss: Loss,
        *,
        pretraining_head: nn.Module | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(model, loss, **settings)
        if pretraining_head is not None and not isinstance(getattr(model, "body", None), nn.Module):
            raise ValueError(
                "a pretraining head needs the model's features: give a model with a `body`"
            )
        self.pretraining_head = pretraining_head

    @property
    def gradients_per_task(self) -> int:
        """One, without adaptation."""
        return 1

    def training_batch(self, source: TaskSource, first: int, count: int) -> Task:
        """The same items without their episodes: by class for a pretraining head, else merged."""
        if self.pretraining_head is not None:
            return source.pretraining_batch(first, count)  # type: ignore[attr-defined]
        return merge_splits(source.batch(first, count))

    def training_losses(self, task: Task) -> list[Tensor]:
        """One loss, before adaptation."""
        return [self.meta_loss(task)]

    def meta_loss(self, task: Task) -> Tensor:
        """L_Q(θ) of such a batch, whose query set is all of S ∪ Q, with no adaptation."""
        if self.pretraining_head is None:
            return self.loss_at(self.weights(), task.query)
        body = self.model.get_submodule("body")
        return self.loss_of(self.pretraining_head(body(task.query.x)), task.query.y)
