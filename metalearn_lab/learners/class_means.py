"""Pretraining without adaptation: the nearest class mean on features that were trained jointly."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F

from metalearn_lab.learners.closed_form import ClosedForm
from metalearn_lab.learners.learner import TaskSource
from metalearn_lab.learners.line import Line
from metalearn_lab.learners.proto_net import class_means
from metalearn_lab.running.per_task import Loss
from metalearn_lab.tasks.types import Task


class PretrainedMeans(ClosedForm):
    """Class scores are cosines with class means; features are pretrained on all training classes.

    No step adapts it, and no episode trains it: the baseline that tells what learning to adapt
    adds.

    Args:
        model: the encoder f, from inputs ``[items, ...]`` to features ``[items, features]``.
        loss: of scores and labels, e.g. ``F.cross_entropy``.
        ways: N; labels are 0, …, N − 1.
        pretraining_head: from features to scores of all training classes.
        settings: the other arguments of ``Learner``.

    Source: Chen, Liu, Xu, Darrell and Wang, "Meta-Baseline", ICCV 2021, section 3.1
    (Classifier-Baseline).
    """

    title = "frozen class means"
    line = Line("#4818ff", (0, (2, 1, 2, 2, 1, 2)), "d")
    solution_name = "means"

    def __init__(
        self,
        model: nn.Module,
        loss: Loss,
        *,
        ways: int,
        pretraining_head: nn.Module,
        **settings: Any,
    ) -> None:
        super().__init__(model, loss, ways=ways, **settings)
        self.pretraining_head = pretraining_head

    def training_batch(self, source: TaskSource, first: int, count: int) -> Task:
        """The same items without their episodes, by class."""
        return source.pretraining_batch(first, count)  # type: ignore[attr-defined]

    def training_losses(self, task: Task) -> list[Tensor]:
        """One loss, before adaptation."""
        return [self.meta_loss(task)]

    def meta_loss(self, task: Task) -> Tensor:
        """The loss of the pretraining head on such a batch."""
        return self.loss_of(self.pretraining_head(self.model(task.query.x)), task.query.y)

    def solution(self, features: Tensor, classes: Tensor) -> Tensor:
        """The mean feature of each class, ``[ways, features]``."""
        return class_means(features, classes)

    def scores(self, features: Tensor, solution: Tensor) -> Tensor:
        """Cosines, ``[items, ways]``."""
        return F.normalize(features, dim=-1) @ F.normalize(solution, dim=-1).T
