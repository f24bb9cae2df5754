"""The methods of a comparison, one record each: how it is built, what it may try, how it looks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import skip_init

from metalearn_lab.comparison.budget import Budget
from metalearn_lab.comparison.nearest_class_mean import nearest_class_mean_accuracy
from metalearn_lab.comparison.world import BUCKETS, World
from metalearn_lab.learners.first_order_maml import FirstOrderMAML
from metalearn_lab.learners.joint import JointPretraining
from metalearn_lab.learners.learner import Learner
from metalearn_lab.learners.line import Line
from metalearn_lab.learners.maml import MAML
from metalearn_lab.learners.meta_sgd import MetaSGD
from metalearn_lab.learners.proto_net import ProtoNet
from metalearn_lab.learners.reptile import Reptile
from metalearn_lab.learners.ridge_head import RidgeHead
from metalearn_lab.models.mlp import initialise
from metalearn_lab.models.text_encoder import TextClassifier
from metalearn_lab.tasks.types import Task

Role = Literal["baseline", "meta-learner", "other"]


@dataclass(frozen=True)
class Rates:
    """The settings a trained method may choose.

    Attributes:
        inner_lr: α, or where learned rates begin; None for a method without one.
        outer_lr: β, of the outer Adam.
    """

    inner_lr: float | None
    outer_lr: float


@dataclass(frozen=True)
class Method:
    """One method.

    Attributes:
        name: by which scores and figures name it.
        title: in tables and legends.
        line: how it is drawn.
        trials: the settings that it may try: ``Rates``, or for a method that is not trained the
            keyword arguments of ``accuracy``.
        build: a fresh learner from a world, one of its trials, the budget and a seed; None for a
            method that is not trained.
        accuracy: of a method that is not trained, on the episodes of a part of the classes: from a
            world, the part, the number of episodes, and one of its trials by keywords.
        role: baselines are what meta-learners are held against; others are in the table only.
    """

    name: str
    title: str
    line: Line
    trials: tuple[Any, ...]
    build: Callable[[World, Rates, Budget, int], Learner] | None = None
    accuracy: Callable[..., Tensor] | None = None
    role: Role = "other"


def rates(*inner: float | None) -> tuple[Rates, ...]:
    """Four trials for every method: each α with as many β as that takes."""
    outer = (3e-3, 1e-2) if len(inner) == 2 else (1e-3, 3e-3, 1e-2, 3e-2)
    return tuple(Rates(alpha, beta) for beta in outer for alpha in inner)


def trained(
    name: str,
    kind: type[Learner],
    build: Callable[[World, Rates, Budget, int], Learner],
    trials: tuple[Rates, ...],
    *,
    title: str | None = None,
    line: Line | None = None,
    role: Role = "meta-learner",
) -> Method:
    """A record of a learner, whose class says how it is called and drawn."""
    looks = line or kind.line
    assert looks is not None  # every learner of the package says how it looks
    return Method(name, title or kind.title, looks, trials, build=build, role=role)


def _text_model(world: World, seed: int) -> TextClassifier:
    return TextClassifier(BUCKETS, world.ways, seed=seed)


def _plain(kind: type[MAML] | type[FirstOrderMAML]) -> Callable[..., Learner]:
    def build(world: World, rates: Rates, budget: Budget, seed: int) -> Learner:
        k = budget.inner_steps
        return kind(
            _text_model(world, seed), F.cross_entropy, inner_lr=rates.inner_lr, inner_steps=k
        )

    return build


def _reptile(world: World, rates: Rates, budget: Budget, seed: int) -> Learner:
    items, k = world.ways * (world.shots + world.queries), budget.inner_steps
    return Reptile(
        _text_model(world, seed),
        F.cross_entropy,
        inner_lr=rates.inner_lr,
        inner_steps=k,
        inner_batch=max(2 * world.ways, -(-items // k)),  # k steps see every item
    )


def _pretrained(adapts: str) -> Callable[..., Learner]:
    def build(world: World, rates: Rates, budget: Budget, seed: int) -> Learner:
        model = _text_model(world, seed)
        classes = len(world.classes.train)
        head = skip_init(nn.Linear, model.head.in_features, classes)  # type: ignore[no-untyped-call]
        initialise(head, "pretraining head", seed)
        return JointPretraining(
            model,
            F.cross_entropy,
            pretraining_head=head,
            adapts=adapts,
            inner_lr=rates.inner_lr,
            inner_steps=budget.inner_steps,
        )

    return build


def _meta_sgd(world: World, rates: Rates, budget: Budget, seed: int) -> Learner:
    assert rates.inner_lr is not None  # its trials have one
    return MetaSGD(
        _text_model(world, seed),
        F.cross_entropy,
        first_rate=rates.inner_lr,
        inner_steps=budget.inner_steps,
    )


def _on_features(kind: type[ProtoNet] | type[RidgeHead]) -> Callable[..., Learner]:
    def build(world: World, rates: Rates, budget: Budget, seed: int) -> Learner:
        return kind(_text_model(world, seed).body, F.cross_entropy, ways=world.ways)

    return build


NGRAM_TRIALS: tuple[tuple[int, int], ...] = ((1, 3), (2, 3), (2, 4), (3, 5))
"""What the untrained baseline may try: the range of its n-grams."""

METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        Method(
            "nearest_class_mean",
            "nearest class mean (TF-IDF)",
            Line("#6b6b6b", (0, (1, 3)), "X"),
            tuple({"ngrams": list(ngrams)} for ngrams in NGRAM_TRIALS),
            accuracy=nearest_class_mean_accuracy,
            role="baseline",
        ),
        trained(
            "fine_tuning",
            JointPretraining,
            _pretrained("*"),
            rates(0.1, 0.5),  # fine-tuning wants smaller α than the meta-learners
            role="baseline",
        ),
        trained(
            "linear_probe",
            JointPretraining,
            _pretrained("head.*"),
            rates(0.2, 1.0),
            title="pretrain + linear probe",
            line=Line("#a55a3c", (0, (3, 1, 1, 1, 1, 1)), "v"),
            role="other",
        ),
        trained("maml", MAML, _plain(MAML), rates(0.5, 2.0)),
        trained("first_order_maml", FirstOrderMAML, _plain(FirstOrderMAML), rates(0.5, 2.0)),
        trained("reptile", Reptile, _reptile, rates(0.5, 2.0)),
        trained("meta_sgd", MetaSGD, _meta_sgd, rates(0.5, 2.0)),
        trained("proto_net", ProtoNet, _on_features(ProtoNet), rates(None)),
        trained("ridge_head", RidgeHead, _on_features(RidgeHead), rates(None)),
    )
}
"""Every method of the package by name; the order of rows everywhere."""

CHAPTER_06: tuple[Method, ...] = tuple(METHODS.values())[:6]
"""The methods that chapter 06 compares; their settings on its sentences come with the package."""

TITLES: dict[str, str] = {method.name: method.title for method in CHAPTER_06}
"""Names for tables and figures."""

TRAINED: tuple[str, ...] = tuple(method.name for method in CHAPTER_06 if method.build)
"""The methods of these that are trained."""


def title_of(name: str) -> str:
    """What a method is called; one that is not of the package by its name."""
    return METHODS[name].title if name in METHODS else name


def trials(name: str) -> tuple[Any, ...]:
    """The settings that a method may try."""
    return METHODS[name].trials


def build(name: str, world: World, rates: Rates, budget: Budget, seed: int) -> Learner:
    """A fresh learner on a fresh encoder.

    Args:
        name: of a trained method.
        world: gives the number of ways and of training classes.
        rates: α is used here, β by the optimiser.
        budget: gives the inner steps.
        seed: of the initial weights.

    Raises:
        ValueError: there is no trained method of this name.
    """
    method = METHODS.get(name)
    if method is None or method.build is None:
        known = ", ".join(each.name for each in METHODS.values() if each.build)
        raise ValueError(f"no trained method {name!r}: use one of {known}")
    return method.build(world, rates, budget, seed).to(world.ids.device)


def training_batches(
    learner: Learner, world: World, budget: Budget, seed: int
) -> Callable[[int], Task]:
    """The data of an outer step: the same sentences for every learner, in the form it takes."""
    sampler, size = world.sampler("train", seed=seed), budget.meta_batch
    return lambda i: learner.training_batch(sampler, i * size, size)


def gradient_evaluations(learner: Learner, budget: Budget) -> int:
    """Gradients of a loss that a training takes, one for each episode's share of a step."""
    return learner.gradients_per_task * budget.iterations * budget.meta_batch


def outer_optimizer(learner: Learner, rates: Rates) -> torch.optim.Optimizer:
    """Adam at rate β, for every method."""
    return torch.optim.Adam(learner.parameters(), rates.outer_lr)
