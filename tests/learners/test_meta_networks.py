"""Meta Networks: what a memory gives is known exactly in four cases; its meta-gradient is too."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from metalearn_lab.evaluation.meta_gradient_check import check_meta_gradient
from metalearn_lab.learners.maml import MAML
from metalearn_lab.learners.meta_networks import (
    KEYS,
    MEMORY,
    MetaNetworks,
    read,
)
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Split, Task, select_tasks
from tests.learners.builders import gradients

WAYS, DIM = 3, 4


def tasks(count=2, shots=2):
    numbers = generator("meta networks", count, shots)
    splits = []
    for items in (shots, 3):
        x = torch.randn(count, WAYS * items, DIM, dtype=torch.float64, generator=numbers)
        splits.append(Split(x, torch.arange(WAYS).repeat(count, items)))
    return Task(*splits)


def meta_networks(active=True, **settings):
    model = MLP([DIM, 6, WAYS], seed=3)
    learner = MetaNetworks(model, F.cross_entropy, key_size=5, **settings).double()
    if active:  # m has left 0
        for i, weight in enumerate(learner.generator.head.parameters()):
            nn.init.normal_(weight, std=0.3, generator=generator("m", i))
    return learner


def by_hand(theta, fast, x):
    """Each layer twice, added after the activation, for fast weights that all items share."""
    first, second = (F.linear(x, w["body.0.weight"], w["body.0.bias"]) for w in (theta, fast))
    h = first.relu() + second.relu()
    return sum(F.linear(h, w["head.weight"], w["head.bias"]) for w in (theta, fast))


def of_one_task(trajectory):
    """The weights θ and the fast weights of every slot, of the first task."""
    weights = {name: weight[0] for name, weight in trajectory[-1].items()}
    fast = {n.removeprefix(MEMORY): w for n, w in weights.items() if n.startswith(MEMORY)}
    fast.pop(KEYS.removeprefix(MEMORY), None)
    return {n: w for n, w in weights.items() if not n.startswith(MEMORY)}, fast


def test_with_equal_keys_every_item_reads_the_mean_of_the_fast_weights():
    learner, task = meta_networks(), tasks(1)
    nn.init.zeros_(learner.key.weight)
    adapted = learner.adapt(task.support)
    theta, fast = of_one_task(adapted)
    assert all(len(w) == WAYS * 2 for w in fast.values())
    mean = {name: w.mean(0) for name, w in fast.items()}
    expected = by_hand(theta, mean, task.query.x[0])
    torch.testing.assert_close(
        learner.predict(adapted[-1], task.query.x)[0], expected, rtol=1e-12, atol=1e-12
    )


def test_one_support_item_gives_its_fast_weights_whatever_the_keys():
    learner, task = meta_networks(), tasks(1)
    one = Split(task.support.x[:, :1], task.support.y[:, :1])
    adapted = learner.adapt(one)
    theta, fast = of_one_task(adapted)
    expected = by_hand(theta, {name: w[0] for name, w in fast.items()}, task.query.x[0])
    torch.testing.assert_close(
        learner.predict(adapted[-1], task.query.x)[0], expected, rtol=1e-12, atol=1e-12
    )


@pytest.mark.parametrize("mapping", ["vmap", "loop"])
def test_it_begins_as_the_slow_network(mapping):
    learner, task = meta_networks(active=False, mapping=mapping), tasks()
    outputs = learner.predict(learner.adapt(task.support)[-1], task.query.x)
    torch.testing.assert_close(outputs, learner.model(task.query.x), rtol=1e-12, atol=1e-12)


def test_when_m_is_minus_alpha_and_the_keys_are_equal_it_is_one_inner_step_of_the_head():
    class Identity(MetaNetworks):
        def fast_weights(self, gradients):
            return -0.7 * gradients

    model = MLP([DIM, 6, WAYS], seed=3).double()
    own, batch = Identity(model, F.cross_entropy, fast_layers=("head",)), tasks()
    nn.init.zeros_(own.key.weight)
    maml = MAML(model, F.cross_entropy, inner_lr=0.7, inner_steps=1, adapts="head.*")
    torch.testing.assert_close(
        own.predict(own.adapt(batch.support)[-1], batch.query.x),
        maml.predict(maml.adapt(batch.support)[-1], batch.query.x),
        rtol=1e-12,
        atol=1e-12,
    )


def test_fast_weights_are_made_of_the_gradient_of_one_item_alone():
    learner, task = meta_networks(), select_tasks(tasks(1), 0)
    of_items = learner.item_gradients(learner.weights(), task.support)
    for i in range(len(task.support.y)):
        loss = F.cross_entropy(learner.model(task.support.x[i : i + 1]), task.support.y[i : i + 1])
        alone = torch.autograd.grad(loss, list(learner.model.parameters()))
        for gradient, expected in zip(of_items.values(), alone, strict=True):
            torch.testing.assert_close(gradient[i], expected, rtol=1e-12, atol=1e-12)


def test_the_order_of_the_support_changes_nothing():
    learner, task = meta_networks(), tasks(1)
    order = torch.randperm(6, generator=generator("order"))
    other = Task(Split(task.support.x[:, order], task.support.y[:, order]), task.query)
    torch.testing.assert_close(learner(other), learner(task), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("layers", [None, ("head",)])
def test_its_meta_gradient_is_right(layers):
    learner = meta_networks(fast_layers=layers)
    report = check_meta_gradient(learner, tasks())
    assert report.passed, report
    assert all(gradient.norm() > 0 for gradient in gradients(learner, tasks()).values())


def test_a_slot_has_at_most_e_squared_times_the_weight_of_another():
    key = torch.tensor([[1.0, 0.0]], dtype=torch.float64)
    attention = read(key, torch.cat([key, -key]))
    assert attention.sum().item() == pytest.approx(1)
    assert (attention[0, 0] / attention[0, 1]).item() == pytest.approx(math.e**2)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"key_size": 0}, "key_size must be 1 or more numbers, got 0"),
        ({"fast_layers": ("tail",)}, "no dense layer tail for fast_layers: the model has body.0"),
    ],
)
def test_it_refuses_sizes_and_layers(settings, message):
    with pytest.raises(ValueError, match=message):
        MetaNetworks(MLP([DIM, 6, WAYS]), F.cross_entropy, **settings)


def test_it_refuses_a_model_whose_layers_it_cannot_run_twice():
    with pytest.raises(ValueError, match="must be an MLP, got Linear"):
        MetaNetworks(nn.Linear(DIM, WAYS), F.cross_entropy)
