"""The meta-gradient in float64, one task at a time, by plain autograd: what everyone must match."""

from __future__ import annotations

import copy

import torch
from torch import Tensor
from torch.func import functional_call

from benchmarks.problem import Problem, each_task
from metalearn_lab.tasks.types import Task

Gradient = dict[str, Tensor]


def reference_gradient(problem: Problem, batch: Task | None = None) -> Gradient:
    """The mean over tasks of the meta-gradient, by parameter name.

    Args:
        problem: what to differentiate.
        batch: in float64; the problem's first batch when not given.
    """
    batch = problem.first_batch(torch.float64) if batch is None else batch
    of_task = reptile_gradient if problem.algorithm == "Reptile" else maml_gradient
    each = [of_task(problem, task) for task in each_task(batch)]
    return {name: torch.stack([one[name] for one in each]).mean(0) for name in each[0]}


def maml_gradient(problem: Problem, task: Task) -> Gradient:
    """∇L_Q(θ_k) through the inner loop, or with the inner gradients held constant."""
    model = plain_model(problem)
    theta = dict(model.named_parameters())
    exact = problem.algorithm == "MAML"
    fast = theta
    for _ in range(problem.inner_steps):
        loss = problem.loss(functional_call(model, fast, (task.support.x,)), task.support.y)
        gradients = torch.autograd.grad(loss, list(fast.values()), create_graph=exact)
        fast = {
            name: weight - problem.inner_lr * gradient
            for (name, weight), gradient in zip(fast.items(), gradients, strict=True)
        }
    loss = problem.loss(functional_call(model, fast, (task.query.x,)), task.query.y)
    return dict(zip(theta, torch.autograd.grad(loss, list(theta.values())), strict=True))


def reptile_gradient(problem: Problem, task: Task) -> Gradient:
    """φ − φ̃, with φ̃ trained by an ordinary optimiser."""
    model = plain_model(problem)
    trained = copy.deepcopy(model)
    optimizer = inner_optimizer(problem, trained)
    for step in range(problem.inner_steps):
        data = problem.minibatch(task.support, step)
        optimizer.zero_grad()
        problem.loss(trained(data.x), data.y).backward()
        optimizer.step()
    after = dict(trained.named_parameters())
    return {name: (phi - after[name]).detach() for name, phi in model.named_parameters()}


def plain_model(problem: Problem) -> torch.nn.Module:
    """The network in float64, in PyTorch's own layers where ours has others."""
    return (problem.peer_model or problem.model)().double()


def inner_optimizer(problem: Problem, model: torch.nn.Module) -> torch.optim.Optimizer:
    """PyTorch's own optimiser for Reptile's inner loop; Adam without momentum, as in the paper."""
    if problem.inner_optimizer == "adam":
        return torch.optim.Adam(model.parameters(), lr=problem.inner_lr, betas=(0.0, 0.999))
    return torch.optim.SGD(model.parameters(), lr=problem.inner_lr)


def relative_error(found: Gradient, reference: Gradient) -> float:
    """‖found − reference‖ / ‖reference‖ over all parameters together."""
    if found.keys() != reference.keys():
        raise ValueError(f"gradients of {sorted(found)}, expected {sorted(reference)}")
    difference = [(found[name].double().cpu() - reference[name]).norm() for name in reference]
    size = torch.stack([part.norm() for part in reference.values()]).norm()
    return float(torch.stack(difference).norm() / size)
