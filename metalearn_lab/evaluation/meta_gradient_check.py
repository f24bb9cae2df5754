"""Prove a learner's meta-gradient, for any model, in float64."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial, singledispatch
from math import inf, isfinite

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from metalearn_lab.evaluation.meta_gradient_report import CheckedParameter, MetaGradientReport
from metalearn_lab.learners.first_order_maml import FirstOrderMAML
from metalearn_lab.learners.flat_weights import flat
from metalearn_lab.learners.gradient_learner import GradientLearner
from metalearn_lab.learners.learner import Learner
from metalearn_lab.learners.meta_networks import MetaNetworks
from metalearn_lab.learners.reptile import Reptile
from metalearn_lab.running.per_task import Mapping
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Split, Task, map_tensors, select_tasks

Gradient = dict[str, Tensor]

_STEP = 1e-5
_SMALL_SHARE = 1e-3
_COORDINATES = 24


def check_meta_gradient(learner: Learner, tasks: Task) -> MetaGradientReport:
    """Compare a learner's meta-gradient, vectorised and looped, with an independent reference.

    The reference is central finite differences of the meta-loss (up to 24 coordinates of each
    parameter), or, for first-order MAML and Reptile, whose meta-gradient is the gradient of no
    loss, their definition computed by a plain Python loop: ∇L_Q(θ_k) and θ − θ_k. For Meta
    Networks, the gradients that its memory is made of are held constant in the differences.

    The learner is copied to the CPU and float64; the original is not touched. Frozen parameters
    have no meta-gradient and are not in the report.

    Args:
        learner: with any model; one that ``vmap`` differentiates wrongly can be built with
            ``mapping="loop"`` and is caught here.
        tasks: a small batch, every tensor ``[tasks, items, ...]``.

    Returns:
        A report; ``report.passed`` is the verdict and printing it shows the table. What is not
        finite has not passed.

    Raises:
        TypeError, ValueError: the tasks are no batch (see ``tasks.batches``), or the meta-loss is
            random, so that nothing can be compared.
    """
    exact = _own_copy(learner).to("cpu", torch.float64)
    doubled = map_tensors(_double, tasks)
    _check_not_random(exact, doubled)
    looped, vectorised = (meta_gradient(exact, doubled, mapping) for mapping in ("loop", "vmap"))
    reference, kind = reference_gradient(exact, doubled, looped)
    floor = _SMALL_SHARE * flat(looped).norm().item()
    checked = [_compare(n, vectorised[n], looped[n], reference[n], floor) for n in looped]
    return MetaGradientReport(kind, tuple(checked))


def meta_gradient(learner: Learner, tasks: Task, mapping: Mapping) -> Gradient:
    """The gradient of the meta-loss under a mapping, by the names of the trainable parameters."""
    return _gradient(_mapped_loss(learner, tasks, mapping), learner)


def trainable(learner: Learner) -> dict[str, nn.Parameter]:
    """The parameters that are not frozen, by name."""
    return {name: p for name, p in learner.named_parameters() if p.requires_grad}


Reference = dict[str, tuple[Tensor, Tensor]]
"""By parameter name: coordinates into the flattened parameter, and the gradient there."""


@singledispatch
def reference_gradient(learner: Learner, tasks: Task, looped: Gradient) -> tuple[Reference, str]:
    """The independent reference of a learner, and what it is."""
    with torch.no_grad():
        differences = {
            name: _central_differences(learner, tasks, parameter, looped[name], name)
            for name, parameter in trainable(learner).items()
        }
    return differences, "central finite differences of the meta-loss"


@reference_gradient.register
def _(learner: FirstOrderMAML, tasks: Task, looped: Gradient) -> tuple[Reference, str]:
    def query_gradient(task: Task) -> Gradient:
        adapted = plain_training(learner, [task.support] * learner.inner_steps)
        loss = adapted.loss(adapted.model(task.query.x), task.query.y)
        return _gradient(loss, adapted)

    return _everywhere(_mean(query_gradient, tasks)), "the definition ∇L_Q(θ_k), in plain Python"


@reference_gradient.register
def _(learner: Reptile, tasks: Task, looped: Gradient) -> tuple[Reference, str]:
    def displacement(task: Task) -> Gradient:
        splits = [learner.minibatch(task.support, step) for step in range(learner.inner_steps)]
        adapted = plain_training(learner, splits, adam=learner.inner_optimizer == "adam")
        return {n: p.detach() - adapted.get_parameter(n) for n, p in trainable(learner).items()}

    return _everywhere(_mean(displacement, tasks)), "the definition θ − θ_k, in plain Python"


@reference_gradient.register
@torch.no_grad()
def _(learner: MetaNetworks, tasks: Task, looped: Gradient) -> tuple[Reference, str]:
    held = _own_copy(learner)
    slow = held.weights()
    differences = []
    for i in range(tasks.query.y.shape[0]):
        task = select_tasks(tasks, slice(i, i + 1))
        of_items = learner.item_gradients(slow, select_tasks(task, 0).support)
        vars(held)["item_gradients"] = lambda theta, support, of_items=of_items: of_items
        differences.append(
            {
                name: _central_differences(held, task, parameter, looped[name], name)
                for name, parameter in trainable(held).items()
            }
        )
    means = {
        name: (where, torch.stack([each[name][1] for each in differences]).mean(0))
        for name, (where, _) in differences[0].items()
    }
    return means, "central finite differences with the gradients of the support held constant"


def plain_training(learner: GradientLearner, splits: list[Split], *, adam: bool = False) -> Learner:
    """A copy of the learner whose model PyTorch's own optimiser moved, a step on each split."""
    trained = _own_copy(learner)
    moving = [trained.model.get_parameter(name) for name in trained.adapted_names]
    kind = partial(torch.optim.Adam, betas=(0.0, 0.999)) if adam else torch.optim.SGD
    optimizer = kind(moving, lr=learner.inner_lr)
    for split in splits:
        optimizer.zero_grad()
        with torch.enable_grad():
            loss = trained.loss(trained.model(split.x), split.y)
        loss.backward(inputs=moving)
        optimizer.step()
    return trained


@contextmanager
def mapped_as(learner: Learner, mapping: Mapping) -> Iterator[None]:
    """Run a learner for a while in a way that it may refuse, to see how wrong that is."""
    before = {name: vars(learner)[name] for name in ("_mapping", "refuses_what_vmap_gets_wrong")}
    vars(learner).update(_mapping=mapping, refuses_what_vmap_gets_wrong=False)
    try:
        yield
    finally:
        vars(learner).update(before)


def _own_copy(learner: Learner) -> Learner:
    """A copy to move at will; features that a model keeps of its last run have no graph in it."""
    leaves = (leaf for module in learner.modules() for leaf in pytree.tree_leaves(vars(module)))
    of_a_graph = (leaf for leaf in leaves if isinstance(leaf, Tensor) and not leaf.is_leaf)
    return copy.deepcopy(learner, {id(t): t.detach().clone() for t in of_a_graph})


def _gradient(loss: Tensor, learner: Learner) -> Gradient:
    parameters = trainable(learner)
    gradients = torch.autograd.grad(
        loss, list(parameters.values()), allow_unused=True, materialize_grads=True
    )
    return dict(zip(parameters, gradients, strict=True))


@torch.no_grad()
def _check_not_random(learner: Learner, tasks: Task) -> None:
    first, again = (_mapped_loss(learner, tasks, "loop") for _ in range(2))
    if first.isfinite() and first != again:
        raise ValueError(
            "the meta-loss is random: two calls gave "
            f"{first.item():.6g} and {again.item():.6g}, so its gradient cannot be checked. Put "
            "the learner in eval mode, which turns dropout off, or take out what draws"
        )


def _mean(gradient_of: Callable[[Task], Gradient], tasks: Task) -> Gradient:
    gradients = [gradient_of(select_tasks(tasks, i)) for i in range(tasks.query.y.shape[0])]
    return {n: torch.stack([gradient[n] for gradient in gradients]).mean(0) for n in gradients[0]}


def _everywhere(gradient: Gradient) -> Reference:
    return {name: (torch.arange(g.numel()), g.detach().flatten()) for name, g in gradient.items()}


def _central_differences(
    learner: Learner, tasks: Task, parameter: Tensor, looped: Tensor, name: str
) -> tuple[Tensor, Tensor]:
    """(L(θ + h) − L(θ − h)) / 2h at the largest and at some random coordinates."""
    largest = looped.flatten().abs().argsort(descending=True)[: _COORDINATES // 2]
    order = torch.randperm(parameter.numel(), generator=generator("coordinates", name))
    coordinates = torch.cat((largest, order[: _COORDINATES // 2])).unique()
    numbers = parameter.view(-1)

    def loss_at(coordinate: int, shift: float) -> Tensor:
        start = numbers[coordinate].item()
        numbers[coordinate] = start + shift
        loss = _mapped_loss(learner, tasks, "loop")
        numbers[coordinate] = start
        return loss

    differences = [loss_at(i, _STEP) - loss_at(i, -_STEP) for i in coordinates.tolist()]
    return coordinates, torch.stack(differences) / (2 * _STEP)


def _mapped_loss(learner: Learner, tasks: Task, mapping: Mapping) -> Tensor:
    with mapped_as(learner, mapping):
        return learner(tasks)


def _compare(
    name: str, vectorised: Tensor, looped: Tensor, reference: tuple[Tensor, Tensor], floor: float
) -> CheckedParameter:
    coordinates, expected = reference
    return CheckedParameter(
        name,
        looped.numel(),
        _relative(vectorised - looped, looped, floor),
        _relative(looped.flatten()[coordinates] - expected, expected, floor),
        len(coordinates),
    )


def _relative(difference: Tensor, reference: Tensor, floor: float) -> float:
    """Relative norm of a difference; a meta-gradient that is zero throughout compares as it is.

    Infinite where anything is not finite: that is never small.
    """
    size, of_reference = difference.norm().item(), reference.norm().item()
    if not all(map(isfinite, (size, of_reference, floor))):
        return inf
    return size / (max(of_reference, floor) or 1.0)


def _double(tensor: Tensor) -> Tensor:
    return tensor.double().cpu() if tensor.is_floating_point() else tensor.cpu()
