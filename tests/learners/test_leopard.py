"""LEOPARD: ProtoNet with no step; Proto-MAML's steps; its gradient goes through the head alone."""

import pytest
import torch
from torch.nn import functional as F

from metalearn_lab.evaluation.meta_gradient_check import check_meta_gradient
from metalearn_lab.learners.leopard import Leopard
from metalearn_lab.learners.proto_maml import ProtoMAML
from metalearn_lab.learners.proto_net import ProtoNet
from metalearn_lab.models.mlp import MLP
from tests.learners.test_metric_learners import WAYS, tasks


def learner(kind=Leopard, **settings):
    model = MLP([4, 7, 5, WAYS], activation="tanh").double()
    return kind(model, F.cross_entropy, **({"inner_lr": 0.1, "inner_steps": 3} | settings))


def with_other_generator(**settings):
    own = learner(**settings)
    with torch.no_grad():
        own.generator.weight += 0.3 * torch.randn(5, 5, generator=torch.Generator().manual_seed(0))
    return own


@pytest.mark.parametrize("mapping", ["vmap", "loop"])
def test_with_no_step_and_the_identity_it_is_a_prototypical_network(mapping):
    batch, own = tasks(), learner(inner_steps=0, mapping=mapping)
    proto_net = ProtoNet(own.model.body, F.cross_entropy, ways=WAYS, mapping=mapping)
    torch.testing.assert_close(own(batch), proto_net(batch), rtol=1e-12, atol=1e-12)


def test_with_the_identity_it_adapts_as_proto_maml():
    batch = tasks()
    for one, other in zip(
        learner().adapt(batch.support), learner(ProtoMAML).adapt(batch.support), strict=True
    ):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-12)


def test_the_head_is_the_mean_of_generated_features():
    batch, own = tasks(1), with_other_generator()
    start = own.adapt(batch.support, 0)[0]
    generated = own.generator(own.model.body(batch.support.x[0]))
    r = torch.stack([generated[batch.support.y[0] == way].mean(0) for way in range(WAYS)])
    torch.testing.assert_close(start["head.weight"][0], 2 * r)
    torch.testing.assert_close(start["head.bias"][0], -(r**2).sum(-1))


@pytest.mark.parametrize("settings", [{}, {"adapts": ("body.2.*", "head.*")}, {"mapping": "loop"}])
def test_its_meta_gradient_holds_the_inner_gradients_constant(settings):
    """That of the shifted start, in which they are numbers; by central differences with no step."""
    own, batch = with_other_generator(**settings), tasks()
    own(batch).backward()
    found = {name: p.grad for name, p in own.named_parameters()}
    assert check_meta_gradient(with_other_generator(inner_steps=0), batch).passed
    own.zero_grad()
    losses = []
    for number in range(len(batch.support.x)):
        support, query = (type(part)(*(t[number] for t in part)) for part in batch)
        theta = own.with_prototypes(own.weights(), support)
        shift = own.trajectory(support, 3)
        moved = {n: theta[n] + (shift[-1][n] - shift[0][n]).detach() for n in theta}
        losses.append(own.loss_at(moved, query))
    torch.stack(losses).mean().backward()
    expected = {name: p.grad for name, p in own.named_parameters()}
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-12)
    assert found["generator.weight"].abs().max() > 0


def test_training_moves_the_generator():
    own, batch = learner(), tasks()
    optimizer = torch.optim.Adam(own.parameters(), 0.01)
    first = own(batch).item()
    for _ in range(30):
        optimizer.zero_grad()
        loss = own(batch)
        loss.backward()
        optimizer.step()
    assert loss.item() < first
    assert not torch.equal(own.generator.weight, torch.eye(5).double())
