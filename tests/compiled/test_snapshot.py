"""Whatever a trace took for constant is seen to change, and nothing else is."""

from functools import partial
from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from metalearn_lab.compiled.not_compilable import NotCompilable, OtherLearner
from metalearn_lab.compiled.snapshot import Snapshot
from metalearn_lab.learners.first_order_maml import FirstOrderMAML
from metalearn_lab.learners.joint import JointPretraining
from metalearn_lab.learners.maml import MAML
from metalearn_lab.learners.reptile import Reptile
from metalearn_lab.models.mlp import MLP

SCALE = 1.0


def global_loss(outputs, targets):
    return SCALE * F.mse_loss(outputs, targets)


def caller(outputs, targets):
    return global_loss(outputs, targets)


class Scaled(MAML):
    scale = 1.0
    table: dict = {"scale": 1.0}  # noqa: RUF012

    def meta_loss(self, task):
        return self.scale * super().meta_loss(task)


class Weighted:
    def __init__(self):
        self.weight = 1.0

    def __call__(self, outputs, targets):
        return self.weight * F.mse_loss(outputs, targets)

    def loss(self, outputs, targets):
        return self(outputs, targets)


class Slotted:
    __slots__ = ("weight",)


class Gated(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(1, 1)
        self.settings = SimpleNamespace(gate=[1.0, 2.0])

    def forward(self, x):
        return self.inner(x) * self.settings.gate[0]


def learner(kind=MAML, model=None, loss=F.mse_loss, **settings):
    return kind(model or MLP([1, 4, 1]), loss, **({"inner_lr": 0.1, "inner_steps": 1} | settings))


def closing_over(value):
    def loss(outputs, targets):
        return value * F.mse_loss(outputs, targets)

    def change(to):
        nonlocal value
        value = to

    return loss, change


def changed_closure():
    loss, change = closing_over(1.0)
    return learner(loss=loss), lambda: change(2.0)


def changed_global():
    return learner(loss=caller), lambda: globals().update(SCALE=2.0)


def changed_class():
    return learner(Scaled), lambda: setattr(Scaled, "scale", 2.0)


def changed_table():
    return learner(Scaled), lambda: Scaled.table.update(scale=2.0)


def changed_method():
    return learner(Scaled), lambda: setattr(Scaled, "meta_loss", MAML.meta_loss)


def of(module, change):
    return lambda: (module, lambda: change(module))


def of_object(use):
    held = Weighted()
    return lambda: (learner(loss=use(held)), lambda: setattr(held, "weight", 2.0))


def in_a_captured_tensor():
    weights = torch.ones(2)
    return learner(loss=lambda o, y: weights.sum() * F.mse_loss(o, y)), lambda: weights.add_(1)


CHANGES = {
    "inner rate": of(learner(), lambda m: setattr(m, "inner_lr", 0.2)),
    "inner steps": of(learner(), lambda m: setattr(m, "inner_steps", 2)),
    "what adapts": of(learner(), lambda m: setattr(m, "adapts", "head.*")),
    "loss": of(learner(), lambda m: setattr(m, "loss", F.l1_loss)),
    "Reptile's optimiser": of(learner(Reptile), lambda m: setattr(m, "inner_optimizer", "adam")),
    "Reptile's minibatch": of(learner(Reptile), lambda m: setattr(m, "inner_batch", 3)),
    "a new attribute": of(learner(), lambda m: setattr(m, "scale", 2.0)),
    "a deleted attribute": of(learner(), lambda m: delattr(m, "chunk_size")),
    "a method of the instance": of(learner(), lambda m: setattr(m, "meta_loss", m.forward)),
    "eval": of(learner(), lambda m: m.eval()),
    "eval of one layer": of(learner(), lambda m: m.model.body[1].eval()),
    "a layer's attribute": of(
        learner(model=nn.Sequential(nn.ELU(), nn.Linear(1, 1))),
        lambda m: setattr(m.model[0], "alpha", 0.5),
    ),
    "another layer": of(learner(), lambda m: m.model.body.__setitem__(1, nn.Tanh())),
    "one layer more": of(learner(), lambda m: m.model.body.append(nn.Tanh())),
    "another parameter": of(
        learner(), lambda m: setattr(m.model.head, "bias", nn.Parameter(m.model.head.bias.detach()))
    ),
    "frozen": of(learner(), lambda m: m.model.head.bias.requires_grad_(False)),
    "a forward hook": of(
        learner(), lambda m: m.model.head.register_forward_hook(lambda m, x, y: 2 * y)
    ),
    "a forward hook before": of(
        learner(), lambda m: m.model.register_forward_pre_hook(lambda m, x: (2 * x[0],))
    ),
    "a list inside an object": of(
        learner(model=Gated()), lambda m: m.model.settings.gate.__setitem__(0, 3.0)
    ),
    "an object's attribute": of_object(lambda held: held),
    "the object of a bound method": of_object(lambda held: held.loss),
    "the object in a partial": of_object(lambda held: partial(Weighted.loss, held)),
    "a closure": changed_closure,
    "a global of a function that is called": changed_global,
    "a class": changed_class,
    "a table of a class": changed_table,
    "a method": changed_method,
    "a captured tensor": in_a_captured_tensor,
}


@pytest.fixture(autouse=True)
def _put_back(monkeypatch):
    monkeypatch.setattr(Scaled, "scale", 1.0)
    monkeypatch.setattr(Scaled, "table", {"scale": 1.0})
    monkeypatch.setattr(Scaled, "meta_loss", Scaled.meta_loss)
    monkeypatch.setitem(globals(), "SCALE", 1.0)


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_seen_and_named(change):
    module, make = CHANGES[change]()
    snapshot = Snapshot(module)
    snapshot.check()
    make()
    with pytest.raises(OtherLearner, match=r"has changed from .* compile it again"):
        snapshot.check()


def test_surroundings_are_seen():
    snapshot = Snapshot(learner())
    with (
        torch.autocast("cpu", torch.bfloat16),
        pytest.raises(OtherLearner, match="autocast on the CPU has changed from False to True"),
    ):
        snapshot.check()
    snapshot.check()


def test_weights_move_and_numbers_are_set_again_without_a_change():
    module = learner(inner_lr=0.3)
    snapshot = Snapshot(module)
    with torch.no_grad():
        for weight in module.parameters():
            weight.add_(1)
    module.zero_grad()
    module.inner_lr = float("0.3")
    module.train()
    module.load_state_dict(module.state_dict())
    snapshot.check()


@pytest.mark.parametrize("kind", [MAML, FirstOrderMAML, Reptile, JointPretraining])
@pytest.mark.parametrize("loss", [F.mse_loss, F.cross_entropy, nn.HuberLoss()])
def test_the_packages_learners_on_layers_of_pytorch_are_not_in_doubt(kind, loss):
    assert Snapshot(learner(kind, loss=loss)).doubtful_names == []
    assert (
        Snapshot(learner(kind, nn.Sequential(nn.Linear(1, 2), nn.ELU()), loss)).doubtful_names == []
    )


def with_hook():
    module = learner()
    module.model.head.register_forward_hook(lambda m, x, y: 2 * y)
    return module


@pytest.mark.parametrize(
    "make",
    [
        lambda: learner(Scaled),
        lambda: learner(model=Gated()),
        lambda: learner(loss=global_loss),
        lambda: learner(loss=lambda o, y: 2 * F.mse_loss(o, y)),
        lambda: learner(loss=Weighted()),
        lambda: learner(loss=partial(F.mse_loss, weight=torch.ones(1))),
        with_hook,
    ],
    ids=["learner", "model", "function", "lambda", "object", "tensor", "hook"],
)
def test_code_and_tensors_of_a_users_own_are_in_doubt(make):
    assert Snapshot(make()).doubtful_names != []


def test_too_much_to_compare_is_refused():
    module = learner()
    module.data = list(range(30_000))
    with pytest.raises(NotCompilable, match=r"holds too much .*keep data out of the learner"):
        Snapshot(module)
