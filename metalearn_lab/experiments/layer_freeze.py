"""Which layers do the adapting: every choice of frozen layers, tried on the same unseen tasks."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.func import functional_call

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


@dataclass(frozen=True)
class FreezeStudy:
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

        NaN where all layers gain nothing.
        """
        begun = self.scores("all", 0).mean()
        whole, part = self.scores("all").mean(), self.scores(which).mean()
        return ((part - begun) / (whole - begun)).item()


def layers_of(model: nn.Module) -> tuple[Layer, ...]:
    """The layers of a model made of a sequential ``body`` and a ``head``.

    Raises:
        ValueError: it is made of something else.
    """
    body, head = getattr(model, "body", None), getattr(model, "head", None)
    if not isinstance(body, nn.Sequential) or not isinstance(head, nn.Module):
        raise ValueError("the layers are read from a sequential `body` and a `head`: give both")
    found: list[Layer] = []
    for place, part in enumerate(body):
        weights = tuple(f"body.{place}.{name}" for name, _ in part.named_parameters())
        if weights:
            found.append(Layer(f"layer {len(found) + 1}", weights, f"body.{place}"))
        elif found:  # an activation or the like belongs to the layer before it
            found[-1] = found[-1]._replace(output=f"body.{place}")
    top = tuple(f"head.{name}" for name, _ in head.named_parameters())
    return (*found, Layer("head", top, "head"))


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
    choices = product((False, True), repeat=len(layers))
    adapted = {moves: _adapted(learner, tasks, steps, layers, moves) for moves in choices}
    return FreezeStudy(tuple(layer.name for layer in layers), adapted)


def layer_features(
    learner: GradientLearner, weights: Weights, x: Tensor, layers: Sequence[Layer]
) -> list[Tensor]:
    """Features ``[items, features]`` of each layer at given weights, for one task."""
    recorder = _Recorder(learner.model, [layer.output for layer in layers])
    named = {f"model.{name}": weight for name, weight in weights.items()}
    outputs: list[Tensor] = functional_call(recorder, named, (x,))
    return [output.flatten(1) for output in outputs]


@torch.no_grad()
@on_few_threads
def _adapted(
    learner: GradientLearner, tasks: Task, steps: int, layers: Sequence[Layer], moves: Moves
) -> Adapted:
    partial = copy.copy(learner)
    chosen = [layer.weights for layer, moved in zip(layers, moves, strict=True) if moved]
    thawed = {name for name, weight in learner.model.named_parameters() if weight.requires_grad}
    moving = tuple(name for names in chosen for name in names if name in thawed)
    if moving:
        partial.adapts = moving

    def of_one(support: Split, query: Split) -> list[Tensor]:
        theta = learner.weights()
        trajectory = partial.inner_loop(theta, support, steps) if moving else [theta] * (steps + 1)
        each = [layer_features(learner, theta, query.x, layers) for theta in trajectory]
        return [torch.stack(features) for features in zip(*each, strict=True)]

    mapped = over_tasks(of_one, learner.mapping)
    with in_eval_mode(learner):
        features = [mapped(part.support, part.query) for part in chunks(tasks, TASKS_AT_ONCE)]
    by_layer = [torch.cat(parts) for parts in zip(*features, strict=True)]
    similarity = torch.stack([linear_cka(f, f[:, :1].expand_as(f)) for f in by_layer], -1)
    return Adapted(curves_of(learner, by_layer[-1], tasks.query.y), similarity.cpu())


class _Recorder(nn.Module):
    """A model whose ``forward`` gives what some of its modules put out."""

    def __init__(self, model: nn.Module, outputs: Sequence[str]) -> None:
        super().__init__()
        self.model = model
        self.outputs = list(outputs)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Outputs of the modules for ``x``, in the order they were named."""
        kept: dict[str, Tensor] = {}
        hooks = [
            self.model.get_submodule(name).register_forward_hook(
                lambda module, inputs, output, name=name: kept.update({name: output})
            )
            for name in self.outputs
        ]
        try:
            self.model(x)
        finally:
            for hook in hooks:
                hook.remove()
        return [kept[name] for name in self.outputs]
