"""Reptile with Adam inside is PyTorch's Adam without momentum, started anew for every task."""

import copy

import pytest
import torch
import torch.nn.functional as F

from metalearn_lab.compiled import CompiledMetaLoss
from metalearn_lab.learners.reptile import Reptile
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.types import merge_splits
from tests.learners.builders import gradients, sinusoids


def learner(**settings: object) -> Reptile:
    model = MLP([1, 8, 8, 1], activation="tanh")
    defaults = {"inner_lr": 0.02, "inner_steps": 6, "inner_batch": 4, "inner_optimizer": "adam"}
    return Reptile(model, F.mse_loss, **(defaults | settings)).double()


@pytest.mark.parametrize("adapts", ["*", "head.*"])
def test_the_meta_gradient_is_where_adam_goes(adapts: str) -> None:
    reptile, tasks = learner(adapts=adapts), merge_splits(sinusoids(3))
    expected = {name: torch.zeros_like(p) for name, p in reptile.model.named_parameters()}
    for i in range(3):
        model = copy.deepcopy(reptile.model)
        moving = [p for n, p in model.named_parameters() if n in reptile.adapted_names]
        adam = torch.optim.Adam(moving, lr=0.02, betas=(0.0, 0.999), eps=1e-8)
        one = type(tasks.support)(tasks.support.x[i], tasks.support.y[i])
        for step in range(6):
            split = reptile.minibatch(one, step)
            adam.zero_grad()
            F.mse_loss(model(split.x), split.y).backward()
            adam.step()
        for (name, p), q in zip(reptile.model.named_parameters(), model.parameters(), strict=True):
            expected[name] += (p - q).detach() / 3
    for name, found in gradients(reptile, tasks).items():
        torch.testing.assert_close(
            found, expected[name.removeprefix("model.")], rtol=1e-9, atol=1e-12
        )


def test_compiled_it_is_the_same() -> None:
    reptile, tasks = learner(), merge_splits(sinusoids(3))
    expected = gradients(reptile, tasks)
    reptile.zero_grad()
    CompiledMetaLoss(reptile, tasks)(tasks).backward()
    for name, parameter in reptile.named_parameters():
        torch.testing.assert_close(parameter.grad, expected[name], rtol=1e-9, atol=1e-12)


def test_an_unknown_inner_optimizer_is_refused() -> None:
    with pytest.raises(ValueError, match="'sgd' or 'adam', got 'lion'"):
        learner(inner_optimizer="lion")
