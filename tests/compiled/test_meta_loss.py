"""The compiled meta-gradient is the learner's own."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from metalearn_lab.compiled import CompiledMetaLoss, NotCompilable
from metalearn_lab.learners.first_order_maml import FirstOrderMAML
from metalearn_lab.learners.joint import JointPretraining
from metalearn_lab.learners.learner import Learner
from metalearn_lab.learners.maml import MAML
from metalearn_lab.learners.reptile import Reptile
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.tasks.types import Split, Task, merge_splits


def sinusoids(tasks: int, first: int = 0) -> Task:
    batch = Sinusoids(shots=5, queries=4).batch(first, tasks)
    return Task(*(Split(split.x.double(), split.y.double()) for split in batch))


def labelled(tasks: int) -> Task:
    numbers = generator("compiled", "labelled")
    x = torch.randn(tasks, 9, 6, generator=numbers, dtype=torch.float64)
    y = torch.randint(0, 3, (tasks, 9), generator=numbers)
    return Task(Split(x[:, :5], y[:, :5]), Split(x[:, 5:], y[:, 5:]))


def regressor(kind: type[Learner], **settings: object) -> Learner:
    model = MLP([1, 7, 6, 1], activation="tanh").double()
    return kind(model, F.mse_loss, inner_lr=0.05, **{"inner_steps": 3, **settings})


def gradient(loss: torch.Tensor, learner: Learner) -> dict[str, torch.Tensor]:
    learner.zero_grad()
    loss.backward()
    found = {n: p.grad.clone() for n, p in learner.named_parameters() if p.grad is not None}
    return {"loss": loss.detach(), **found}


def assert_same(learner: Learner, example: Task, tasks: Task) -> None:
    compiled = CompiledMetaLoss(learner, example)
    expected, found = gradient(learner(tasks), learner), gradient(compiled(tasks), learner)
    assert found.keys() == expected.keys()
    for name, right in expected.items():
        torch.testing.assert_close(found[name], right, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("steps", [0, 1, 4])
@pytest.mark.parametrize("kind", [MAML, FirstOrderMAML, Reptile, JointPretraining])
def test_regression(kind: type[Learner], steps: int) -> None:
    tasks = sinusoids(9)
    if kind is Reptile:
        steps = max(steps, 1)  # without a step it learns nothing, and refuses
        merged = merge_splits(tasks)
        tasks = Task(*(Split(s.x, s.y) for s in merged))
    assert_same(regressor(kind, inner_steps=steps), tasks, tasks)


@pytest.mark.parametrize("adapts", ["*", "head.*", "body.*"])
@pytest.mark.parametrize("kind", [MAML, FirstOrderMAML])
def test_classification_with_any_part_adapting(kind: type[Learner], adapts: str) -> None:
    model = MLP([6, 8, 3]).double()
    learner = kind(model, F.cross_entropy, inner_lr=0.3, inner_steps=2, adapts=adapts)
    assert_same(learner, labelled(5), labelled(12))


def test_reptile_on_minibatches_that_start_over() -> None:
    learner = regressor(Reptile, inner_steps=5, inner_batch=2)
    assert_same(learner, sinusoids(3), sinusoids(10))


def test_frozen_weights_and_buffers_are_used_and_get_no_gradient() -> None:
    class Scaled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = MLP([1, 5, 5])
            self.head = nn.Linear(5, 1)
            self.register_buffer("scale", torch.tensor(0.5))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.scale * self.head(F.layer_norm(F.gelu(self.body(x)), (5,)))

    model = Scaled().double()
    model.body.requires_grad_(False)
    learner = MAML(model, F.mse_loss, inner_lr=0.1, inner_steps=2, adapts="head.*")
    assert_same(learner, sinusoids(3), sinusoids(3))


@settings(max_examples=25, deadline=None)
@given(count=st.integers(1, 70), first=st.integers(0, 1000))
def test_any_number_of_tasks(count: int, first: int) -> None:
    tasks = sinusoids(count, first)
    expected = gradient(SHARED(tasks), SHARED)
    for name, found in gradient(COMPILED(tasks), SHARED).items():
        torch.testing.assert_close(found, expected[name], rtol=1e-11, atol=1e-13)


SHARED = regressor(MAML, inner_steps=1)
COMPILED = CompiledMetaLoss(SHARED, sinusoids(2))


def test_weights_are_read_at_every_call() -> None:
    learner = regressor(MAML)
    compiled = CompiledMetaLoss(learner, sinusoids(4))
    with torch.no_grad():
        for parameter in learner.parameters():
            parameter.mul_(1.1)
    torch.testing.assert_close(compiled(sinusoids(4)), learner(sinusoids(4)))


def test_other_settings_shapes_or_types_are_refused() -> None:
    learner = regressor(MAML)
    compiled = CompiledMetaLoss(learner, sinusoids(4))
    with pytest.raises(ValueError, match="compile again for other shapes"):
        compiled(Task(sinusoids(4).support, sinusoids(4).support))
    with pytest.raises(ValueError, match=r"float32"):
        compiled(Sinusoids(shots=5, queries=4).batch(0, 4))
    learner.inner_lr = 0.01
    with pytest.raises(ValueError, match=r"inner_lr.*compile it again"):
        compiled(sinusoids(4))


def test_single_precision_agrees_to_its_rounding() -> None:
    learner = regressor(MAML).float()
    tasks = Sinusoids(shots=5, queries=4).batch(0, 25)
    compiled = CompiledMetaLoss(learner, tasks)
    expected = gradient(learner(tasks), learner)
    for name, found in gradient(compiled(tasks), learner).items():
        assert (found - expected[name]).norm() <= 1e-5 * expected[name].norm()


def test_no_second_derivative_of_a_known_gradient() -> None:
    loss = COMPILED(sinusoids(3))
    with pytest.raises(RuntimeError, match="cannot be differentiated again"):
        torch.autograd.grad(loss, SHARED.model.head.bias, create_graph=True)


def test_without_a_compiler_the_reason_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CC", raising=False)
    with pytest.raises(NotCompilable, match="install gcc or clang"):
        CompiledMetaLoss(regressor(MAML, inner_steps=2), sinusoids(2))


def test_a_compiler_that_fails_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "false")
    with pytest.raises(NotCompilable, match="false refuses the compiled step"):
        CompiledMetaLoss(regressor(MAML, inner_steps=2), sinusoids(2))


def test_no_tasks_are_refused() -> None:
    none = Task(*(Split(split.x[:0], split.y[:0]) for split in sinusoids(1)))
    with pytest.raises(ValueError, match="a batch needs one or more"):
        COMPILED(none)


def test_a_wrong_compiled_gradient_never_trains(monkeypatch: pytest.MonkeyPatch) -> None:
    from metalearn_lab.compiled import formulas, rules

    assert formulas.FORMULAS["mul"] == "({0} * {1})"
    monkeypatch.setitem(
        rules.RULES,
        "mul",
        lambda lower, node: lower.formula(node, "({0} * {1} * S(1.001))", *node.args),
    )
    with pytest.raises(NotCompilable, match="disagrees with PyTorch on"):
        CompiledMetaLoss(regressor(MAML), sinusoids(2))
