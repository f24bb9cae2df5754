"""Prototypical networks: learn features in which the mean of a class stands for it."""

from __future__ import annotations

from torch import Tensor

from metalearn_lab.learners.closed_form import ClosedForm
from metalearn_lab.learners.line import Line


class ProtoNet(ClosedForm):
    """Class scores are −‖f(x) − p_c‖², with p_c the mean feature of the support items of class c.

    Adaptation moves no weight: it takes means. Up to what all classes of an item share, the scores
    are those of a linear head with weights 2p_c and biases −‖p_c‖².

    Args:
        model: the encoder f, from inputs ``[items, ...]`` to features ``[items, features]``.
        loss: of scores ``[items, ways]`` and labels, e.g. ``F.cross_entropy``.
        ways: N; labels are 0, …, N − 1. A class without support items has scores NaN.
        settings: the other arguments of ``Learner``.

    Raises:
        ValueError: ``ways`` is below 1.

    Source: Snell, Swersky and Zemel, "Prototypical Networks for Few-shot Learning", NeurIPS 2017,
    equations 1, 2 and 8.
    """

    title = "ProtoNet"
    line = Line("#0e2a00", (0, (3, 2)), "H")

    solution_name = "prototypes"

    def solution(self, features: Tensor, classes: Tensor) -> Tensor:
        """The mean feature p of each class, ``[ways, features]``."""
        return class_means(features, classes)

    def scores(self, features: Tensor, solution: Tensor) -> Tensor:
        """−‖f(x) − p_c‖², ``[items, ways]``."""
        return -((features[:, None] - solution) ** 2).sum(-1)


def class_means(features: Tensor, classes: Tensor) -> Tensor:
    """The mean feature of each class, ``[ways, features]``; NaN for a class without items.

    Args:
        features: ``[items, features]``.
        classes: ``[items, ways]``, see ``closed_form.class_columns``.
    """
    return (classes / classes.sum(0)).T @ features
