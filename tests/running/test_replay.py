"""Replay gives the gradient of the unrolled inner loop, in every mapping, and keeps no graph."""

import gc
import weakref

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from metalearn_lab.learners.first_order_maml import FirstOrderMAML
from metalearn_lab.learners.learner import Learner
from metalearn_lab.learners.maml import MAML
from metalearn_lab.learners.reptile import Reptile
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.types import Split, Task
from tests.learners.builders import (
    gradients,
    sinusoid_learner,
    sinusoids,
    text_learner,
    text_tasks,
)

WORLDS = {"sinusoids": (sinusoid_learner, sinusoids), "text": (text_learner, text_tasks)}


class LearnedRates(MAML):
    """A rate for each weight, learned beside the model; the loss of every step counts."""

    def __init__(self, *args, **settings):
        super().__init__(*args, **settings)
        self.rates = nn.ParameterDict(
            {name.replace(".", "_"): torch.full_like(w, 0.05) for name, w in self.weights().items()}
        )

    def meta_loss(self, task):
        trajectory = self.inner_loop(self.weights(), task.support, self.inner_steps)
        return torch.stack([self.loss_at(theta, task.query) for theta in trajectory]).mean()

    def inner_step(self, theta, support, step):
        plain = super().inner_step(theta, support, step)
        return {
            name: theta[name]
            + (plain[name] - theta[name]) * self.rates[name.replace(".", "_")] * (step + 1)
            for name in theta
        }


def error(found: dict[str, Tensor], expected: dict[str, Tensor]) -> float:
    assert found.keys() == expected.keys()
    distance = sum(((found[n] - expected[n]) ** 2).sum() for n in expected)
    return (distance / sum((g**2).sum() for g in expected.values())).sqrt().item()


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("adapts", ["*", "head.*", "body.*"])
@pytest.mark.parametrize("mapping", [{"mapping": "vmap"}, {"mapping": "loop"}, {"chunk_size": 2}])
def test_the_gradient_is_that_of_the_unrolled_loop(mapping, adapts, world):
    make, batch = WORLDS[world]
    settings = {"inner_steps": 4, "adapts": adapts, **mapping}
    whole, replayed = (make(MAML, replay=replay, **settings) for replay in (False, True))
    tasks = batch(3)
    assert torch.equal(whole(tasks), replayed(tasks))
    assert error(gradients(replayed, tasks), gradients(whole, tasks)) < 1e-14


def test_the_gradient_is_the_same_with_a_small_first_layer():
    whole, replayed = (text_learner(MAML, low_rank=True, replay=r) for r in (False, True))
    assert error(gradients(replayed, text_tasks()), gradients(whole, text_tasks())) < 1e-14


@pytest.mark.parametrize("mapping", ["vmap", "loop"])
def test_parameters_beside_the_model_and_losses_of_every_step_are_reached(mapping):
    whole, replayed = (
        sinusoid_learner(LearnedRates, replay=replay, mapping=mapping) for replay in (False, True)
    )
    found, expected = gradients(replayed, sinusoids()), gradients(whole, sinusoids())
    assert any(name.startswith("rates.") and g.norm() > 1e-6 for name, g in expected.items())
    assert error(found, expected) < 1e-14


@pytest.mark.parametrize("mapping", ["vmap", "loop"])
def test_frozen_weights_get_no_gradient(mapping):
    learner = sinusoid_learner(MAML, adapts="head.*", replay=True, mapping=mapping)
    learner.model.body.requires_grad_(False)
    learner(sinusoids()).backward()
    expected = gradients(sinusoid_learner(MAML, adapts="head.*"), sinusoids())
    for name, parameter in learner.named_parameters():
        if "body" in name:
            assert parameter.grad is None
        else:
            assert torch.allclose(parameter.grad, expected[name], rtol=1e-13, atol=1e-15)


def test_one_task_under_func_grad():
    """Inside another transform of ``torch.func`` as well."""

    def meta_gradient(replay: bool) -> dict[str, Tensor]:
        learner = sinusoid_learner(MAML, replay=replay)
        support, query = (Split(split.x[0], split.y[0]) for split in sinusoids(1))

        def loss(theta):
            return learner.loss_at(learner.inner_loop(theta, support, 3)[-1], query)

        return torch.func.grad(loss)({n: w.detach() for n, w in learner.weights().items()})

    assert error(meta_gradient(True), meta_gradient(False)) < 1e-14


def test_the_gradient_reaches_a_support_split_that_wants_one():
    def gradient_of_data(replay: bool) -> Tensor:
        support, query = sinusoids()
        data = support.x.clone().requires_grad_()
        sinusoid_learner(MAML, replay=replay)(Task(Split(data, support.y), query)).backward()
        return data.grad

    assert torch.allclose(gradient_of_data(True), gradient_of_data(False), rtol=1e-13, atol=1e-16)


def test_it_can_be_differentiated_again():
    """A derivative of the meta-gradient, as a learner of learning rates may want."""

    def second(replay: bool) -> Tensor:
        learner = sinusoid_learner(MAML, replay=replay)
        task = Task(*(Split(split.x[0], split.y[0]) for split in sinusoids(1)))
        parameters = list(learner.parameters())
        first = torch.autograd.grad(learner.meta_loss(task), parameters, create_graph=True)
        size = torch.stack([(part**2).sum() for part in first]).sum()
        return torch.cat([p.flatten() for p in torch.autograd.grad(size, parameters)])

    assert torch.allclose(second(True), second(False), rtol=1e-11, atol=1e-13)


def test_in_single_precision_it_is_the_same_to_rounding():
    def gradient(replay: bool) -> dict[str, Tensor]:
        learner = MAML(
            MLP([1, 40, 40, 1]), F.mse_loss, inner_lr=0.01, inner_steps=10, replay=replay
        )
        return gradients(learner, Task(*(Split(s.x.float(), s.y.float()) for s in sinusoids(5))))

    assert error(gradient(True), gradient(False)) < 1e-6


class Watched(nn.Module):
    """Counts the hidden activations that are alive."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.head = nn.Linear(1, 8), nn.Linear(8, 1)
        self.alive: weakref.WeakSet[Tensor] = weakref.WeakSet()
        self.most = 0

    def forward(self, x: Tensor) -> Tensor:
        hidden = Kept.apply(self.body(x), self)
        return self.head(hidden)


class Kept(torch.autograd.Function):
    """The identity, which saves a fresh copy of its input and counts the copies alive."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x, watched):
        return x * 1

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.token = Token()
        inputs[1].alive.add(ctx.token)
        inputs[1].most = max(inputs[1].most, len(inputs[1].alive))

    @staticmethod
    def backward(ctx, gradient):
        return gradient, None


class Token:
    """Lives as long as the graph that holds it."""


def most_graphs_alive(steps: int, replay: bool) -> int:
    model = Watched()
    learner = MAML(
        model, F.mse_loss, inner_lr=0.01, inner_steps=steps, mapping="loop", replay=replay
    )
    tasks = Task(*(Split(split.x.float(), split.y.float()) for split in sinusoids(1)))
    gc.collect()
    learner(tasks).backward()
    return model.most


def test_no_more_graphs_are_alive_with_more_steps():
    assert most_graphs_alive(12, replay=False) >= 12
    assert most_graphs_alive(12, replay=True) == most_graphs_alive(3, replay=True) <= 3


@pytest.mark.parametrize("kind", [FirstOrderMAML, Reptile])
def test_a_learner_without_a_graph_refuses_it(kind: type[Learner]):
    with pytest.raises(ValueError, match=rf"which {kind.__name__} does not do: leave replay out"):
        sinusoid_learner(kind, replay=True)
