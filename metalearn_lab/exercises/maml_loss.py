"""Self-checks of MAML as the reader writes it: its meta-loss, the gradient, an outer step."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from metalearn_lab.exercises.finite import tensor
from metalearn_lab.exercises.mistakes import describe_mistake
from metalearn_lab.exercises.verdict import Verdict, judged, self_check
from metalearn_lab.learners.learner import held_constant
from metalearn_lab.learners.maml import MAML
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.tasks.types import Split, Task, map_tensors

MamlLoss = Callable[[nn.Module, Split, Split, float, int], Tensor]
"""Model, support, query, α and k to L_Q(θ_k)."""


OuterStep = Callable[[nn.Module, Sequence[Task], float, int, float], Tensor]
"""Model, tasks, α, k and β to the new weights in one vector."""


class _Setting(NamedTuple):
    """What an answer is tried with: everything differs from one to the next."""

    inner_steps: int
    inner_lr: float
    sizes: Sequence[int]
    points: int
    tasks: int
    outer_lr: float


_SETTINGS = (
    _Setting(3, 0.05, (1, 5, 1), 6, 3, 0.1),
    _Setting(1, 0.08, (1, 3, 3, 1), 9, 2, 0.4),
    _Setting(2, 0.03, (1, 4, 1), 5, 4, 0.02),
)


@self_check
def check_maml_loss(answer: MamlLoss) -> Verdict:
    """Check MAML's meta-loss of one task, written with ``torch.autograd.grad``."""
    return judged(
        "The loss is L_Q(θ_k), and its gradient agrees with finite differences.",
        (_mistake(answer, seed, setting) for seed, setting in enumerate(_SETTINGS)),
    )


@self_check
def check_outer_step(answer: OuterStep) -> Verdict:
    """Check an outer step of MAML: plain gradient descent on the mean meta-loss of some tasks."""
    return judged(
        "That is MAML: the step agrees with finite differences of the mean meta-loss.",
        (_step_mistake(answer, seed, setting) for seed, setting in enumerate(_SETTINGS)),
    )


def _mistake(answer: MamlLoss, seed: int, setting: _Setting) -> str | None:
    [task] = _tasks(setting, seed, 1)
    given, learner = (_tiny(setting, seed) for _ in range(2))  # one to compare with
    returned: object = answer(given.model, *task, setting.inner_lr, setting.inner_steps)
    if not isinstance(returned, Tensor):
        return "return the tensor, not a plain number: the gradient must go through it."
    loss = tensor(returned, ())
    return _loss_mistake(loss, learner, task) or _gradient_mistake(loss, given, learner, task)


def _step_mistake(answer: OuterStep, seed: int, setting: _Setting) -> str | None:
    tasks = _tasks(setting, seed, setting.tasks)
    given, learner = (_tiny(setting, seed) for _ in range(2))
    loop, rate = (setting.inner_lr, setting.inner_steps), setting.outer_lr
    returned: object = answer(given.model, tasks, *loop, rate)
    theta = parameters_to_vector(learner.parameters()).detach()
    moved = theta - tensor(returned, theta.shape)
    gradients = torch.stack([_finite_differences(learner, task) for task in tasks])
    gradient = gradients.mean(0)
    likely = {
        "nothing has moved: these are the weights of the model.": 0 * gradient,
        "take the mean over the tasks, not their sum.": rate * gradients.sum(0),
        "only the first task counts here.": rate * gradients[0],
        "only the last task counts here.": rate * gradients[-1],
        "the outer step goes up: the new weights are θ − β g.": -rate * gradient,
        "the outer step size β is missing.": gradient,
        "the step has size α; the outer step has β.": setting.inner_lr * gradient,
        "this is the meta-gradient; the new weights are θ − β times it.": theta - gradient,
        "this is the step alone; the new weights are θ − β g.": theta - rate * gradient,
        "this step takes the first-order gradient: the inner gradient needs `create_graph=True`.": (
            rate * torch.stack([_first_order(learner, task) for task in tasks]).mean(0)
        ),
    }
    other = "the new weights disagree with θ − β g, where g is the gradient of the mean meta-loss."
    return describe_mistake(moved, rate * gradient, likely, other, 1e-5, smallest_scale=1e-3 * rate)


def _tasks(setting: _Setting, seed: int, count: int) -> list[Task]:
    """Sinusoids in float64, with as many query as support points so that a swap is seen."""
    batch = Sinusoids(shots=setting.points, queries=setting.points, split="exercise").batch(
        10 * seed, count
    )
    double = map_tensors(Tensor.double, batch)
    return [Task(*(Split(split.x[i], split.y[i]) for split in double)) for i in range(count)]


def _tiny(setting: _Setting, seed: int) -> MAML:
    """The same weights each time, in float64, of a smooth network."""
    model = MLP(list(setting.sizes), activation="tanh", seed=seed)
    lr, steps = setting.inner_lr, setting.inner_steps
    return MAML(model, F.mse_loss, inner_lr=lr, inner_steps=steps).double()


def _loss_mistake(given: Tensor, learner: MAML, task: Task) -> str | None:
    k, (support, query) = learner.inner_steps, task
    uphill = copy.copy(learner)
    vars(uphill)["inner_lr"] = -learner.inner_lr  # a mistake that a learner would refuse
    exact = learner.meta_loss(task)

    def after(steps: int) -> Tensor:
        return learner.loss_at(learner.inner_loop(learner.weights(), support, steps)[-1], query)

    likely = {
        "this is the loss before any step: θ never moved.": after(0),
        "one inner step too many is taken.": after(k + 1),
        "one inner step too few is taken.": after(k - 1),
        "one inner step is taken, whatever `inner_steps` is.": after(1),
        "the last loss is on the support set; it belongs on the query set.": learner.meta_loss(
            Task(support, support)
        ),
        "support and query are swapped.": learner.meta_loss(Task(query, support)),
        "the inner steps go up: the update is θ − α g.": uphill.meta_loss(task),
        "every step starts again from θ: the update is θ_j − α g, not θ − α g.": _walked(
            learner, task, always_from_start=True
        ),
        "every inner gradient is taken at θ; it belongs at θ_j.": _walked(learner, task),
    }
    way_on = f"after {k} inner steps the query loss should be {exact.item():.6f}, "
    way_on += f"yours is {given.item():.6f}."
    return describe_mistake(given, exact, likely, way_on)


def _walked(learner: MAML, task: Task, *, always_from_start: bool = False) -> Tensor:
    """The query loss of an inner loop that forgets where it is: in its start, or its gradient."""
    start = theta = learner.weights()
    for _ in range(learner.inner_steps):
        gradient = learner.gradient(theta if always_from_start else start, task.support)
        begin = start if always_from_start else theta
        theta = {name: begin[name] - learner.inner_lr * g for name, g in gradient.items()}
    return learner.loss_at(theta, task.query)


def _gradient_mistake(loss: Tensor, given: MAML, learner: MAML, task: Task) -> str | None:
    """What is wrong with the gradient of a loss that is right; None where nothing is."""
    if not loss.requires_grad:
        return "the loss has no graph: a `detach`, `no_grad` or `.item()` cut it off."
    weights = list(given.model.parameters())
    gradients = torch.autograd.grad(loss, weights, allow_unused=True, materialize_grads=True)
    likely = {
        "the loss is right but its gradient is the first-order one: the inner gradient "
        "needs `create_graph=True`.": _first_order(learner, task)
    }
    return describe_mistake(
        parameters_to_vector(gradients),
        _finite_differences(learner, task),
        likely,
        "the loss is right but its gradient disagrees with finite differences: is a θ_j detached?",
        tolerance=1e-5,
        smallest_scale=1e-3,
    )


@torch.no_grad()
def _finite_differences(learner: MAML, task: Task, step: float = 1e-5) -> Tensor:
    moved = copy.deepcopy(learner)
    theta = parameters_to_vector(learner.parameters())
    slopes = []
    for direction in step * torch.eye(len(theta), dtype=theta.dtype):
        losses = []
        for end in (theta + direction, theta - direction):
            vector_to_parameters(end, moved.parameters())
            losses.append(moved.meta_loss(task))
        slopes.append((losses[0] - losses[1]) / (2 * step))
    return torch.stack(slopes)


def _first_order(learner: MAML, task: Task) -> Tensor:
    """∇L_Q at θ_k."""
    theta = learner.inner_loop(learner.weights(), task.support, learner.inner_steps)[-1]
    return parameters_to_vector(learner.gradient(held_constant(theta), task.query).values())
