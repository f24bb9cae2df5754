"""The loop over tasks: one after the other in memory, side by side in time, the same gradient."""

import weakref

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from metalearn_lab.learners.joint import JointPretraining
from metalearn_lab.learners.maml import MAML
from metalearn_lab.models.mlp import MLP
from metalearn_lab.running import loop
from metalearn_lab.running.loop import looped_meta_loss, threads_for
from metalearn_lab.tasks.sinusoids import Sinusoids
from tests.learners.builders import (
    LEARNERS,
    gradients,
    merged_for,
    sinusoid_learner,
    sinusoids,
    text_learner,
    text_tasks,
)


@pytest.fixture
def threads(monkeypatch):
    """Sets the number of threads for one test, though its model is too small for the rule."""
    before = torch.get_num_threads()

    def use(count: int) -> None:
        torch.set_num_threads(count)
        monkeypatch.setattr(loop, "threads_for", lambda learner, tasks: count)

    yield use
    torch.set_num_threads(before)


def looped(kind=MAML, **settings):
    return sinusoid_learner(kind, mapping="loop", **settings)


@pytest.mark.parametrize(
    ("make", "batch"), [(sinusoid_learner, sinusoids), (text_learner, text_tasks)]
)
@pytest.mark.parametrize("kind", LEARNERS)
def test_the_gradient_is_that_of_vmap_bit_for_bit_on_any_number_of_threads(
    kind, make, batch, threads
):
    tasks = merged_for(kind, batch(5))
    expected = gradients(make(kind, mapping="vmap"), tasks)
    found = []
    for count in (1, 2, 3):
        threads(count)
        found.append(gradients(make(kind, mapping="loop"), tasks))
        assert torch.get_num_threads() == count
    for name, gradient in expected.items():
        assert (found[0][name] - gradient).norm() <= 1e-12 * gradient.norm()
        assert all(torch.equal(found[0][name], other[name]) for other in found[1:])


def test_tasks_are_freed_one_after_the_other():
    alive: list[weakref.ref] = []
    most = []

    def watched(output, target):
        most.append(sum(ref() is not None for ref in alive))
        alive.append(weakref.ref(output))
        return F.mse_loss(output, target)

    learner = MAML(MLP([1, 8, 1]), watched, inner_lr=0.1, inner_steps=2, mapping="loop").double()
    learner(sinusoids(6)).backward()
    assert len(most) == 6 * 3
    assert all(count == 0 for count in most[::3]), "nothing of a task outlives it"


@pytest.mark.parametrize("count", [1, 2])
def test_an_error_in_a_task_reaches_the_caller(count, threads):
    threads(count)
    tasks = sinusoids(5)
    tasks.query.y[3] = float("nan")

    def strict(output, target):
        if target.isnan().any():
            raise RuntimeError("task with NaN")
        return F.mse_loss(output, target)

    learner = MAML(MLP([1, 8, 1]), strict, inner_lr=0.1, inner_steps=1, mapping="loop").double()
    with pytest.raises(RuntimeError, match="task with NaN"):
        learner(tasks)
    assert torch.get_num_threads() == count
    tasks.query.y[3] = 0.0
    assert learner(tasks).isfinite(), "it works on afterwards"


def test_without_a_graph_only_the_loss_is_computed(threads):
    threads(2)
    learner, tasks = looped(), sinusoids()
    with torch.no_grad():
        loss = learner(tasks)
    assert not loss.requires_grad
    assert torch.equal(loss, learner(tasks).detach())


def test_the_upstream_gradient_counts():
    learner, tasks = looped(), sinusoids()
    once = gradients(learner, tasks)
    learner.zero_grad()
    (3 * learner(tasks)).backward()
    for name, parameter in learner.named_parameters():
        assert torch.allclose(parameter.grad, 3 * once[name], rtol=1e-14)


def test_parameters_that_play_no_part_stay_without_a_gradient():
    """As with vmap, so that an outer Adam with weight decay leaves them alone."""
    head = nn.Linear(8, 1).double()
    grads = {}
    for mapping in ("vmap", "loop"):
        learner = sinusoid_learner(JointPretraining, pretraining_head=head, mapping=mapping)
        learner.model.body[0].bias.requires_grad_(False)
        learner(sinusoids()).backward()
        grads[mapping] = {name: p.grad for name, p in learner.named_parameters()}
        head.zero_grad()
    absent = {name for name, gradient in grads["loop"].items() if gradient is None}
    assert absent == {"model.body.0.bias", "model.head.weight", "model.head.bias"}
    for name, gradient in grads["vmap"].items():
        assert (gradient is None) == (name in absent)


def test_buffers_and_tied_weights_are_shared_with_the_threads(threads):
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Linear(4, 4, dtype=torch.float64)
            self.second = nn.Linear(4, 4, dtype=torch.float64)
            self.second.weight = self.first.weight
            self.register_buffer("scale", torch.full((4,), 0.5, dtype=torch.float64))

        def forward(self, x):
            return self.second(torch.tanh(self.first(x.expand(-1, 4)) * self.scale)).sum(-1, True)

    torch.manual_seed(0)
    model, tasks, found = Tied(), sinusoids(4), []
    for mapping, count in (("vmap", 1), ("loop", 1), ("loop", 2)):
        threads(count)
        learner = MAML(model, F.mse_loss, inner_lr=0.05, inner_steps=2, mapping=mapping)
        found.append(gradients(learner, tasks))
    for other in found[1:]:
        assert all((found[0][n] - g).norm() <= 1e-12 * g.norm() for n, g in other.items())


def test_mixed_precision_reaches_the_threads(threads):
    tasks, losses = Sinusoids().batch(0, 3), []
    for count, mixed in ((1, True), (2, True), (2, False)):
        threads(count)
        with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
            losses.append(looped().float()(tasks).item())
    assert losses[0] == losses[1] != losses[2]


def test_tasks_run_side_by_side_where_that_pays():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        layers = [nn.Unflatten(-1, (1, 1)), nn.Conv1d(1, 1, 1), nn.Flatten(-2), nn.Dropout(0.5)]
        network, tasks = nn.Sequential(*layers).double(), sinusoids()
        learner = MAML(network, F.mse_loss, inner_lr=0.1, inner_steps=1)
        assert threads_for(learner, tasks) == 1, "dropout draws from one stream"
        assert threads_for(learner.eval(), tasks) == 2
        assert threads_for(learner, sinusoids(1)) == 1, "one task"
        assert threads_for(looped(), tasks) == 1, "small dense layers"
    finally:
        torch.set_num_threads(before)


def test_no_tasks_are_an_error():
    tasks = type(sinusoids())(*(type(s)(s.x[:0], s.y[:0]) for s in sinusoids()))
    with pytest.raises(ValueError, match="a batch needs one or more"):
        looped_meta_loss(looped(), tasks)
