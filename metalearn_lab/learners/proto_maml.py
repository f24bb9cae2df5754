"""Proto-MAML: MAML that starts each task from its prototypes."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from metalearn_lab.learners.closed_form import class_columns
from metalearn_lab.learners.gradient_learner import GradientLearner
from metalearn_lab.learners.line import Line
from metalearn_lab.learners.proto_net import class_means
from metalearn_lab.running.per_task import Trajectory, Weights
from metalearn_lab.tasks.types import Split, Task


class ProtoMAML(GradientLearner):
    """MAML whose head is set, in each task, to the classifier of a prototypical network.

    With f the features before the head, at θ, and p_c the mean of f over the support items of
    class c, the head of θ_0 has

        weights 2p_c and biases −‖p_c‖²,  so  score_c(x) = 2p_cᵀf(x) − ‖p_c‖².

    This is −‖f(x) − p_c‖² up to ‖f(x)‖², which all classes of an item share. Then k inner steps
    move all weights. The meta-gradient of L_Q(θ_k) goes through the inner steps and through the
    prototypes. With no step, and a loss that a shift of all scores leaves alone, as cross-entropy,
    this is ``ProtoNet``.

    The numbers that the model has in its own head are never read, and get no gradient.

    Args:
        model: its outputs are those of ``model.head``, an ``nn.Linear`` with a bias and one output
            for each class. A class without support items has scores NaN.
        loss: of scores ``[items, ways]`` and labels 0, …, ways − 1, e.g. ``F.cross_entropy``.
        settings: the other arguments of ``GradientLearner``. A head that is frozen, or that
            ``adapts`` does not name, stays at the prototypes.

    Raises:
        ValueError: the model has no such head.

    Source: Triantafillou et al., "Meta-Dataset: A Dataset of Datasets for Learning to Learn from
    Few Examples", ICLR 2020, section 3. The authors run it without second derivatives; here it has
    them.
    """

    title = "Proto-MAML"
    line = Line("#6c9c48", (0, (2, 9, 9, 1, 2, 5)), "^")
    differentiates_twice = True

    def check(self) -> None:
        """Refuse a model without a linear head."""
        super().check()
        head = getattr(self.model, "head", None)
        # A subclass of nn.Linear may compute something else.
        if type(head) is not nn.Linear or head.bias is None:
            raise ValueError(
                "ProtoMAML sets the weights and biases of model.head, so that must be an nn.Linear "
                f"with a bias which gives the model's outputs, got {head!r}: build the model with "
                "such a head, one output for each class"
            )

    def meta_loss(self, task: Task) -> Tensor:
        """L_Q(θ_k), from the θ_0 of the task's prototypes."""
        return self.loss_at(self.trajectory(task.support, self.inner_steps)[-1], task.query)

    def trajectory(self, support: Split, steps: int) -> Trajectory:
        """θ_0, …, θ_steps of one task; the head of θ_0 is that of its prototypes."""
        return self.inner_loop(self.with_prototypes(self.weights(), support), support, steps)

    def with_prototypes(self, theta: Weights, support: Split) -> Weights:
        """θ with the head 2p_c and −‖p_c‖², connected to the body by the prototypes p."""
        weight = theta["head.weight"]
        ways, width = weight.shape
        # With the identity for a head, a model's outputs are the features that its head is given.
        identity = torch.eye(width, dtype=weight.dtype, device=weight.device)
        as_given = {"head.weight": identity, "head.bias": identity.new_zeros(width)}
        features = self.call({**theta, **as_given}, support.x)
        p = class_means(features, class_columns(support.y, ways, features))
        return {**theta, "head.weight": 2 * p, "head.bias": -(p**2).sum(-1)}


@dataclass(frozen=True)
class PublishedProtoMAML:
    """Settings of a published run, as far as they are the algorithm's own.

    The run left second derivatives out (``first_order``), so its meta-gradient is not that of
    ``ProtoMAML``. Its batches are of one episode, whose ways and shots vary.

    Attributes:
        inner_lr: α, for a loss that is a mean over the support items.
        inner_steps: k, in training and at test time.
        outer_lr: β at the beginning, of Adam.
        outer_lr_decay: what β is multiplied by every ``decay_every`` iterations.
        decay_every: see there.
        weight_decay: what ‖w‖² of the weights is multiplied by and added to the outer loss.
        iterations: outer steps.
        first_order: whether second derivatives were left out.
    """

    inner_lr: float
    inner_steps: int
    outer_lr: float
    outer_lr_decay: float
    decay_every: int
    weight_decay: float
    iterations: int
    first_order: bool


IMAGENET = PublishedProtoMAML(
    inner_lr=0.005435022808033229,
    inner_steps=6,
    outer_lr=0.00036339913514891586,
    outer_lr_decay=0.6477898086638092,
    decay_every=2500,
    weight_decay=0.000013656044331235537,
    iterations=75_000,
    first_order=True,
)
"""A pretrained ResNet trained on the classes of ImageNet alone: the authors' best settings.

Source: the authors' code, github.com/google-research/meta-dataset at commit 1676095, under
``meta_dataset/learn/gin``: ``best/maml_init_with_proto_imagenet.gin``, and for the iterations
``setups/trainer_config.gin``.
"""
