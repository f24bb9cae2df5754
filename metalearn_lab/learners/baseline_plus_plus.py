"""Baseline++: pretraining with a head of cosines, then a new such head on frozen features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import nn

from metalearn_lab.learners.joint import JointPretraining
from metalearn_lab.learners.line import Line
from metalearn_lab.models.cosine_head import CosineHead
from metalearn_lab.running.per_task import Loss


class BaselinePlusPlus(JointPretraining):
    """Pretraining and a new head for each task, both with scores s·cos(f(x), w_c).

    Training minimises the loss over *all* training classes, with one vector w_c for each. A task
    then freezes the features f and takes gradient steps on the N vectors of ``model.head``, which
    start, as they were built, at random directions. The authors' reason for cosines: features of
    one class then vary less, so that few examples are enough.

    Args:
        model: has a ``body``, the features, and a ``head`` that is a ``CosineHead`` with one output
            for each class of a task.
        loss: of scores and labels, e.g. ``F.cross_entropy``.
        classes: number of training classes; labels of ``EpisodeSampler.pretraining_batch``.
        seed: of the pretraining head, whose scale is that of ``model.head``.
        settings: the other arguments of ``GradientLearner``; it has no ``adapts``.

    Raises:
        ValueError: the model's head is no ``CosineHead``, or it has no ``body``.

    Source: Chen et al., "A Closer Look at Few-shot Classification", ICLR 2019, section 3.2. The
    authors' code also learns a length for each class, which the formula does not have and which is
    left out here. It trains the new head by minibatches with momentum; here every step is on the
    whole support.
    """

    title = "Baseline++"
    line = Line("#483054", (0, (2, 5, 5, 5, 1, 1)), ">")

    def __init__(
        self, model: nn.Module, loss: Loss, *, classes: int, seed: int = 0, **settings: Any
    ) -> None:
        head = getattr(model, "head", None)
        if not isinstance(head, CosineHead):
            raise ValueError(
                f"BaselinePlusPlus needs a model whose head is a CosineHead, got {head!r}: write "
                "model.head = CosineHead(features, ways)"
            )
        width = head.weight.shape[1]
        pretraining_head = CosineHead(width, classes, scale=head.scale, seed=seed)
        super().__init__(
            model, loss, pretraining_head=pretraining_head, adapts="head.*", **settings
        )


@dataclass(frozen=True)
class PublishedBaselinePlusPlus:
    """Settings of the published runs on miniImageNet.

    Attributes:
        scale: s, for 200 outputs or fewer.
        outer_lr: β, of Adam, which the authors leave at PyTorch's default.
        outer_batch: images of an outer step.
        epochs: passes over the training classes.
        inner_lr: α of the new head, for a loss that is a mean over a minibatch.
        inner_momentum: of its SGD; the dampening is the same number, so that a lasting gradient
            moves it at the rate α.
        inner_weight_decay: of its SGD.
        inner_batch: support items of an inner step.
        inner_epochs: passes over the support; with N classes of K shots, ⌈NK / 4⌉ steps each.
    """

    scale: float
    outer_lr: float
    outer_batch: int
    epochs: int
    inner_lr: float
    inner_momentum: float
    inner_weight_decay: float
    inner_batch: int
    inner_epochs: int


MINI_IMAGENET = PublishedBaselinePlusPlus(
    scale=2.0,
    outer_lr=1e-3,
    outer_batch=16,
    epochs=400,
    inner_lr=0.01,
    inner_momentum=0.9,
    inner_weight_decay=1e-3,
    inner_batch=4,
    inner_epochs=100,
)
"""With 5-way tasks of 1 and of 5 shots.

Source: the authors' code, github.com/wyharveychen/CloserLookFewShot at commit e03aca8:
``backbone.py`` (``distLinear``), ``train.py`` and ``methods/baselinefinetune.py``.
"""
