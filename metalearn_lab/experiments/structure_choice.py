"""Which part of a network should a task move? Chosen for each task from its support alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from metalearn_lab.evaluation.adaptation_curves import adaptation_curves
from metalearn_lab.learners.learner import Learner
from metalearn_lab.tasks.types import Split, Task


@dataclass(frozen=True)
class StructureChoice:
    """Accuracy of some structures on the same episodes, and which one the support chose.

    Attributes:
        accuracy: on the query set, ``[tasks, structures]``.
        held_out: on support items that were held out, ``[tasks, structures]``.
    """

    accuracy: Tensor
    held_out: Tensor

    @property
    def chosen(self) -> Tensor:
        """The structure with the best held-out accuracy, the first of equals, ``[tasks]``."""
        return self.held_out.argmax(1)

    @property
    def of_chosen(self) -> Tensor:
        """Query accuracy of the structure that each task chose, ``[tasks]``."""
        return self.accuracy.gather(1, self.chosen[:, None])[:, 0]

    @property
    def of_oracle(self) -> Tensor:
        """Query accuracy of the best structure of each task by the query itself: an upper bound."""
        return self.accuracy.max(1).values


def choose_structures(
    learners: Sequence[Learner], steps: Sequence[int], tasks: Task, *, shots: int
) -> StructureChoice:
    """Try every structure on each task, and on its support with one shot held out in turn.

    Args:
        learners: one for each structure, the one that moves least first.
        steps: of each.
        tasks: with as many support items in every class.
        shots: K, two or more.

    Raises:
        ValueError: one shot leaves nothing to hold out, or the classes of a support differ in size.
    """
    if shots < 2:
        raise ValueError(f"holding a shot out takes 2 shots or more, got {shots}")
    folds = held_out_folds(tasks.support, shots)
    pairs = list(zip(learners, steps, strict=True))
    held_out = [_accuracy(learner, folds, k).view(-1, shots).mean(1) for learner, k in pairs]
    accuracy = [_accuracy(learner, tasks, k) for learner, k in pairs]
    return StructureChoice(torch.stack(accuracy, 1), torch.stack(held_out, 1))


def held_out_folds(support: Split, shots: int) -> Task:
    """K tasks for each task: shot number j of every class is the query set, the rest the support.

    Args:
        support: ``[tasks, ways · shots, ...]``.
        shots: K.

    Returns:
        ``[tasks · shots, ...]``; those of one task stand together.

    Raises:
        ValueError: the classes of a support differ in size.
    """
    tasks = len(support.y)
    by_class = support.y.argsort(stable=True)
    labels = support.y.gather(1, by_class).view(tasks, -1, shots)
    if not (labels == labels[..., :1]).all() or labels.shape[1] != int(support.y.max()) + 1:
        raise ValueError(f"every class of a support must have {shots} items, for one is held out")
    place = by_class.view(tasks, -1, shots)  # [tasks, ways, shots]
    of_query = place.movedim(2, 1)  # [tasks, shots, ways]
    rest = [[i for i in range(shots) if i != j] for j in range(shots)]
    of_support = torch.stack([place[..., each].flatten(1) for each in rest], 1)
    row = torch.arange(tasks, device=support.y.device)[:, None, None]
    return Task(
        *(
            Split(support.x[row, which].flatten(0, 1), support.y[row, which].flatten(0, 1))
            for which in (of_support, of_query)
        )
    )


def _accuracy(learner: Learner, tasks: Task, steps: int) -> Tensor:
    accuracy = adaptation_curves(learner, tasks, steps).accuracy
    assert accuracy is not None  # classification has accuracies
    return accuracy[:, -1]
