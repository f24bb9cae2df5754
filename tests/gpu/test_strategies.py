"""However a meta-gradient is computed on a CUDA card, it is the CPU's: float64 to 1e-9."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.optim import Adam

from metalearn_lab.compiled import NotCompilable
from metalearn_lab.learners.imaml import IMAML
from metalearn_lab.learners.joint import JointPretraining
from metalearn_lab.learners.maml import MAML
from metalearn_lab.learners.reptile import Reptile
from metalearn_lab.models.conv4 import Conv4
from metalearn_lab.models.mlp import MLP
from metalearn_lab.models.transformer import Transformer
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.tasks.types import Split, Task, to_device
from metalearn_lab.training import compiling
from metalearn_lab.training.graph_replay import GraphReplay
from metalearn_lab.training.meta_train import meta_train
from metalearn_lab.training.outer_step import OuterStep
from tests.learners.builders import LEARNERS, merged_for, sinusoid_learner, sinusoids
from tests.running.test_attention import MODELS, learner_on
from tests.running.test_attention import tasks as attention_tasks

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here"),
]
DEVICE = "cuda"


def episodes(x):
    """Two splits of 3 classes from inputs ``[2, tasks, 6, ...]``."""
    labels = torch.arange(3).repeat(2).expand(x.shape[1], 6)
    return Task(Split(x[0], labels), Split(x[1], labels))


def random_episodes(*shape):
    numbers = generator("gpu episodes", *shape)
    return episodes(torch.randn(2, 3, 6, *shape, generator=numbers, dtype=torch.float64))


def texts():
    return episodes(torch.randint(0, 40, (2, 3, 6, 8), generator=generator("gpu texts")))


def classifier(model, kind=MAML, **settings):
    return kind(model, F.cross_entropy, inner_lr=0.1, inner_steps=2, **settings).double()


def transformer():
    return Transformer(40, 3, dim=16, hidden=32, length=8, layers=2)


CASES = {
    "replayed inner steps": lambda: (sinusoid_learner(MAML, replay=True), sinusoids()),
    "iMAML": lambda: (sinusoid_learner(IMAML, regularisation=4.0), sinusoids()),
    "Reptile, Adam": lambda: (
        sinusoid_learner(Reptile, inner_optimizer="adam", inner_batch=4),
        merged_for(Reptile, sinusoids()),
    ),
    "Conv4, group norm": lambda: (classifier(Conv4(3, filters=8)), random_episodes(1, 28, 28)),
    "Conv4, batch norm": lambda: (
        classifier(Conv4(3, filters=8, norm="batch"), transductive=True),
        random_episodes(1, 28, 28),
    ),
    "Transformer": lambda: (classifier(transformer()), texts()),
    "Transformer, looped": lambda: (classifier(transformer(), mapping="loop"), texts()),
    "low rank": lambda: (classifier(MLP([64, 16, 3]), low_rank=True), random_episodes(64)),
    **{
        f"PyTorch's {layer.__name__}": lambda layer=layer: (learner_on(layer), attention_tasks())
        for layer in MODELS
    },
}


def there(learner, tasks):
    return learner.to(DEVICE), to_device(tasks, DEVICE)


def stepped(learner, tasks, **settings):
    """The loss and the meta-gradient of a second outer step, on the CPU."""
    outer = OuterStep(learner, torch.optim.SGD(learner.parameters(), 0.1), **settings)
    outer.step(tasks)
    loss = outer.step(tasks)
    found = {n: p.grad for n, p in learner.named_parameters() if p.grad is not None}
    return {"loss": loss.cpu(), **{name: gradient.cpu() for name, gradient in found.items()}}


def check_same(found, expected, tolerance):
    assert found.keys() == expected.keys()
    for name, right in expected.items():
        assert (found[name] - right).norm() <= tolerance * right.norm() + 1e-12, name


@pytest.mark.parametrize("case", CASES)
def test_outer_steps_agree(case):
    check_same(stepped(*there(*CASES[case]())), stepped(*CASES[case]()), 1e-9)


@pytest.mark.parametrize("case", [name for name in CASES if name != "low rank"])
def test_recorded_outer_steps_agree(case):
    found = stepped(*there(*CASES[case]()), compiled=True)
    check_same(found, stepped(*CASES[case]()), 1e-9)


@pytest.mark.parametrize("kind", LEARNERS)
def test_recorded_outer_steps_of_every_learner_agree(kind):
    tasks = merged_for(kind, sinusoids())
    found = stepped(*there(sinusoid_learner(kind), tasks), compiled=True)
    check_same(found, stepped(sinusoid_learner(kind), tasks), 1e-9)


def trained(device, **settings):
    learner = sinusoid_learner(MAML).to(device)
    return meta_train(
        learner,
        lambda i: to_device(sinusoids(4, 4 * i), device),
        iterations=20,
        optimizer=Adam(learner.parameters(), 1e-2, fused=True),
        validation=to_device(sinusoids(5, 10**6), device),
        every=10,
        progress=False,
        **settings,
    )


@pytest.mark.parametrize("compiled", [False, True])
def test_20_iterations_of_training_agree(compiled):
    found, expected = trained(DEVICE, compiled=compiled), trained("cpu", compiled=False)
    for row, right in zip(found.history, expected.history, strict=True):
        assert row == pytest.approx(right, rel=1e-7)


def test_by_the_rule_long_runs_of_small_dense_networks_are_recorded(monkeypatch):
    began, recorded = trained(DEVICE, compiled=False), []
    monkeypatch.setattr(compiling, "_FEWEST_ITERATIONS", 20)
    keep = GraphReplay.__init__
    monkeypatch.setattr(
        GraphReplay, "__init__", lambda self, *example: recorded.append(keep(self, *example))
    )
    found = trained(DEVICE)
    assert len(recorded) == 1
    for row, right in zip(found.history, began.history, strict=True):
        assert row == pytest.approx(right, rel=1e-7)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize(
    ("model", "loss", "tasks"),
    [
        (lambda: MLP([1, 40, 40, 1]), F.mse_loss, lambda: Sinusoids().batch(0, 8)),
        (transformer, F.cross_entropy, texts),
    ],
    ids=["MLP", "Transformer"],
)
def test_bf16_is_within_5_per_cent_of_the_cpu_in_float32(model, loss, tasks, compiled):
    def found(device, **settings):
        learner = MAML(model(), loss, inner_lr=0.01, inner_steps=3).to(device)
        step = stepped(learner, to_device(tasks(), device), **settings)
        return torch.cat([part.flatten() for part in step.values()])

    exact = found("cpu")
    error = (found(DEVICE, bf16=True, compiled=compiled) - exact).norm() / exact.norm()
    assert 1e-4 < error < 0.05, "below 1e-4 nothing would be in bfloat16"


def test_a_recorded_step_with_its_tasks_waits_for_nothing():
    learner, tasks = there(sinusoid_learner(MAML), sinusoids())
    outer = OuterStep(learner, Adam(learner.parameters(), 1e-2, fused=True), compiled=True)
    outer.step(tasks)
    try:
        torch.cuda.set_sync_debug_mode("error")
        outer.step(tasks)
    finally:
        torch.cuda.set_sync_debug_mode("default")


def test_a_step_that_waits_cannot_be_recorded_and_training_goes_on_without():
    def waiting(outputs, targets):
        return F.mse_loss(outputs, targets) * float(torch.ones((), device=DEVICE))

    learner, tasks = there(sinusoid_learner(MAML), sinusoids())
    learner.loss = waiting
    before = torch.cuda.current_stream()
    with pytest.raises(NotCompilable, match="cannot be recorded"):
        GraphReplay(learner, tasks)
    assert torch.cuda.current_stream() == before
    check_same(stepped(learner, tasks), stepped(sinusoid_learner(MAML), sinusoids()), 1e-9)


def test_dropout_is_refused_by_the_recorder_alone():
    model = nn.Sequential(nn.Linear(1, 8), nn.Dropout(0.5), nn.Linear(8, 1))
    learner = JointPretraining(model, F.mse_loss, inner_lr=0.1, inner_steps=1).double()
    learner, tasks = there(learner, merged_for(JointPretraining, sinusoids()))
    assert stepped(learner, tasks)["loss"].isfinite()
    with pytest.raises(NotCompilable, match="draws random numbers"):
        GraphReplay(learner, tasks)
