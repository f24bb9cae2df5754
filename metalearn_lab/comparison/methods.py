"""The methods of a comparison, one record each, and what every one of them may spend."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import skip_init

from metalearn_lab.comparison.ranges import LogUniform, OneOf, Range, draw_trials
from metalearn_lab.comparison.untrained import (
    centred_mean,
    logistic_regression,
    nearest_class_mean,
    ridge_regression,
    whitened_mean,
)
from metalearn_lab.comparison.world import BUCKETS, ENCODER, NGRAMS, TF_IDF, World
from metalearn_lab.learners.baseline_plus_plus import BaselinePlusPlus
from metalearn_lab.learners.cavia import CAVIA
from metalearn_lab.learners.class_means import PretrainedMeans
from metalearn_lab.learners.distributional_signatures import DistributionalSignatures
from metalearn_lab.learners.first_order_maml import FirstOrderMAML
from metalearn_lab.learners.joint import JointPretraining
from metalearn_lab.learners.learner import Learner
from metalearn_lab.learners.line import Line
from metalearn_lab.learners.maml import MAML
from metalearn_lab.learners.maml_plus_plus import MAMLPlusPlus
from metalearn_lab.learners.meta_sgd import MetaSGD
from metalearn_lab.learners.proto_maml import ProtoMAML
from metalearn_lab.learners.proto_net import ProtoNet
from metalearn_lab.learners.reptile import Reptile
from metalearn_lab.learners.ridge_head import RidgeHead
from metalearn_lab.learners.settings import whole_number
from metalearn_lab.models.cosine_head import CosineHead
from metalearn_lab.models.feature_classifier import FeatureClassifier
from metalearn_lab.models.mlp import MLP, initialise
from metalearn_lab.models.text_encoder import TextClassifier
from metalearn_lab.models.word_attention import WordAttention, random_vectors
from metalearn_lab.tasks.text_features import word_counts
from metalearn_lab.tasks.types import Task

Kind = Literal["untrained", "joint", "meta-learner"]


@dataclass(frozen=True)
class Budget:
    """One budget for all: the same data, the same number of trials, the same unseen episodes.

    Attributes:
        iterations: outer steps of a training.
        meta_batch: training episodes an outer step sees; pretraining sees the same sentences
            without the episodes.
        trials: settings that a method may try, where it has any.
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
    trials: int = 8
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
    """The settings of a trained method.

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
        kind: untrained; trained jointly, without episodes; or a meta-learner.
        ranges: what its settings are drawn from on a representation: those of ``Rates``, or for a
            method that is not trained the keyword arguments of ``accuracy``.
        build: a fresh learner from a world, its rates, the budget and a seed; None for a method
            that is not trained.
        accuracy: of a method that is not trained, on the episodes of a part of the classes: from a
            world, the part, the number of episodes, and its settings by keywords.
        representations: those that it applies to.
    """

    name: str
    title: str
    line: Line
    kind: Kind = "meta-learner"
    ranges: Callable[[str], Mapping[str, Range]] = field(default=lambda representation: {})
    build: Callable[[World, Rates, Budget, int], Learner] | None = None
    accuracy: Callable[..., Tensor] | None = None
    representations: tuple[str, ...] = (NGRAMS, ENCODER)

    def trials(self, world: World, count: int) -> list[dict[str, Any]]:
        """So many random settings for a world, the same ones every time."""
        return draw_trials(self.ranges(world.representation), count, self.name)


INNER_LR = {NGRAMS: LogUniform(0.05, 5.0), ENCODER: LogUniform(0.3, 30.0)}
"""α of whatever takes inner steps, by what a text is."""

OUTER_LR = {NGRAMS: LogUniform(1e-3, 3e-2), ENCODER: LogUniform(3e-5, 1e-3)}
"""β of whatever is trained: the vectors of a good encoder want to be left nearly as they are."""

MLP_UNITS, MLP_INNER_LR, MLP_OUTER_LR = 64, LogUniform(0.05, 5.0), LogUniform(3e-4, 1e-2)
"""Of a hidden layer on the encoder's vectors, which starts at random weights."""

PENALTY = LogUniform(1e-4, 10.0)
"""Of squared weights."""

NGRAM_LENGTHS = OneOf(((1, 2), (1, 3), (1, 4), (2, 3), (2, 4), (2, 5), (3, 4), (3, 5)))
"""Shortest and longest n-gram of TF-IDF."""


def trained_method(
    name: str,
    learner_class: type[Learner],
    build_learner: Callable[..., Learner],
    *,
    title: str | None = None,
    line: Line | None = None,
    kind: Kind = "meta-learner",
    has_inner_lr: bool = True,
    representations: tuple[str, ...] = (NGRAMS, ENCODER),
) -> Method:
    """A record of a learner, whose class says how it is called and drawn.

    Args:
        name: by which scores and figures name it.
        learner_class: its class.
        build_learner: makes a learner of this kind from the class and what ``Method.build`` takes.
        title: in place of the class's own.
        line: in place of the class's own.
        kind: as of ``Method``.
        has_inner_lr: whether it takes inner steps, and so chooses α beside β.
        representations: those that it applies to.
    """
    curve_style = line or learner_class.line
    assert curve_style is not None  # every learner of the package says how it looks
    return Method(
        name,
        title or learner_class.title,
        curve_style,
        kind,
        partial(_rate_ranges, has_inner_lr=has_inner_lr),
        partial(build_learner, learner_class),
        representations=representations,
    )


def _rate_ranges(representation: str, has_inner_lr: bool) -> dict[str, Range]:
    rates: dict[str, Range] = {"inner_lr": INNER_LR[representation]} if has_inner_lr else {}
    return {**rates, "outer_lr": OUTER_LR[representation]}


def _model(world: World, seed: int) -> TextClassifier | FeatureClassifier:
    if world.representation == ENCODER:
        return FeatureClassifier(world.inputs.shape[1], world.ways)
    return TextClassifier(BUCKETS, world.ways, seed=seed)


def _build_gradient_learner(
    make_learner: Callable[..., Learner],
    world: World,
    rates: Rates,
    budget: Budget,
    seed: int,
    **settings: Any,
) -> Learner:
    model, steps = _model(world, seed), budget.inner_steps
    return make_learner(
        model, F.cross_entropy, inner_lr=rates.inner_lr, inner_steps=steps, **settings
    )


def _build_maml_mlp(
    make_learner: Callable[..., Learner], world: World, rates: Rates, budget: Budget, seed: int
) -> Learner:
    model = MLP([world.inputs.shape[1], MLP_UNITS, world.ways], seed=seed)
    settings = {"inner_lr": rates.inner_lr, "inner_steps": budget.inner_steps}
    return make_learner(model, F.cross_entropy, **settings)


def _build_body_only(
    make_learner: Callable[..., Learner], world: World, rates: Rates, budget: Budget, seed: int
) -> Learner:
    learner = _build_gradient_learner(make_learner, world, rates, budget, seed, adapts="body.*")
    # No step moves the head, and no gradient comes through one of zeros.
    initialise(learner.model.get_submodule("head"), "body-only head", seed)
    return learner


def _build_reptile(
    make_learner: Callable[..., Learner], world: World, rates: Rates, budget: Budget, seed: int
) -> Learner:
    item_count = world.ways * (world.shots + world.queries)
    # k steps see every item
    inner_batch_size = max(2 * world.ways, -(-item_count // budget.inner_steps))
    return _build_gradient_learner(
        make_learner, world, rates, budget, seed, inner_batch=inner_batch_size
    )


def _pretraining_head(world: World, width: int, seed: int) -> nn.Module:
    head: nn.Module = skip_init(nn.Linear, width, len(world.classes.train))  # type: ignore[no-untyped-call]
    initialise(head, "pretraining head", seed)
    return head


def _build_pretrained(
    make_learner: Callable[..., Learner],
    world: World,
    rates: Rates,
    budget: Budget,
    seed: int,
    *,
    adapts: str,
) -> Learner:
    model = _model(world, seed)
    return make_learner(
        model,
        F.cross_entropy,
        pretraining_head=_pretraining_head(world, model.head.in_features, seed),
        adapts=adapts,
        inner_lr=rates.inner_lr,
        inner_steps=budget.inner_steps,
    )


def _build_pretrained_means(
    make_learner: Callable[..., Learner], world: World, rates: Rates, budget: Budget, seed: int
) -> Learner:
    model = _model(world, seed)
    head = _pretraining_head(world, model.head.in_features, seed)
    return make_learner(model.body, F.cross_entropy, ways=world.ways, pretraining_head=head)


def _build_baseline_plus_plus(
    make_learner: Callable[..., Learner], world: World, rates: Rates, budget: Budget, seed: int
) -> Learner:
    model = _model(world, seed)
    model.head = CosineHead(model.head.in_features, world.ways, seed=seed)
    return make_learner(
        model,
        F.cross_entropy,
        classes=len(world.classes.train),
        seed=seed,
        inner_lr=rates.inner_lr,
        inner_steps=budget.inner_steps,
    )


def _build_signatures(
    make_learner: Callable[..., Learner], world: World, rates: Rates, budget: Budget, seed: int
) -> Learner:
    labels, known = world.table.labels, world.classes.train
    counts = word_counts(world.inputs, labels, known, vocabulary=BUCKETS)
    model = WordAttention(random_vectors(BUCKETS, 32, seed=seed), learned=True, seed=seed)
    return make_learner(model, F.cross_entropy, ways=world.ways, word_counts=counts)


def _build_meta_sgd(
    make_learner: Callable[..., Learner], world: World, rates: Rates, budget: Budget, seed: int
) -> Learner:
    model, steps = _model(world, seed), budget.inner_steps
    return make_learner(model, F.cross_entropy, first_rate=rates.inner_lr, inner_steps=steps)


def _build_maml_plus_plus(
    make_learner: Callable[..., Learner], world: World, rates: Rates, budget: Budget, seed: int
) -> Learner:
    settings = {"inner_steps": budget.inner_steps, "annealing": max(1, budget.iterations // 2)}
    model = _model(world, seed)
    return make_learner(model, F.cross_entropy, first_rate=rates.inner_lr, **settings)


def _build_cavia(
    make_learner: Callable[..., Learner], world: World, rates: Rates, budget: Budget, seed: int
) -> Learner:
    model, steps = _model(world, seed), budget.inner_steps
    initialise(model.head, "cavia head", seed)  # no step moves it, so it may not be zero
    settings = {"contexts": 100, "film": True, "inner_lr": rates.inner_lr, "inner_steps": steps}
    return make_learner(model, F.cross_entropy, **settings)


def _build_feature_learner(
    make_learner: Callable[..., Learner], world: World, rates: Rates, budget: Budget, seed: int
) -> Learner:
    return make_learner(_model(world, seed).body, F.cross_entropy, ways=world.ways)


def _untrained(
    name: str, title: str, line: Line, accuracy: Callable[..., Tensor], **ranges: Range
) -> Method:
    def ranges_on(representation: str) -> dict[str, Range]:
        lengths = {"ngrams": NGRAM_LENGTHS} if representation == TF_IDF else {}
        return {**ranges, **lengths}

    where = (TF_IDF, ENCODER)
    return Method(
        name, title, line, "untrained", ranges_on, accuracy=accuracy, representations=where
    )


METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        _untrained(
            "nearest_class_mean",
            "nearest class mean",
            Line("#6b6b6b", (0, (1, 3)), "X"),
            nearest_class_mean,
        ),
        replace(
            _untrained(
                "centred_mean",
                "centred class mean",
                Line("#5a5a5a", (0, (1, 5, 9, 5, 9, 5)), "s"),
                centred_mean,
            ),
            representations=(ENCODER,),
        ),
        _untrained(
            "ridge",
            "ridge regression",
            Line("#4d4d4d", (0, (5, 3)), "d"),
            ridge_regression,
            penalty=PENALTY,
        ),
        _untrained(
            "logistic",
            "logistic regression",
            Line("#8c8c8c", (0, (1, 1, 9, 2, 1, 9)), "d"),
            logistic_regression,
            penalty=PENALTY,
        ),
        Method(
            "whitened_mean",
            "whitened class mean",
            Line("#2f2f2f", (0, (6, 1, 1, 1)), "h"),
            "joint",
            lambda representation: {"shrinkage": LogUniform(1e-2, 1e2)},
            accuracy=whitened_mean,
            representations=(ENCODER,),
        ),
        trained_method(
            "frozen_class_means",
            PretrainedMeans,
            _build_pretrained_means,
            kind="joint",
            has_inner_lr=False,
        ),
        trained_method(
            "fine_tuning",
            JointPretraining,
            partial(_build_pretrained, adapts="*"),
            kind="joint",
        ),
        trained_method(
            "linear_probe",
            JointPretraining,
            partial(_build_pretrained, adapts="head.*"),
            title="pretrain + linear probe",
            line=Line("#a55a3c", (0, (3, 1, 1, 1, 1, 1)), "v"),
            kind="joint",
        ),
        trained_method(
            "baseline_plus_plus", BaselinePlusPlus, _build_baseline_plus_plus, kind="joint"
        ),
        trained_method("maml", MAML, _build_gradient_learner),
        replace(
            trained_method(
                "maml_mlp",
                MAML,
                _build_maml_mlp,
                title="MAML on an MLP",
                line=Line("#ff24e4", (0, (2, 1, 5, 9, 2, 9)), "v"),
                representations=(ENCODER,),
            ),
            ranges=lambda representation: {"inner_lr": MLP_INNER_LR, "outer_lr": MLP_OUTER_LR},
        ),
        trained_method("first_order_maml", FirstOrderMAML, _build_gradient_learner),
        trained_method("reptile", Reptile, _build_reptile),
        trained_method(
            "head_only",
            MAML,
            partial(_build_gradient_learner, adapts="head.*"),
            title="ANIL (head only)",
            line=Line("#960f3c", (0, (8, 1, 1, 1, 1, 1)), "p"),
        ),
        trained_method(
            "body_only",
            MAML,
            _build_body_only,
            title="BOIL (body only)",
            line=Line("#3c5a78", (0, (4, 4)), "h"),
        ),
        trained_method("meta_sgd", MetaSGD, _build_meta_sgd),
        trained_method("maml_plus_plus", MAMLPlusPlus, _build_maml_plus_plus),
        trained_method("cavia", CAVIA, _build_cavia),
        trained_method("proto_maml", ProtoMAML, _build_gradient_learner),
        trained_method("proto_net", ProtoNet, _build_feature_learner, has_inner_lr=False),
        trained_method("ridge_head", RidgeHead, _build_feature_learner, has_inner_lr=False),
        trained_method(
            "signatures",
            DistributionalSignatures,
            _build_signatures,
            has_inner_lr=False,
            representations=(NGRAMS,),
        ),
    )
}
"""Every method of the package by name; the order of rows everywhere."""


def title_of(name: str) -> str:
    """What a method is called; one that is not of the package by its name."""
    return METHODS[name].title if name in METHODS else name


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
    return method.build(world, rates, budget, seed).to(world.inputs.device)


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
