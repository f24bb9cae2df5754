"""The methods of a comparison, one record each, and what every one of them may spend."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import skip_init

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
from metalearn_lab.learners.settings import whole_number
from metalearn_lab.models.mlp import initialise
from metalearn_lab.models.text_encoder import TextClassifier
from metalearn_lab.tasks.types import Task

Role = Literal["baseline", "meta-learner", "other"]


@dataclass(frozen=True)
class Budget:
    """One budget for all: the same data, the same number of trials, the same unseen episodes.

    Attributes:
        iterations: outer steps of a training.
        meta_batch: training episodes an outer step sees; pretraining sees the same sentences
            without the episodes.
        inner_steps: k while training.
        test_steps: adaptation may take up to so many steps at test time; how many is chosen on
            the validation classes, like every other setting.
        validation_episodes: episodes of validation classes that settings are chosen by.
        test_episodes: unseen-class episodes a score is taken over.

    Raises:
        ValueError: a number below 1, or below 2 for the episodes.
    """

    iterations: int = 500
    meta_batch: int = 4
    inner_steps: int = 5
    test_steps: int = 20
    validation_episodes: int = 200
    test_episodes: int = 600

    def __post_init__(self) -> None:
        """Check the numbers."""
        for name, value in vars(self).items():
            least_value = 2 if name.endswith("episodes") else 1
            whole_number(value, least_value, f"{name} must be {least_value} or more")


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


def rates_to_try(*inner_lrs: float | None) -> tuple[Rates, ...]:
    """Four trials for every method: each α with as many β as that takes."""
    outer_lrs = (3e-3, 1e-2) if len(inner_lrs) == 2 else (1e-3, 3e-3, 1e-2, 3e-2)
    return tuple(Rates(alpha, beta) for beta in outer_lrs for alpha in inner_lrs)


def trained_method(
    name: str,
    learner_class: type[Learner],
    build_learner: Callable[..., Learner],
    trials: tuple[Rates, ...],
    *,
    title: str | None = None,
    line: Line | None = None,
    role: Role = "meta-learner",
) -> Method:
    """A record of a learner, whose class says how it is called and drawn.

    Args:
        name: by which scores and figures name it.
        learner_class: its class.
        build_learner: makes a learner of this kind from the class and what ``Method.build`` takes.
        trials: the settings that it may try.
        title: in place of the class's own.
        line: in place of the class's own.
        role: as of ``Method``.
    """
    curve_style = line or learner_class.line
    assert curve_style is not None  # every learner of the package says how it looks
    return Method(
        name,
        title or learner_class.title,
        curve_style,
        trials,
        partial(build_learner, learner_class),
        role=role,
    )


def _text_model(world: World, seed: int) -> TextClassifier:
    return TextClassifier(BUCKETS, world.ways, seed=seed)


def _build_gradient_learner(
    make_learner: Callable[..., Learner],
    world: World,
    rates: Rates,
    budget: Budget,
    seed: int,
    **settings: Any,
) -> Learner:
    model, steps = _text_model(world, seed), budget.inner_steps
    return make_learner(
        model, F.cross_entropy, inner_lr=rates.inner_lr, inner_steps=steps, **settings
    )


def _build_reptile(
    make_learner: Callable[..., Learner], world: World, rates: Rates, budget: Budget, seed: int
) -> Learner:
    item_count = world.ways * (world.shots + world.queries)
    # k steps see every item
    inner_batch_size = max(2 * world.ways, -(-item_count // budget.inner_steps))
    return _build_gradient_learner(
        make_learner, world, rates, budget, seed, inner_batch=inner_batch_size
    )


def _build_pretrained(
    make_learner: Callable[..., Learner],
    world: World,
    rates: Rates,
    budget: Budget,
    seed: int,
    *,
    adapts: str,
) -> Learner:
    model = _text_model(world, seed)
    class_count = len(world.classes.train)
    head = skip_init(nn.Linear, model.head.in_features, class_count)  # type: ignore[no-untyped-call]
    initialise(head, "pretraining head", seed)
    return make_learner(
        model,
        F.cross_entropy,
        pretraining_head=head,
        adapts=adapts,
        inner_lr=rates.inner_lr,
        inner_steps=budget.inner_steps,
    )


def _build_meta_sgd(
    make_learner: Callable[..., Learner], world: World, rates: Rates, budget: Budget, seed: int
) -> Learner:
    model, steps = _text_model(world, seed), budget.inner_steps
    return make_learner(model, F.cross_entropy, first_rate=rates.inner_lr, inner_steps=steps)


def _build_feature_learner(
    make_learner: Callable[..., Learner], world: World, rates: Rates, budget: Budget, seed: int
) -> Learner:
    return make_learner(_text_model(world, seed).body, F.cross_entropy, ways=world.ways)


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
        trained_method(
            "fine_tuning",
            JointPretraining,
            partial(_build_pretrained, adapts="*"),
            rates_to_try(0.1, 0.5),  # fine-tuning wants smaller α than the meta-learners
            role="baseline",
        ),
        trained_method(
            "linear_probe",
            JointPretraining,
            partial(_build_pretrained, adapts="head.*"),
            rates_to_try(0.2, 1.0),
            title="pretrain + linear probe",
            line=Line("#a55a3c", (0, (3, 1, 1, 1, 1, 1)), "v"),
            role="other",
        ),
        trained_method("maml", MAML, _build_gradient_learner, rates_to_try(0.5, 2.0)),
        trained_method(
            "first_order_maml",
            FirstOrderMAML,
            _build_gradient_learner,
            rates_to_try(0.5, 2.0),
        ),
        trained_method("reptile", Reptile, _build_reptile, rates_to_try(0.5, 2.0)),
        trained_method("meta_sgd", MetaSGD, _build_meta_sgd, rates_to_try(0.5, 2.0)),
        trained_method("proto_net", ProtoNet, _build_feature_learner, rates_to_try(None)),
        trained_method("ridge_head", RidgeHead, _build_feature_learner, rates_to_try(None)),
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
        known_names = ", ".join(name for name, method in METHODS.items() if method.build)
        raise ValueError(f"no trained method {name!r}: use one of {known_names}")
    return method.build(world, rates, budget, seed).to(world.ids.device)


def training_batches(
    learner: Learner, world: World, budget: Budget, seed: int
) -> Callable[[int], Task]:
    """The data of an outer step: the same sentences for every learner, in the form it takes."""
    sampler, meta_batch = world.sampler("train", seed=seed), budget.meta_batch
    return lambda step: learner.training_batch(sampler, step * meta_batch, meta_batch)


def gradient_evaluations(learner: Learner, budget: Budget) -> int:
    """Gradients of a loss that a training takes, one for each episode's share of a step."""
    return learner.gradients_per_task * budget.iterations * budget.meta_batch


def outer_optimizer(learner: Learner, rates: Rates) -> torch.optim.Optimizer:
    """Adam at rate β, for every method."""
    return torch.optim.Adam(learner.parameters(), rates.outer_lr)
