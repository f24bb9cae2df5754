"""The trained methods of the comparison: how each is built, what it sees, what it may try."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch.nn import functional as F

from metalearn_lab.comparison.budget import Budget
from metalearn_lab.comparison.world import BUCKETS, World
from metalearn_lab.learners.first_order_maml import FirstOrderMAML
from metalearn_lab.learners.joint import JointPretraining
from metalearn_lab.learners.learner import Learner
from metalearn_lab.learners.maml import MAML
from metalearn_lab.learners.reptile import Reptile
from metalearn_lab.models.mlp import blank_linear, initialise
from metalearn_lab.models.text_encoder import TextClassifier
from metalearn_lab.tasks.types import Task, merge_splits

MethodName = Literal["fine_tuning", "linear_probe", "maml", "first_order_maml", "reptile"]

TITLES: dict[str, str] = {
    "nearest_class_mean": "nearest class mean (TF-IDF)",
    "fine_tuning": "pretrain + fine-tune",
    "linear_probe": "pretrain + linear probe",
    "maml": "MAML",
    "first_order_maml": "first-order MAML",
    "reptile": "Reptile",
}
"""Names for tables and figures; the order of rows everywhere."""

TRAINED: tuple[MethodName, ...] = (
    "fine_tuning",
    "linear_probe",
    "maml",
    "first_order_maml",
    "reptile",
)
"""The methods that are trained."""

NGRAM_TRIALS: tuple[tuple[int, int], ...] = ((1, 3), (2, 3), (2, 4), (3, 5))
"""What the untrained baseline may try: the range of its n-grams."""


@dataclass(frozen=True)
class Rates:
    """The settings a trained method may choose.

    Attributes:
        inner_lr: α.
        outer_lr: β, of the outer Adam.
    """

    inner_lr: float
    outer_lr: float


def trials(name: MethodName) -> tuple[Rates, ...]:
    """Four trials for every method; fine-tuning wants smaller α than the meta-learners."""
    inner = {"fine_tuning": (0.1, 0.5), "linear_probe": (0.2, 1.0)}.get(name, (0.5, 2.0))
    return tuple(Rates(alpha, beta) for beta in (3e-3, 1e-2) for alpha in inner)


def build(name: MethodName, world: World, rates: Rates, budget: Budget, seed: int) -> Learner:
    """A fresh learner on a fresh encoder.

    Args:
        name: of the method.
        world: gives the number of ways and of training classes.
        rates: α is used here, β by the optimiser.
        budget: gives the inner steps.
        seed: of the initial weights.
    """
    model = TextClassifier(BUCKETS, world.ways, seed=seed)
    alpha, k = rates.inner_lr, budget.inner_steps
    learner: Learner
    match name:
        case "fine_tuning":
            learner = _pretrained(model, world, seed, "*", alpha, k)
        case "linear_probe":
            learner = _pretrained(model, world, seed, "head.*", alpha, k)
        case "maml":
            learner = MAML(model, F.cross_entropy, inner_lr=alpha, inner_steps=k)
        case "first_order_maml":
            learner = FirstOrderMAML(model, F.cross_entropy, inner_lr=alpha, inner_steps=k)
        case "reptile":
            items = world.ways * (world.shots + world.queries)
            batch = max(2 * world.ways, -(-items // k))  # k steps see every item
            learner = Reptile(
                model, F.cross_entropy, inner_lr=alpha, inner_steps=k, inner_batch=batch
            )
    return learner.to(world.ids.device)


def training_batches(
    name: MethodName, world: World, budget: Budget, seed: int
) -> Callable[[int], Task]:
    """The data of an outer step: the same sentences for every method, in the form it takes.

    MAML and its first-order form see support and query; Reptile sees both as one training set;
    pretraining sees the same sentences with their class among all training classes.
    """
    sampler = world.sampler("train", seed=seed)
    size = budget.meta_batch
    if name in ("fine_tuning", "linear_probe"):
        return lambda i: sampler.pretraining_batch(i * size, size)
    if name == "reptile":
        return lambda i: merge_splits(sampler.batch(i * size, size))
    return lambda i: sampler.batch(i * size, size)


def gradient_evaluations(name: MethodName, budget: Budget) -> int:
    """Gradients of a loss that a training takes, one for each episode's share of a step.

    MAML's meta-gradient through k steps costs about as much again as the k steps; it is counted
    as 2k + 1.
    """
    steps = {
        "fine_tuning": 1,
        "linear_probe": 1,
        "maml": 2 * budget.inner_steps + 1,
        "first_order_maml": budget.inner_steps + 1,
        "reptile": budget.inner_steps,
    }[name]
    return steps * budget.iterations * budget.meta_batch


def _pretrained(
    model: TextClassifier,
    world: World,
    seed: int,
    adapts: str,
    inner_lr: float,
    inner_steps: int,
) -> JointPretraining:
    head = blank_linear(model.head.in_features, len(world.classes.train))
    initialise(head, "pretraining head", seed)
    return JointPretraining(
        model,
        F.cross_entropy,
        pretraining_head=head,
        adapts=adapts,
        inner_lr=inner_lr,
        inner_steps=inner_steps,
    )


def outer_optimizer(learner: Learner, rates: Rates) -> torch.optim.Optimizer:
    """Adam at rate β, for every method."""
    return torch.optim.Adam(learner.parameters(), rates.outer_lr)
