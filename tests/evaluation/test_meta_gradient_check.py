"""The public meta-gradient check passes what is right and catches what is wrong."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from metalearn_lab.evaluation.meta_gradient_check import check_meta_gradient
from metalearn_lab.learners.joint import JointPretraining
from metalearn_lab.learners.maml import MAML
from metalearn_lab.models.mlp import MLP
from metalearn_lab.models.text_encoder import TextClassifier
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Split, Task
from tests.learners.builders import (
    LEARNERS,
    merged_for,
    sinusoid_learner,
    sinusoids,
    text_learner,
    text_tasks,
)

REFUSED = {
    "batch norm": lambda: nn.BatchNorm1d(4, track_running_stats=False),
    "affine layer norm": lambda: nn.LayerNorm([4, 6]),
    "instance norm": lambda: nn.InstanceNorm1d(4, affine=True),
}
EXACT = {
    "no norm": nn.Identity,
    "group norm": lambda: nn.GroupNorm(2, 4),
    "layer norm without affine": lambda: nn.LayerNorm([4, 6], elementwise_affine=False),
}


def convolution_with(norm: nn.Module) -> nn.Module:
    model = nn.Sequential(
        nn.Conv1d(1, 4, 3, padding=1), norm, nn.Tanh(), nn.Flatten(), nn.Linear(24, 1)
    )
    numbers = generator("convolution")
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.uniform_(-0.5, 0.5, generator=numbers)
    return model


def sequences() -> Task:
    numbers = generator("sequences")
    return Task(
        *(
            Split(
                torch.randn(2, 5, 1, 6, generator=numbers), torch.randn(2, 5, 1, generator=numbers)
            )
            for _ in range(2)
        )
    )


def second_order(norm: nn.Module, mapping: str = "loop") -> MAML:
    return MAML(
        convolution_with(norm),
        F.mse_loss,
        inner_lr=0.1,
        inner_steps=1,
        mapping=mapping,
        transductive=True,
    )


@pytest.mark.parametrize("kind", LEARNERS)
def test_our_models_pass_with_every_learner(kind):
    for learner, tasks in [
        (sinusoid_learner(kind), sinusoids()),
        (text_learner(kind), text_tasks()),
    ]:
        report = check_meta_gradient(learner, merged_for(kind, tasks))
        assert report.passed, report


def test_the_paper_sized_models_pass():
    from metalearn_lab.tasks.sinusoids import Sinusoids

    sine = MAML(MLP([1, 40, 40, 1]), F.mse_loss, inner_lr=0.01, inner_steps=2)
    assert check_meta_gradient(sine, Sinusoids().batch(0, 2)).passed
    model = TextClassifier(30, 3)
    torch.nn.init.normal_(model.head.weight, generator=generator("head"))
    text = MAML(model, F.cross_entropy, inner_lr=0.5, inner_steps=2)
    assert check_meta_gradient(text, text_tasks(2)).passed


def test_joint_pretraining_with_its_own_head_passes():
    model = TextClassifier(30, 3, dim=4, hidden=5)
    learner = JointPretraining(
        model, F.cross_entropy, pretraining_head=nn.Linear(5, 3), inner_lr=0.1, inner_steps=1
    )
    report = check_meta_gradient(learner, text_tasks())
    assert report.passed, report


@pytest.mark.parametrize("norm", REFUSED)
def test_norms_that_vmap_differentiates_wrongly_are_caught(norm):
    report = check_meta_gradient(second_order(REFUSED[norm]()), sequences())
    assert not report.passed
    wrong = {p.name for p in report.parameters if p.vmap_error > 1e-3}
    assert "model.0.weight" in wrong  # the weights below the norm
    assert all(p.reference_error < 1e-6 for p in report.parameters), "the loop is right"
    assert "WRONG" in repr(report)


@pytest.mark.parametrize("norm", EXACT)
def test_norms_that_are_exact_pass(norm):
    report = check_meta_gradient(second_order(EXACT[norm](), mapping="vmap"), sequences())
    assert report.passed, report


@pytest.mark.parametrize("norm", REFUSED)
def test_the_learner_refuses_them_vectorised_and_says_what_to_do(norm):
    with pytest.raises(ValueError, match=r"wrong second derivative through 1 \(.*mapping='loop'"):
        second_order(REFUSED[norm](), mapping="vmap")


def test_a_wrong_meta_gradient_is_caught():
    """A learner that forgets the second order but claims MAML's meta-loss fails the check."""

    class Forgetful(MAML):
        def inner_step(self, theta, support, step):
            stepped = super().inner_step({n: w.detach() for n, w in theta.items()}, support, step)
            return {n: theta[n] + (stepped[n] - theta[n]).detach() for n in theta}

    report = check_meta_gradient(sinusoid_learner(Forgetful), sinusoids())
    assert not report.passed
    assert all(p.vmap_error < 1e-10 for p in report.parameters), "both mappings agree, both wrong"


def test_the_learner_is_left_as_it_was():
    learner = sinusoid_learner(MAML).float()
    before = {name: p.detach().clone() for name, p in learner.named_parameters()}
    check_meta_gradient(learner, sinusoids())
    assert all(torch.equal(before[name], p) for name, p in learner.named_parameters())
    assert next(learner.parameters()).dtype == torch.float32
    assert learner.mapping == "vmap"


def test_the_table_names_every_parameter_and_its_errors():
    text = repr(check_meta_gradient(sinusoid_learner(MAML), sinusoids()))
    assert text.count(" ok") == 6
    assert "model.head.bias" in text
    assert "central finite differences" in text
    assert text.endswith("passed")
