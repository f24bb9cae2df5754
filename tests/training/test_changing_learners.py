"""A learner that changes in training ends the same compiled as not, or says why it cannot."""

import warnings

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from metalearn_lab.compiled import NotCompilable
from metalearn_lab.compiled import meta_loss as compiled_meta_losses
from metalearn_lab.learners.maml import MAML
from metalearn_lab.learners.reptile import Reptile
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.tasks.types import Split, Task, merge_splits
from metalearn_lab.training import compiling
from metalearn_lab.training.checkpoint import load_checkpoint
from metalearn_lab.training.meta_train import meta_train

CHANGE = 4
ITERATIONS = 9


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    """So that a short run is compiled by the rule."""
    monkeypatch.setattr(compiling, "_FEWEST_ITERATIONS", 5)


@pytest.fixture
def compilations(monkeypatch):
    """Shapes of the batches that were compiled for."""
    made = []
    original = compiled_meta_losses.CompiledMetaLoss.__init__

    def counted(self, learner, example):
        made.append(list(example.query.x.shape))
        original(self, learner, example)

    monkeypatch.setattr(compiled_meta_losses.CompiledMetaLoss, "__init__", counted)
    return made


def network():
    model = nn.Sequential(nn.Linear(1, 5), nn.ELU(), nn.Linear(5, 1)).double()
    for number, weight in enumerate(model.parameters()):
        torch.nn.init.normal_(weight, 0, 0.3, generator=torch.Generator().manual_seed(number))
    return model


def doubled(tasks):
    return Task(*(Split(*(part.double() for part in split)) for split in tasks))


def trained(kind=MAML, *, change=lambda learner, i: None, shots=lambda i: 5, model=network, **run):
    learner = kind(model(), F.mse_loss, inner_lr=0.01, inner_steps=2)

    def tasks(i):
        change(learner, i)
        batch = doubled(Sinusoids(shots=shots(i), queries=4).batch(3 * i, 3))
        return merge_splits(batch) if kind is Reptile else batch

    optimizer = torch.optim.SGD(learner.parameters(), 0.01)
    settings = {"iterations": ITERATIONS, "every": 3, "progress": False}
    done = meta_train(learner, tasks, optimizer=optimizer, **(settings | run))
    return done, {name: weight.clone() for name, weight in learner.state_dict().items()}


def assert_close(found, expected):
    for name, weight in expected[1].items():
        torch.testing.assert_close(found[1][name], weight, rtol=1e-9, atol=1e-11, msg=name)
    for row, right in zip(found[0].history, expected[0].history, strict=True):
        assert row == pytest.approx(right, rel=1e-9)


def from_then_on(name, value):
    return lambda learner, i: setattr(learner, name, value) if i == CHANGE else None


def annealed(learner, i):
    learner.inner_lr = 0.01 * 0.8**i


def at(iteration, action):
    return lambda learner, i: action(learner) if i == iteration else None


CHANGES = {
    "annealed inner rate": (MAML, annealed),
    "inner steps": (MAML, from_then_on("inner_steps", 1)),
    "loss": (MAML, from_then_on("loss", F.l1_loss)),
    "Reptile's optimiser": (Reptile, from_then_on("inner_optimizer", "adam")),
    "Reptile's minibatch": (Reptile, from_then_on("inner_batch", 3)),
    "layer": (MAML, at(CHANGE, lambda m: setattr(m.model[1], "alpha", 0.2))),
    "frozen": (Reptile, at(CHANGE, lambda m: m.model[0].bias.requires_grad_(False))),
    "hook": (MAML, at(CHANGE, lambda m: m.model[2].register_forward_hook(lambda m, x, y: y / 2))),
    "eval": (MAML, at(CHANGE, lambda m: m.eval())),
}


@pytest.mark.parametrize("change", CHANGES)
def test_by_the_rule_a_run_ends_as_if_it_were_not_compiled(compilations, change):
    kind, changes = CHANGES[change]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = trained(kind, change=changes)
    assert len(compilations) == 1
    expected = trained(kind, change=changes, compiled=False)
    assert_close(found, expected)
    if change != "eval":
        unchanged = trained(kind, compiled=False)
        assert any(not torch.allclose(expected[1][n], w) for n, w in unchanged[1].items())


def test_by_the_rule_other_shapes_go_on_uncompiled(compilations):
    found = trained(shots=lambda i: 5 + i % 3)
    assert len(compilations) == 1
    assert_close(found, trained(shots=lambda i: 5 + i % 3, compiled=False))


def test_where_it_was_asked_for_a_changed_learner_is_compiled_again(compilations):
    change = from_then_on("inner_steps", 1)
    assert_close(trained(change=change, compiled=True), trained(change=change, compiled=False))
    assert len(compilations) == 2


def test_where_it_was_asked_for_a_learner_that_always_changes_is_an_error():
    with pytest.raises(NotCompilable, match=r"inner_lr has changed .* changes so often"):
        trained(change=annealed, compiled=True)


def test_where_it_was_asked_for_other_shapes_are_an_error():
    with pytest.raises(ValueError, match="compile again for other shapes"):
        trained(shots=lambda i: 5 + i, compiled=True)


class Stopped(Exception):
    pass


def stop(learner):
    raise Stopped


@pytest.mark.parametrize("stopped", [CHANGE - 1, 7])
def test_a_run_that_is_no_longer_compiled_goes_on_bit_for_bit(tmp_path, stopped):
    change = CHANGES["loss"][1]

    def changed_and_stopped(learner, i):
        change(learner, i)
        at(stopped, stop)(learner, i)

    def changed_at_once(learner, i):
        if i >= CHANGE:
            learner.loss = F.l1_loss

    path = tmp_path / "run"
    with pytest.raises(Stopped):
        trained(change=changed_and_stopped, checkpoint=path)
    assert load_checkpoint(path).description["compiled"] == (stopped < CHANGE)
    found = trained(change=changed_at_once, checkpoint=path)
    expected = trained(change=change)
    assert found[0] == expected[0]
    assert all(torch.equal(found[1][name], weight) for name, weight in expected[1].items())


class Counting(MAML):
    """Its meta-loss grows with every call, as with a schedule of its own."""

    calls = 0

    def meta_loss(self, task):
        self.calls += 1
        return (1 + self.calls / 10) * super().meta_loss(task)


def test_a_meta_loss_with_a_state_of_its_own_is_not_compiled_by_the_rule(compilations):
    found, expected = trained(Counting), trained(Counting, compiled=False)
    assert compilations == []
    assert all(torch.equal(found[1][name], weight) for name, weight in expected[1].items())


def test_a_meta_loss_with_a_state_of_its_own_is_refused_where_it_was_asked_for():
    with pytest.raises(NotCompilable, match=r"changes the learner itself \(learner\.calls has"):
        trained(Counting, compiled=True)


class WithABuffer(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = network()
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x):
        with torch.no_grad():
            self.calls += 1
        return self.inner(x)


def test_a_buffer_that_the_model_writes_is_refused_where_it_was_asked_for():
    def looped(*args, **settings):
        return MAML(*args, **settings, mapping="loop")

    with pytest.raises(NotCompilable, match=r"writes into the buffer model\.calls"):
        trained(looped, model=WithABuffer, compiled=True)


class OutOfSight:
    """Neither attributes nor a closure: what it holds cannot be listed."""

    __slots__ = ("scale",)


HIDDEN = OutOfSight()


def hidden_loss(outputs, targets):
    return HIDDEN.scale * F.mse_loss(outputs, targets)


def test_what_cannot_be_seen_to_change_is_found_by_computing_again():
    HIDDEN.scale = 1.0

    def change(learner, i):
        learner.loss = hidden_loss
        HIDDEN.scale = 1.0 if i < CHANGE else 3.0

    with pytest.raises(NotCompilable, match="disagrees with PyTorch on the meta-loss"):
        trained(change=change, compiled=True)


def captured():
    weights = torch.tensor([1.0, 2.0], dtype=torch.float64)
    return lambda outputs, targets: weights.sum() * F.mse_loss(outputs, targets)


def test_a_loss_that_captures_a_tensor_trains_by_the_rule_and_is_refused_by_name():
    change = at(0, lambda learner: setattr(learner, "loss", captured()))
    assert_close(trained(change=change), trained(change=change, compiled=False))
    with pytest.raises(NotCompilable, match=r"holds a tensor that is neither .* as class weights"):
        trained(change=change, compiled=True)


def test_weights_of_classes_in_a_loss_of_pytorchs_are_compiled(compilations):
    def run(compiled):
        loss = nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0, 3.0]))
        learner = MAML(MLP([3, 6, 3]), loss, inner_lr=0.1, inner_steps=1)

        def tasks(i):
            numbers = torch.Generator().manual_seed(i)
            splits = [
                Split(
                    torch.randn(4, 6, 3, generator=numbers),
                    torch.randint(3, (4, 6), generator=numbers),
                )
                for _ in range(2)
            ]
            return Task(*splits)

        optimizer = torch.optim.SGD(learner.parameters(), 0.1)
        run = meta_train(
            learner, tasks, iterations=6, optimizer=optimizer, progress=False, compiled=compiled
        )
        return run.history[-1]["meta_loss"]

    assert run(None) == pytest.approx(run(False), rel=1e-5)
    assert len(compilations) == 1


def test_random_numbers_are_the_same_whether_compiling_was_tried_or_not():
    def with_dropout():
        return nn.Sequential(nn.Linear(1, 5), nn.Dropout(0.5), nn.Linear(5, 1)).double()

    def run(compiled):
        torch.manual_seed(0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            trained(model=with_dropout, compiled=compiled)
        return torch.rand(1)

    assert run(None) == run(False)
