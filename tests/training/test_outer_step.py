"""The outer step is the optimiser's rule on the meta-gradient, and never waits for the device."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.optim import SGD, Adam
from torch.optim.lr_scheduler import StepLR

from metalearn_lab.learners.learner import Learner
from metalearn_lab.learners.maml import MAML
from metalearn_lab.models.mlp import MLP
from metalearn_lab.running.known_gradient import with_known_gradient
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.training.outer_step import OuterStep
from tests.learners.builders import (
    LEARNERS,
    gradients,
    merged_for,
    sinusoid_learner,
    sinusoids,
    text_learner,
    text_tasks,
)
from tests.training.device_reads import reads_of


@pytest.mark.parametrize("kind", LEARNERS)
def test_steps_follow_the_meta_gradient_of_their_own_batch_alone(kind):
    learner, reference = sinusoid_learner(kind), sinusoid_learner(kind)
    outer = OuterStep(learner, SGD(learner.parameters(), 0.1))
    for first in (0, 3):
        tasks = merged_for(kind, sinusoids(3, first))
        expected = reference(tasks)
        for name, gradient in gradients(reference, tasks).items():
            reference.get_parameter(name).data -= 0.1 * gradient
        loss = outer.step(tasks)
        assert loss.shape == ()
        assert not loss.requires_grad
        assert torch.allclose(loss, expected, rtol=1e-12)
        for name, weight in learner.named_parameters():
            assert torch.allclose(weight, reference.get_parameter(name), rtol=1e-12), name


def other_layout(tensor: torch.Tensor) -> torch.Tensor:
    """The same numbers, the last axis slowest in memory."""
    return tensor.movedim(-1, 0).contiguous().movedim(0, -1)


class GivenGradients(MAML):
    """Its meta-gradient is given, in whatever layout."""

    def forward(self, tasks):
        return with_known_gradient(torch.zeros(()), list(self.parameters()), self.given)


@pytest.mark.parametrize("channels_last", [False, True])
def test_a_fused_step_is_right_whatever_the_layout_of_the_gradient(channels_last):
    """A fused step walks weight and gradient in the order of memory, whichever that is."""

    def moved(fused):
        model = nn.Conv2d(3, 4, 2, bias=False)
        nn.init.zeros_(model.weight)
        if channels_last:
            model.to(memory_format=torch.channels_last)
        learner = GivenGradients(model, F.mse_loss, inner_lr=0.1, inner_steps=1)
        gradient = torch.randn(4, 3, 2, 2, generator=generator("gradient"))
        learner.given = [other_layout(gradient) if fused else gradient]
        outer = OuterStep(learner, Adam(learner.parameters(), 0.1, fused=fused))
        outer.step(sinusoids())
        assert learner.given[0].stride() != model.weight.stride() or not fused
        return model.weight

    assert torch.allclose(moved(fused=True), moved(fused=False))


def trained(make, kind: type[Learner], batch, **adam) -> dict[str, torch.Tensor]:
    learner = make(kind)
    outer = OuterStep(learner, Adam(learner.parameters(), 0.01, **adam))
    for _ in range(2):
        outer.step(merged_for(kind, batch))
    return dict(learner.named_parameters())


@pytest.mark.parametrize(
    ("make", "batch"), [(sinusoid_learner, sinusoids), (text_learner, text_tasks)]
)
@pytest.mark.parametrize("kind", LEARNERS)
def test_fused_and_plain_steps_of_every_learner_agree(kind, make, batch):
    fused = trained(make, kind, batch(), fused=True)
    for name, weight in trained(make, kind, batch(), foreach=False).items():
        assert fused[name].grad.stride() == fused[name].stride(), name
        assert torch.allclose(fused[name], weight, rtol=1e-9, atol=1e-12), name


@pytest.mark.parametrize("kind", LEARNERS)
def test_nothing_is_read_back_inside_a_step(kind):
    learner, tasks = sinusoid_learner(kind), merged_for(kind, sinusoids())
    optimizer = Adam(learner.parameters(), fused=True)
    outer, scheduler = OuterStep(learner, optimizer), StepLR(optimizer, 1)
    outer.step(tasks)
    assert reads_of(lambda: [outer.step(tasks), scheduler.step()]) == []
    assert reads_of(lambda: outer.step(tasks).item()) == ["_local_scalar_dense"], "it can be seen"


def test_compiled_gradients_pass_the_hooks_and_fit_any_layout():
    """A compiled step leaves the gradient where ``backward`` would, hooks and strides included."""
    tasks = Sinusoids(shots=5, queries=5).batch(0, 6)

    def stepped(*, compiled, hooked, transposed):
        learner = MAML(MLP([1, 6, 6, 1]), F.mse_loss, inner_lr=0.01, inner_steps=1)
        weight = learner.model.body[2].weight
        if transposed:
            weight.data = weight.data.T.contiguous().T
        if hooked:
            weight.register_hook(lambda gradient: gradient.clamp(-0.01, 0.01))
        adam = torch.optim.Adam(learner.parameters(), lr=1e-2, fused=True)
        outer = OuterStep(learner, adam, compiled=compiled)
        for _ in range(3):
            outer.step(tasks)
        return torch.cat([p.detach().flatten() for p in learner.parameters()])

    plain = stepped(compiled=False, hooked=False, transposed=False)
    for hooked in (False, True):
        for transposed in (False, True):
            expected = stepped(compiled=False, hooked=hooked, transposed=transposed)
            found = stepped(compiled=True, hooked=hooked, transposed=transposed)
            torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)
        assert hooked == (not torch.allclose(expected, plain, rtol=1e-4, atol=1e-6))
