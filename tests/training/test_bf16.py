"""bfloat16 moves the meta-gradient by a few per cent, and is refused where it is worse."""

import pytest
import torch
from torch.nn import functional as F
from torch.optim import Adam

from metalearn_lab.learners.first_order_maml import FirstOrderMAML
from metalearn_lab.learners.imaml import IMAML
from metalearn_lab.learners.joint import JointPretraining
from metalearn_lab.learners.maml import MAML
from metalearn_lab.learners.reptile import Reptile
from metalearn_lab.models.conv4 import Conv4
from metalearn_lab.models.mlp import MLP
from metalearn_lab.models.transformer import Transformer
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.tasks.types import Split, Task
from metalearn_lab.training.checkpoint import CheckpointError
from metalearn_lab.training.compiling import begin
from metalearn_lab.training.meta_train import meta_train
from metalearn_lab.training.outer_step import OuterStep
from metalearn_lab.training.trainee import Trainee
from tests.learners.builders import merged_for

KINDS = [JointPretraining, MAML, FirstOrderMAML, Reptile]


def sinusoid_learner(kind=MAML, **settings):
    defaults = {"inner_lr": 0.01, "inner_steps": 3}
    return kind(MLP([1, 40, 40, 1]), F.mse_loss, **(defaults | settings))


def text_learner(kind=MAML, **settings):
    model = Transformer(60, 3, dim=32, hidden=64, length=8, layers=1)
    return kind(model, F.cross_entropy, inner_lr=0.05, inner_steps=3, **settings)


def texts():
    numbers = generator("bf16 texts")
    labels = torch.arange(3).repeat(3).expand(2, 9)
    ids = torch.randint(1, 20, (2, 2, 9, 8), generator=numbers) + 20 * labels[..., None]
    return Task(Split(ids[0], labels), Split(ids[1], labels))


WORLDS = {
    "sinusoids": (sinusoid_learner, lambda: Sinusoids().batch(0, 8)),
    "texts": (text_learner, texts),
}


def stepped(learner, tasks, *, bf16):
    """The loss and the meta-gradient of one outer step, which leaves the weights."""
    outer = OuterStep(learner, torch.optim.SGD(learner.parameters(), 0.0), bf16=bf16)
    loss = outer.step(tasks)
    assert {loss.dtype, *(p.grad.dtype for p in learner.parameters())} == {torch.float32}
    return loss, torch.cat([p.grad.flatten() for p in learner.parameters()])


@pytest.mark.parametrize("mapping", ["vmap", "loop"])
@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("kind", KINDS)
def test_the_meta_gradient_is_within_5_per_cent_of_float32(kind, world, mapping):
    make, batch = WORLDS[world]
    tasks = merged_for(kind, batch())
    loss, exact = stepped(make(kind, mapping=mapping), tasks, bf16=False)
    rough_loss, rough = stepped(make(kind, mapping=mapping), tasks, bf16=True)
    error = (rough - exact).norm() / exact.norm()
    assert 1e-4 < error < 0.05, "below 1e-4 nothing would be in bfloat16"
    assert abs(rough_loss / loss - 1) < 0.05


def test_only_the_meta_loss_is_rounded():
    outer = OuterStep(learner := sinusoid_learner(), Adam(learner.parameters()), bf16=True)
    tasks = Sinusoids().batch(0, 2)
    before = learner(tasks)
    rounded = outer.prepare(tasks)(tasks)
    assert torch.equal(learner(tasks), before)
    assert torch.equal(outer.step(tasks), rounded)
    assert not torch.equal(rounded, before)
    assert not torch.is_autocast_enabled("cpu")
    assert {p.dtype for p in learner.parameters()} == {torch.float32}


@pytest.mark.parametrize(
    ("learner", "settings", "obstacle"),
    [
        (sinusoid_learner().double(), {}, "not float32"),
        (sinusoid_learner(replay=True), {}, "in the backward pass"),
        (sinusoid_learner(IMAML, regularisation=2.0), {}, "conjugate gradient"),
        (sinusoid_learner(), {"compiled": True}, "compiled steps on a CPU"),
        (MAML(Conv4(5, filters=8), F.cross_entropy, inner_lr=0.1, inner_steps=1), {}, "pooled"),
    ],
    ids=["float64", "replay", "iMAML", "compiled", "Conv4"],
)
def test_it_is_refused_where_it_would_be_wrong_or_nothing(learner, settings, obstacle):
    with pytest.raises(ValueError, match=f"bf16 cannot be had: .*{obstacle}"):
        OuterStep(learner, Adam(learner.parameters()), bf16=True, **settings)


@pytest.mark.parametrize(
    ("kind", "model", "worst"),
    [
        (IMAML, lambda: MLP([1, 40, 40, 1]), 0.5),
        (MAML, lambda: Conv4(5, filters=8), 0.15),
    ],
    ids=["iMAML", "Conv4"],
)
def test_what_is_refused_is_as_far_off_as_the_refusal_says(kind, model, worst):
    if kind is IMAML:
        loss, tasks = F.mse_loss, Sinusoids().batch(0, 8)
        settings = {"regularisation": 2.0, "inner_lr": 0.01, "inner_steps": 5}
    else:
        numbers = generator("bf16 images")
        x = torch.randn(2, 5, 1, 28, 28, generator=numbers)
        labels = torch.arange(5).expand(2, 5)
        loss, tasks = F.cross_entropy, Task(Split(x, labels), Split(x.flip(-1), labels))
        settings = {"inner_lr": 0.1, "inner_steps": 1}
    learner = kind(model(), loss, **settings)
    parameters = list(learner.parameters())
    exact = torch.autograd.grad(learner(tasks), parameters)
    with torch.autocast("cpu", torch.bfloat16, cache_enabled=False):
        rough_loss = learner(tasks)
    rough = torch.autograd.grad(rough_loss, parameters)
    exact, rough = (torch.cat([g.flatten() for g in found]) for found in (exact, rough))
    assert (rough - exact).norm() > worst * exact.norm()


def train(iterations, checkpoint=None, *, bf16):
    learner = sinusoid_learner(inner_steps=1)
    run = meta_train(
        learner,
        lambda i: Sinusoids().batch(4 * i, 4),
        iterations=iterations,
        optimizer=Adam(learner.parameters(), 1e-3),
        every=3,
        checkpoint=checkpoint,
        progress=False,
        bf16=bf16,
    )
    return run, learner


def test_a_run_in_bf16_goes_on_exactly_and_only_in_bf16(tmp_path):
    train(5, tmp_path / "run", bf16=True)
    with pytest.raises(CheckpointError, match="bf16: True there, False here"):
        train(10, tmp_path / "run", bf16=False)
    resumed, learner = train(10, tmp_path / "run", bf16=True)
    whole, uninterrupted = train(10, bf16=True)
    assert resumed == whole
    assert resumed != train(10, bf16=False)[0]
    for name, weight in learner.named_parameters():
        assert torch.equal(weight, uninterrupted.get_parameter(name)), name


def test_the_rule_compiles_no_bf16_run_on_a_cpu():
    trainee = Trainee(learner := sinusoid_learner(), Adam(learner.parameters()), None)
    examples = {"iterations": 70_000, "example": lambda: Sinusoids().batch(0, 2)}
    assert not begin(trainee, None, None, **examples, bf16=True).compiled
