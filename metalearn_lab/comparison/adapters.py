"""Low-rank adapters on a frozen encoder: fitted to each task, from a learned start, or emitted.

Records for ``compare`` and ``saved_runs``, beside those of ``METHODS``. The layer that the adapters
stand beside is frozen. So what is trained, and what a task moves, is a few hundred numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor
from torch.nn import functional as F

from metalearn_lab.comparison.gains import at_first
from metalearn_lab.comparison.methods import (
    INNER_LR,
    MLP_OUTER_LR,
    MLP_UNITS,
    Budget,
    Kind,
    Method,
    Rates,
    outer_optimizer,
)
from metalearn_lab.comparison.ranges import LogUniform, Range
from metalearn_lab.comparison.table import difference_over_splits
from metalearn_lab.comparison.world import ENCODER, World
from metalearn_lab.evaluation.adaptation_curves import adaptation_curves
from metalearn_lab.evaluation.intervals import Interval
from metalearn_lab.experiments.listening import Listening, listening
from metalearn_lab.learners.hyper_lora import HyperLoRA
from metalearn_lab.learners.learner import Learner, TaskSource
from metalearn_lab.learners.line import Line
from metalearn_lab.learners.maml import MAML
from metalearn_lab.learners.meta_networks import MetaNetworks
from metalearn_lab.learners.proto_net import ProtoNet
from metalearn_lab.models.feature_classifier import FeatureClassifier
from metalearn_lab.models.lora import with_lora
from metalearn_lab.models.mlp import MLP
from metalearn_lab.training.meta_train import meta_train

if TYPE_CHECKING:
    from pandas import DataFrame

RANKS = (1, 4, 16)
"""Of the adapters that are compared."""

ADAPTER_OUTER_LR = LogUniform(1e-4, 1e-2)
"""β of whatever trains adapters, or a network that emits them."""

TEST_STEPS = 20
"""Adapters that are fitted anew may take up to so many steps, as ``Budget`` says of the others."""

STRUCTURES = {"head": 0, **{f"adapter {rank}": rank for rank in RANKS}, "all weights": None}
"""What a task may move: its head; with it an adapter of a rank; or every weight."""


def classifier(world: World, rank: int | None, seed: int = 0) -> FeatureClassifier:
    """The classifier of the encoder's vectors, with an adapter beside its frozen body.

    Args:
        world: gives the sizes.
        rank: of the adapter; 0 for none, None for a body that is not frozen.
        seed: of the adapter's first matrix.
    """
    model = FeatureClassifier(world.inputs.shape[1], world.ways)
    if rank is None:
        return model
    model.body.requires_grad_(False)
    if rank == 0:
        return model
    return with_lora(model, ["body"], rank=rank, lora_alpha=rank, seed=seed)  # type: ignore[return-value]


def anew(world: World, rank: int | None, inner_lr: float) -> MAML:
    """Steps on what a task may move, from where nothing has been learned."""
    return MAML(classifier(world, rank), F.cross_entropy, inner_lr=inner_lr, inner_steps=TEST_STEPS)


def accuracy_anew(
    world: World, part: str, episodes: int, inner_lr: float, *, rank: int | None
) -> Tensor:
    """Accuracy of ``anew`` on the episodes of a part, after ``steps_by_validation``."""
    learner = anew(world, rank, inner_lr)
    if part == "validation":
        accuracy = _accuracies(learner, world, part, episodes, TEST_STEPS)
        return accuracy[:, accuracy.mean(0).argmax()]
    steps = steps_by_validation(learner, world, Budget.validation_episodes)
    return _accuracies(learner, world, part, episodes, steps)[:, -1]


def steps_by_validation(learner: Learner, world: World, episodes: int) -> int:
    """The number of steps, 0 to ``TEST_STEPS``, that is best on the validation classes."""
    accuracy = _accuracies(learner, world, "validation", episodes, TEST_STEPS)
    return int(accuracy.mean(0).argmax())


def _accuracies(learner: Learner, world: World, part: str, episodes: int, steps: int) -> Tensor:
    tasks = world.sampler(part).batch(0, episodes)
    accuracy = adaptation_curves(learner, tasks, steps).accuracy
    assert accuracy is not None  # classification has accuracies
    return accuracy


def _learned_start(world: World, rates: Rates, budget: Budget, seed: int, *, rank: int) -> Learner:
    model = classifier(world, rank, seed)
    return MAML(model, F.cross_entropy, inner_lr=rates.inner_lr, inner_steps=budget.inner_steps)


def _shared(world: World, rates: Rates, budget: Budget, seed: int, *, rank: int) -> Learner:
    return ProtoNet(classifier(world, rank, seed).body, F.cross_entropy, ways=world.ways)


def _emitted(world: World, rates: Rates, budget: Budget, seed: int, *, rank: int) -> Learner:
    encoder, inputs = classifier(world, rank, seed).body, world.inputs.shape[1]
    return HyperLoRA(encoder, F.cross_entropy, ways=world.ways, inputs=inputs, seed=seed)


def _meta_networks(world: World, rates: Rates, budget: Budget, seed: int) -> Learner:
    model = MLP([world.inputs.shape[1], MLP_UNITS, world.ways], seed=seed)
    return MetaNetworks(model, F.cross_entropy, fast_layers=("head",), seed=seed)


_LINE = Line("#333333", "-", ".")  # they are drawn by their numbers, not by a line of their own


def _record(
    name: str,
    kind: Kind,
    build: Callable[..., Learner] | None = None,
    accuracy: Callable[..., Tensor] | None = None,
    **ranges: Range,
) -> Method:
    on = (ENCODER,)
    return Method(name, name, _LINE, kind, lambda _: ranges, build, accuracy, representations=on)


ADAPTERS: dict[str, Method] = {
    method.name: method
    for method in (
        *(
            _record(
                f"{name}, anew",
                "untrained",
                accuracy=partial(accuracy_anew, rank=rank),
                inner_lr=INNER_LR[ENCODER],
            )
            for name, rank in STRUCTURES.items()
        ),
        _record(
            "adapter 4, learned start",
            "meta-learner",
            partial(_learned_start, rank=4),
            inner_lr=INNER_LR[ENCODER],
            outer_lr=ADAPTER_OUTER_LR,
        ),
        *(
            _record(
                f"adapter {rank}, {how}",
                "meta-learner",
                partial(build, rank=rank),
                outer_lr=ADAPTER_OUTER_LR,
            )
            for how, build in (("shared", _shared), ("emitted", _emitted))
            for rank in RANKS
        ),
        _record("Meta Networks", "meta-learner", _meta_networks, outer_lr=MLP_OUTER_LR),
    )
}
"""By name. *anew*: fitted to each task from nothing. *learned start*: MAML on the adapter and the
head. *shared*: one adapter for all tasks, trained under ProtoNet. *emitted*: ``HyperLoRA``."""

COMPARED = tuple(n for n in ADAPTERS if n not in ("adapter 1, anew", "adapter 16, anew"))
"""Those in the saved table; the others are structures that a task may choose."""

SAVED_ADAPTERS = Path(__file__).parent / "adapter_results"
"""What ``benchmarks/adapters.py`` gave, on the sentences of the package."""

ALL_WEIGHTS = {"learned start": "maml", "shared": "proto_net"}
"""What trains every weight in the same way, by name in ``METHODS``."""


def numbers_of(name: str, trained: int) -> int:
    """How many numbers are trained: before the task, or where that is none, in it."""
    if trained:
        return trained
    rank = STRUCTURES[name.removesuffix(", anew")]
    dim, ways = 384, 5
    body = dim * (dim + 1) if rank is None else 2 * dim * rank
    return body + ways * (dim + 1)


def joined(adapters: DataFrame, others: DataFrame) -> DataFrame:
    """Rows of ``ADAPTERS`` with those of ``METHODS`` on the same 5-way 1-shot tasks.

    Args:
        adapters: as ``benchmarks/adapters.py`` saves them.
        others: as ``benchmarks/few_shot_text.py`` does, on these class splits and perhaps others.
    """
    import pandas as pd

    others = at_first(others)
    same = others.split.isin(set(adapters.split)) & (others.representation == ENCODER)
    return pd.concat([adapters, others[same]])


def gain(table: DataFrame, name: str, over: str = "nearest_class_mean") -> Interval:
    """Points of accuracy over another method, over class splits."""
    return difference_over_splits(table, (ENCODER, name), (ENCODER, over))


def gains_by_size(table: DataFrame) -> dict[str, dict[int, Interval]]:
    """Gain over the nearest class mean by how many numbers are trained, a line for each way.

    The name of a line says what its points are, from few numbers to many.

    Args:
        table: of ``joined``.
    """
    lines: dict[str, dict[int, str]] = {}
    trained = table.groupby("method", sort=False).trained.first()
    names = {name: name for name in trained.index if name in ADAPTERS}
    names |= {name: f"all weights, {way}" for way, name in ALL_WEIGHTS.items()}
    for method, name in names.items():
        size = numbers_of(method, int(trained[method]))
        lines.setdefault(name.rpartition(", ")[2], {})[size] = method
    named = {}
    for way, methods in lines.items():
        by_size = dict(sorted(methods.items()))
        points = [names[method].rpartition(", ")[0] for method in by_size.values()]
        words = ", ".join(points).replace("adapter", "rank")
        named[f"{way}: {words}" if words else way] = {
            size: gain(table, method) for size, method in by_size.items()
        }
    return named


def emitted_and_shared(
    world: World,
    sources: Mapping[str, TaskSource],
    rank: int,
    *,
    tasks: int,
    iterations: int,
    seed: int,
    outer_lr: float = 3e-3,
) -> tuple[Listening, Tensor]:
    """Train an emitted and a shared adapter, and see whether the generator listens.

    Args:
        world: gives the sizes.
        sources: of ``"train"`` and ``"test"`` tasks.
        rank: of both adapters.
        tasks: unseen tasks.
        iterations: outer steps of each training, of 8 tasks.
        seed: of both.
        outer_lr: β of both.

    Returns:
        What ``listening`` says of the generator; accuracy of the shared adapter, ``[tasks]``.
    """
    learners = []
    for how in ("emitted", "shared"):
        build = ADAPTERS[f"adapter {rank}, {how}"].build
        assert build is not None  # what is fitted anew is not trained
        rates = Rates(None, outer_lr)
        learner = build(world, rates, Budget(iterations=iterations), seed).to(world.inputs.device)
        meta_train(
            learner,
            lambda step: sources["train"].batch(8 * step, 8),
            iterations=iterations,
            optimizer=outer_optimizer(learner, rates),
            every=iterations,
            progress=False,
        )
        learners.append(learner)
    emitted, shared = learners
    unseen = sources["test"].batch(0, tasks)
    accuracy = adaptation_curves(shared, unseen, 0).accuracy
    assert accuracy is not None  # classification has accuracies
    assert isinstance(emitted, HyperLoRA)
    return listening(emitted, unseen), accuracy[:, 0]
