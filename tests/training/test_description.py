"""A run never goes on from the checkpoint of another, and says in a line what differs."""

import functools

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.optim import lr_scheduler as rates

from metalearn_lab.learners.first_order_maml import FirstOrderMAML
from metalearn_lab.learners.joint import JointPretraining
from metalearn_lab.learners.maml import MAML
from metalearn_lab.learners.reptile import Reptile
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.tasks.types import Split, Task
from metalearn_lab.training.checkpoint import CheckpointError
from metalearn_lab.training.description import describe
from metalearn_lab.training.meta_train import meta_train

VALIDATION = Sinusoids(split="validation")


def run(
    path,
    *,
    kind=MAML,
    sizes=(1, 6, 1),
    activation="relu",
    loss=F.mse_loss,
    optimizer=lambda parameters: torch.optim.Adam(parameters, 1e-3),
    scheduler=lambda optimizer: rates.StepLR(optimizer, 50),
    learner=None,
    loop=None,
    iterations=2,
):
    settings = {"inner_lr": 0.01, "inner_steps": 1} | (learner or {})
    module = kind(MLP(sizes, activation=activation), loss, **settings)
    outer = optimizer(module.parameters())
    defaults = {"every": 1, "patience": 9, "validation": VALIDATION.batch(0, 2)}
    return meta_train(
        module,
        lambda i: Sinusoids().batch(2 * i, 2),
        iterations=iterations,
        optimizer=outer,
        scheduler=scheduler(outer) if scheduler else None,
        checkpoint=path,
        progress=False,
        **(defaults | (loop or {})),
    )


def adam(**settings):
    return lambda parameters: torch.optim.Adam(parameters, **({"lr": 1e-3} | settings))


def halves(parameters):
    parameters = list(parameters)
    return [{"params": parameters[:2]}, {"params": parameters[2:]}]


REPTILE = {"kind": Reptile, "learner": {"inner_batch": 3}}
SEQUENCE = {
    "scheduler": lambda o: rates.SequentialLR(
        o, [rates.ConstantLR(o), rates.MultiStepLR(o, [10])], [5]
    )
}
OTHER_SEQUENCE = {
    "scheduler": lambda o: rates.SequentialLR(
        o, [rates.ConstantLR(o), rates.MultiStepLR(o, [11])], [5]
    )
}


@pytest.mark.parametrize(
    ("first", "second", "difference"),
    [
        ({}, {"kind": FirstOrderMAML}, r"learner: 'MAML' there, 'FirstOrderMAML' here"),
        ({}, {"learner": {"inner_lr": 0.02}}, r"inner_lr: 0\.01 there, 0\.02 here"),
        ({}, {"learner": {"inner_steps": 2}}, r"inner_steps: 1 there, 2 here"),
        ({}, {"learner": {"adapts": "head.*"}}, r"adapts: '\*' there, 'head\.\*' here"),
        (
            {"learner": {"adapts": ("head.*", "body.*")}},
            {"learner": {"adapts": ("head.*", "body.0.*")}},
            r"adapts 1: 'body\.\*' there, 'body\.0\.\*' here",
        ),
        (REPTILE, REPTILE | {"learner": {}}, r"inner_batch: 3 there, None here"),
        ({}, {"activation": "tanh"}, r"layers model\.body\.1: 'ReLU\(\)' there, 'Tanh\(\)' here"),
        (
            {},
            {"sizes": (1, 7, 1)},
            r"weights model\.body\.0\.weight: '\[6, 1\] torch\.float32' there, '\[7, 1\] .* here",
        ),
        ({}, {"loss": F.l1_loss}, r"loss: 'mse_loss' there, 'l1_loss' here"),
        ({"loss": nn.MSELoss()}, {"loss": nn.L1Loss()}, r"loss: 'MSELoss\(\)' there, 'L1Loss"),
        (
            {"kind": JointPretraining},
            {"kind": JointPretraining, "learner": {"pretraining_head": nn.Linear(6, 1)}},
            r"layers pretraining_head: None there, 'Linear\(in_features=6",
        ),
        ({}, {"optimizer": adam(lr=0.1)}, r"optimizer group 0 lr: 0\.001 there, 0\.1 here"),
        (
            {"scheduler": None},
            {"scheduler": None, "optimizer": adam(lr=0.1)},
            r"optimizer group 0 lr: 0\.001 there, 0\.1 here",
        ),
        ({}, {"optimizer": adam(betas=(0.8, 0.9))}, r"optimizer group 0 betas 0: 0\.9 there, 0\.8"),
        (
            {},
            {"optimizer": lambda p: torch.optim.AdamW(p, 1e-3)},
            r"optimizer class: 'Adam' there, 'AdamW' here",
        ),
        (
            {},
            {"optimizer": lambda p: torch.optim.Adam(halves(p), 1e-3)},
            r"optimizer group 0 parameters: 4 there, 2 here",
        ),
        ({}, {"scheduler": None}, r"scheduler: \{.*'StepLR'.*\} there, None here"),
        (
            {},
            {"scheduler": lambda o: rates.StepLR(o, 60)},
            r"scheduler step_size: 50 there, 60 here",
        ),
        (SEQUENCE, OTHER_SEQUENCE, r"scheduler _schedulers 1 milestones 10: 1 there, None here"),
        ({}, {"loop": {"every": 2}}, r"every: 1 there, 2 here"),
        ({}, {"loop": {"patience": 10}}, r"patience: 9 there, 10 here"),
        (
            {},
            {"loop": {"validation": VALIDATION.batch(2, 2)}},
            r"validation: '2 tasks, sha256 \w{16}' there, '2 tasks, sha256 \w{16}' here",
        ),
        ({}, {"loop": {"validation": None, "patience": None}}, r"validation: '2 .* None here"),
    ],
)
def test_a_checkpoint_of_another_run_is_refused_by_what_differs(
    tmp_path, first, second, difference
):
    run(tmp_path / "run", **first)
    with pytest.raises(CheckpointError, match=rf"checkpoint of another run \(.*{difference}") as at:
        run(tmp_path / "run", **second, iterations=4)
    assert len(str(at.value)) < 900, "a page is not readable"


@pytest.mark.parametrize(
    "settings",
    [
        {},
        REPTILE,
        SEQUENCE,
        {"scheduler": lambda o: rates.OneCycleLR(o, 0.1, total_steps=9)},
        {"scheduler": lambda o: rates.CosineAnnealingWarmRestarts(o, 2)},
        {"scheduler": lambda o: rates.LambdaLR(o, lambda step: 0.9**step)},
        {"loss": functools.partial(F.huber_loss, delta=0.5)},
    ],
)
def test_the_same_settings_are_the_same_run(tmp_path, settings):
    run(tmp_path / "run", **settings)
    assert run(tmp_path / "run", **settings, iterations=4).iterations == 4


def test_the_objects_of_the_first_half_may_serve_the_second(tmp_path):
    """A notebook's cell run again: the rate has fallen meanwhile, the run is the same."""
    module = MAML(MLP([1, 6, 1]), F.mse_loss, inner_lr=0.01, inner_steps=1)
    optimizer = torch.optim.Adam(module.parameters(), 1e-2)
    settings = {"scheduler": rates.StepLR(optimizer, 1), "checkpoint": tmp_path / "run"}
    for iterations in (2, 4):
        done = meta_train(
            module,
            lambda i: Sinusoids().batch(2 * i, 2),
            iterations=iterations,
            optimizer=optimizer,
            progress=False,
            **settings,
        )
    assert done.iterations == 4


def test_a_description_has_no_memory_addresses():
    """Two processes must describe one run alike."""
    module = MAML(MLP([1, 6, 1]), functools.partial(F.mse_loss), inner_lr=0.01, inner_steps=1)
    text = str(describe(module, torch.optim.Adam(module.parameters()), None, None))
    assert "functools.partial(<function mse_loss>)" in text
    assert "0x" not in text


@pytest.mark.parametrize(
    "settings", [{"chunk_size": 1}, {"mapping": "loop"}, {"low_rank": False}, {"replay": True}]
)
def test_how_tasks_are_run_may_change(tmp_path, settings):
    run(tmp_path / "run")
    assert run(tmp_path / "run", learner=settings, iterations=3).iterations == 3


@pytest.mark.parametrize(
    "view", [lambda wide: wide[:, :, 0], lambda wide: wide[:, :, 0].T.contiguous().T]
)
def test_validation_tasks_are_told_by_their_numbers_however_they_lie_in_memory(view):
    learner = MAML(MLP([1, 4, 1]), F.mse_loss, inner_lr=0.01, inner_steps=1)
    optimizer = torch.optim.SGD(learner.parameters(), 0.1)
    wide = torch.randn(3, 4, 2, generator=torch.Generator().manual_seed(0))

    def of(y):
        split = Split(torch.zeros(3, 4, 1), y)
        return describe(learner, optimizer, None, Task(split, split))["validation"]

    assert of(view(wide)) == of(view(wide).contiguous()) != of(wide[:, :, 1].contiguous())
