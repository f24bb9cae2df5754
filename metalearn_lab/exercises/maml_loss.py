"""Self-check of MAML's meta-loss as the reader writes it, and of the gradient through it."""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from metalearn_lab.exercises.finite import tensor
from metalearn_lab.exercises.mistakes import likely_mistake, near
from metalearn_lab.exercises.verdict import Verdict, not_yet, right, self_check
from metalearn_lab.learners.maml import MAML
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.tasks.types import Split, Task, map_tensors

MamlLoss = Callable[[nn.Module, Split, Split, float, int], Tensor]
"""Model, support, query, α and k to L_Q(θ_k)."""


@self_check
def check_maml_loss(answer: MamlLoss) -> Verdict:
    """Check MAML's meta-loss of one task, written with ``torch.autograd.grad``."""
    for index, (steps, alpha) in enumerate(((3, 0.05), (1, 0.08), (2, 0.03))):
        task = _one_task(index)
        given, learner = (_tiny(steps, alpha, index) for _ in range(2))
        returned: object = answer(
            given.model, *task, alpha, steps
        )  # ``learner`` is to compare with
        if not isinstance(returned, Tensor):
            return not_yet(
                "return the tensor, not a plain number: the gradient must go through it."
            )
        loss = tensor(returned, ())
        if not near(loss.item(), learner.meta_loss(task).item()):
            return not_yet(_loss_mistake(loss.item(), learner, task))
        if problem := _gradient_mistake(loss, given, learner, task):
            return not_yet(problem)
    return right("The loss is L_Q(θ_k), and its gradient agrees with finite differences.")


def _one_task(index: int) -> Task:
    """A sinusoid in float64, with as many query as support points so that a swap is seen."""
    batch = Sinusoids(shots=6, queries=6, split="exercise").batch(index, 1)
    return map_tensors(lambda values: values[0].double(), batch)


def _tiny(steps: int, alpha: float, seed: int) -> MAML:
    """The same weights each time, in float64, of a smooth network."""
    model = MLP([1, 5, 1], activation="tanh", seed=seed)
    return MAML(model, F.mse_loss, inner_lr=alpha, inner_steps=steps).double()


def _loss_mistake(given: float, learner: MAML, task: Task) -> str:
    """What leads to a loss that is not L_Q(θ_k)."""
    k, (support, query) = learner.inner_steps, task
    uphill = copy.copy(learner)
    vars(uphill)["inner_lr"] = -learner.inner_lr  # a mistake that a learner would refuse

    def after(steps: int, walker: MAML = learner) -> Tensor:
        return walker.loss_at(walker.inner_loop(walker.weights(), support, steps)[-1], query)

    likely = {
        "this is the loss before any step: θ never moved.": after(0),
        "one inner step too many is taken.": after(k + 1),
        "one inner step too few is taken.": after(k - 1),
        "one inner step is taken, whatever `steps` says.": after(1),
        "the last loss is on the support set; it belongs on the query set.": learner.meta_loss(
            Task(support, support)
        ),
        "support and query are swapped.": learner.meta_loss(Task(query, support)),
        "the inner steps go up: the update is θ − α g.": after(k, uphill),
        "every step starts again from θ: the update is θ_j − α g, not θ − α g.": _walked(
            learner, task, always_from_start=True
        ),
        "every inner gradient is taken at θ; it belongs at θ_j.": _walked(learner, task),
    }
    right_one = learner.meta_loss(task).item()
    return likely_mistake(given, {text: loss.item() for text, loss in likely.items()}) or (
        f"after {k} inner steps the query loss should be {right_one:.6f}, yours is {given:.6f}."
    )


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
    weights = list(given.model.parameters())
    if not loss.requires_grad:
        return "the loss has no graph: a `detach`, `no_grad` or `.item()` cut it off."
    parts = torch.autograd.grad(loss, weights, allow_unused=True, materialize_grads=True)
    found = torch.cat([part.flatten() for part in parts])
    if torch.allclose(found, _finite_differences(learner, task), rtol=1e-5, atol=1e-8):
        return None
    if torch.allclose(found, _first_order(learner, task), rtol=1e-5, atol=1e-8):
        return (
            "the loss is right but its gradient is the first-order one: the inner gradient "
            "needs `create_graph=True`."
        )
    return (
        "the loss is right but its gradient disagrees with finite differences: is a θ_j detached?"
    )


@torch.no_grad()
def _finite_differences(learner: MAML, task: Task, step: float = 1e-5) -> Tensor:
    slopes = []
    for weight in learner.model.parameters():
        for coordinate in range(weight.numel()):
            flat, ends = weight.view(-1), []
            start = flat[coordinate].item()
            for sign in (1, -1):
                flat[coordinate] = start + sign * step
                ends.append(learner.meta_loss(task).item())
            flat[coordinate] = start
            slopes.append((ends[0] - ends[1]) / (2 * step))
    return torch.tensor(slopes, dtype=torch.float64)


def _first_order(learner: MAML, task: Task) -> Tensor:
    """∇L_Q at θ_k."""
    theta = learner.inner_loop(learner.weights(), task.support, learner.inner_steps)[-1]
    fixed = {name: weight.detach() for name, weight in theta.items()}
    return torch.cat([part.flatten() for part in learner.gradient(fixed, task.query).values()])
