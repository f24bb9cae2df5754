"""Which layers do the adapting: every choice of frozen layers, tried on the same unseen tasks."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from itertools import product
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from metalearn_lab.evaluation.adaptation_curves import (
    TASKS_AT_ONCE,
    AdaptationCurves,
    chunks,
    curves_of,
)
from metalearn_lab.experiments.representation_similarity import linear_cka
from metalearn_lab.learners.gradient_learner import GradientLearner
from metalearn_lab.learners.settings import step_count
from metalearn_lab.running.eval_mode import in_eval_mode
from metalearn_lab.running.few_threads import on_few_threads
from metalearn_lab.running.mapping import over_tasks
from metalearn_lab.running.per_task import Weights
from metalearn_lab.tasks.batches import check_tasks
from metalearn_lab.tasks.types import Split, Task

Which = Literal["all", "head only", "body only"]
"""A choice that every model has."""

Moves = tuple[bool, ...]
"""For each layer, from the input up, whether the inner loop moves it."""


class Layer(NamedTuple):
    """A layer with weights, and where its features leave it.

    Attributes:
        name: how it is called, ``"layer 1"``, …, ``"head"``.
        weights: names of its parameters in the model.
        output: name of the module that gives its features, after the activation.
    """

    name: str
    weights: tuple[str, ...]
    output: str


class Adapted(NamedTuple):
    """What adapting some of the layers does.

    Attributes:
        curves: query loss and accuracy after 0, …, k steps.
        similarity: of each layer's features of the query items after 0, …, k steps to those
            before, ``[tasks, steps + 1, layers]``.
    """

    curves: AdaptationCurves
    similarity: Tensor


class FreezeStudy(NamedTuple):
    """Every choice of layers that move, on the same tasks.

    Attributes:
        layers: their names, from the input up.
        adapted: what each choice does.
    """

    layers: tuple[str, ...]
    adapted: Mapping[Moves, Adapted]

    def of(self, which: Which) -> Adapted:
        """What adapting all layers, the head alone or all below it does."""
        body, head = which != "head only", which != "body only"
        return self.adapted[(*(body for _ in self.layers[1:]), head)]

    def scores(self, which: Which, step: int = -1) -> Tensor:
        """Query loss, or accuracy in per cent, of each task after a step, ``[tasks]``."""
        curves = self.of(which).curves
        return curves.loss[:, step] if curves.accuracy is None else 100 * curves.accuracy[:, step]

    def kept(self, which: Which) -> float:
        """The share of what all layers gain in the mean score that some of them gain.

        NaN where all layers gain nothing, or lose.
        """
        before, after_all, after_some = (
            scores.mean()
            for scores in (self.scores("all", 0), self.scores("all"), self.scores(which))
        )
        better = 1 if self.of("all").curves.accuracy is not None else -1  # a loss gets smaller
        gain = better * (after_all - before)
        return (better * (after_some - before) / gain).item() if gain > 0 else math.nan


def layers_of(model: nn.Module) -> tuple[Layer, ...]:
    """The layers of a model made of a sequential ``body`` and a ``head``.

    Raises:
        ValueError: it is made of something else.
    """
    body, head = getattr(model, "body", None), getattr(model, "head", None)
    if not isinstance(body, nn.Sequential) or not isinstance(head, nn.Module):
        raise ValueError("the layers are read from a sequential `body` and a `head`: give both")
    layers: list[Layer] = []
    for index, module in enumerate(body):
        weights = tuple(f"body.{index}.{name}" for name, _ in module.named_parameters())
        if weights:
            layers.append(Layer(f"layer {len(layers) + 1}", weights, f"body.{index}"))
        elif layers:  # an activation or the like belongs to the layer before it
            layers[-1] = layers[-1]._replace(output=f"body.{index}")
    head_weights = tuple(f"head.{name}" for name, _ in head.named_parameters())
    return (*layers, Layer("head", head_weights, "head"))


def freeze_study(learner: GradientLearner, tasks: Task, steps: int) -> FreezeStudy:
    """Adapt every choice of layers to every task; with n layers there are 2ⁿ.

    Args:
        learner: trained; what it adapts by itself makes no difference here, but what is frozen
            in it stays so, and a choice of such layers moves nothing.
        tasks: unseen, every tensor ``[tasks, items, ...]``.
        steps: k.

    Raises:
        ValueError: the model's layers cannot be told apart, or ``steps`` is negative.
    """
    check_tasks(tasks)
    steps = step_count(steps)
    layers = layers_of(learner.model)
    adapted = {
        moves: _adapted(learner, tasks, steps, layers, moves)
        for moves in product((False, True), repeat=len(layers))
    }
    return FreezeStudy(tuple(layer.name for layer in layers), adapted)


def layer_features(
    learner: GradientLearner, weights: Weights, x: Tensor, layers: Sequence[Layer]
) -> list[Tensor]:
    """Features ``[items, features]`` of each layer at given weights, for one task."""
    modules = [learner.model.get_submodule(layer.output) for layer in layers]
    features: dict[nn.Module, Tensor] = {}

    def keep_features(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        features[module] = output.flatten(1)

    with ExitStack() as hooks:
        for module in modules:
            hooks.enter_context(module.register_forward_hook(keep_features))
        learner.call(weights, x)
    return [features[module] for module in modules]


@torch.no_grad()
@on_few_threads
def _adapted(
    learner: GradientLearner, tasks: Task, steps: int, layers: Sequence[Layer], moves: Moves
) -> Adapted:
    thawed = {name for name, weight in learner.model.named_parameters() if weight.requires_grad}
    moving = tuple(
        name
        for layer, moved in zip(layers, moves, strict=True)
        for name in layer.weights
        if moved and name in thawed
    )
    partial = copy.copy(learner)
    if moving:
        partial.adapts = moving

    def of_one(support: Split, query: Split) -> list[Tensor]:
        theta = learner.weights()
        trajectory = partial.inner_loop(theta, support, steps) if moving else [theta] * (steps + 1)
        by_step = [layer_features(learner, weights, query.x, layers) for weights in trajectory]
        return [torch.stack(features) for features in zip(*by_step, strict=True)]

    mapped = over_tasks(of_one, learner.mapping)
    with in_eval_mode(learner):
        by_chunk = [mapped(chunk.support, chunk.query) for chunk in chunks(tasks, TASKS_AT_ONCE)]
    by_layer = [torch.cat(features) for features in zip(*by_chunk, strict=True)]
    similarity = torch.stack([linear_cka(f, f[:, :1].expand_as(f)) for f in by_layer], -1)
    return Adapted(curves_of(learner, by_layer[-1], tasks.query.y), similarity.cpu())
