"""What is trained in front of a learner gets its gradient, however the tasks are run."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from metalearn_lab.compiled.meta_loss import compiled_meta_loss
from metalearn_lab.compiled.not_compilable import OtherThanCompiled
from metalearn_lab.learners.maml import MAML
from metalearn_lab.models.mlp import MLP
from metalearn_lab.running import chunks
from metalearn_lab.tasks.types import Split, Task
from tests.learners.builders import sinusoid_learner, sinusoids


def encoder() -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(1, 1), nn.Tanh()).double()


def encoded(network: nn.Module, count: int = 5) -> Task:
    support, query = sinusoids(count)
    return Task(Split(network(support.x), support.y), Split(network(query.x), network(query.y)))


def gradient_in_front(**settings: object) -> list[Tensor]:
    """Of the encoder and of the learner, after one backward."""
    network, learner = encoder(), sinusoid_learner(MAML, **settings)
    learner(encoded(network)).backward()
    return [p.grad for p in (*network.parameters(), *learner.parameters())]


@pytest.mark.parametrize("settings", [{"mapping": "loop"}, {"chunk_size": 2}, {"chunk_size": 1}])
def test_the_encoders_gradient_is_that_of_one_graph(settings):
    for found, expected in zip(gradient_in_front(**settings), gradient_in_front(), strict=True):
        assert expected.norm() > 0
        torch.testing.assert_close(found, expected, rtol=1e-11, atol=1e-14)


def test_it_does_not_depend_on_free_memory(monkeypatch):
    expected = gradient_in_front()
    one = chunks.graph_bytes(sinusoid_learner(MAML), sinusoids(1))
    monkeypatch.setattr(chunks, "free_bytes", lambda device: 4 * one)
    for found, right in zip(gradient_in_front(), expected, strict=True):
        torch.testing.assert_close(found, right, rtol=1e-11, atol=1e-14)


def test_it_is_the_slope_of_the_loss():
    network, learner = encoder(), sinusoid_learner(MAML, mapping="loop")
    weight = network[0].weight
    learner(encoded(network)).backward()
    ends = []
    for step in (1e-6, -1e-6):
        with torch.no_grad():
            weight += step
            ends.append(learner(encoded(network)))
            weight -= step
    assert weight.grad.item() == pytest.approx(((ends[0] - ends[1]) / 2e-6).item(), rel=1e-6)


def with_temperature(**settings: object) -> tuple[MAML, Tensor]:
    """A learner whose loss holds a tensor that is trained and is no parameter of it."""
    temperature = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)

    def loss(output: Tensor, target: Tensor) -> Tensor:
        return F.mse_loss(output / temperature, target)

    model = MLP([1, 8, 1], activation="tanh")
    return MAML(model, loss, inner_lr=0.05, inner_steps=2, **settings).double(), temperature


@pytest.mark.parametrize("settings", [{"mapping": "loop"}, {"chunk_size": 2}])
def test_what_would_be_left_without_a_gradient_is_refused(settings):
    learner, _ = with_temperature(**settings)
    with pytest.raises(ValueError, match=r"neither the learner's parameters nor data.*vmap"):
        learner(sinusoids(5))
    with torch.no_grad():
        assert learner(sinusoids(5)).isfinite()


def test_where_memory_is_short_it_gets_the_gradient_that_it_gets_elsewhere(monkeypatch):
    found = []
    one = chunks.graph_bytes(with_temperature()[0], sinusoids(1))
    for free in (10**12, 4 * one):
        monkeypatch.setattr(chunks, "free_bytes", lambda device, free=free: free)
        learner, temperature = with_temperature()
        learner(sinusoids(5)).backward()
        found.append(temperature.grad)
    assert found[0] == found[1] != 0


def test_a_compiled_step_refuses_data_that_want_a_gradient():
    learner = sinusoid_learner(MAML).float()
    tasks = Task(*(Split(split.x.float(), split.y.float()) for split in sinusoids(3)))
    step = compiled_meta_loss(learner, tasks)
    tasks.query.x.requires_grad_()
    for run in (lambda: step(tasks), lambda: compiled_meta_loss(learner, tasks)):
        with pytest.raises(OtherThanCompiled, match="has no gradient for what its tasks"):
            run()
