"""Frozen stays frozen: in every learner, mapping and tool, and whenever it was frozen."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from metalearn_lab.compiled import CompiledAdaptation, compiled_meta_loss
from metalearn_lab.evaluation.adaptation_curves import adaptation_curves
from metalearn_lab.evaluation.few_shot_score import trainable_parameters
from metalearn_lab.evaluation.meta_gradient_check import check_meta_gradient
from metalearn_lab.experiments.curvature import largest_curvature
from metalearn_lab.experiments.gradient_angle import gradient_angles
from metalearn_lab.experiments.layer_freeze import freeze_study
from metalearn_lab.learners.first_order_maml import FirstOrderMAML
from metalearn_lab.learners.imaml import IMAML
from metalearn_lab.learners.joint import JointPretraining
from metalearn_lab.learners.maml import MAML
from metalearn_lab.learners.predict_along import predict_along
from metalearn_lab.learners.reptile import Reptile
from metalearn_lab.models.lora import with_lora
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Split, Task
from tests.learners.builders import sinusoid_learner, sinusoids, text_learner, text_tasks

KINDS = {
    "maml": (MAML, {}),
    "replayed": (MAML, {"replay": True}),
    "first order": (FirstOrderMAML, {}),
    "reptile": (Reptile, {}),
    "reptile, adam": (Reptile, {"inner_optimizer": "adam"}),
    "joint": (JointPretraining, {}),
    "imaml": (IMAML, {"regularisation": 2.0, "cg_steps": 3}),
}
FROZEN = "body.0"


def frozen_learner(name, **more):
    kind, settings = KINDS[name]
    learner = sinusoid_learner(kind, **settings, **more)
    learner.model.get_submodule(FROZEN).requires_grad_(False)
    return learner


def moved(trajectory):
    first, *_, last = trajectory
    return {name for name in first if not torch.equal(first[name], last[name])}


@pytest.mark.parametrize("mapping", ["vmap", "loop"])
@pytest.mark.parametrize("name", KINDS)
def test_neither_the_inner_loop_nor_the_outer_one_moves_a_frozen_layer(name, mapping):
    learner, tasks = frozen_learner(name, mapping=mapping), sinusoids()
    others = {n for n, _ in learner.model.named_parameters() if not n.startswith(FROZEN)}
    assert moved(learner.adapt(tasks.support)) == others
    before = copy.deepcopy(dict(learner.model.named_parameters()))
    optimizer = torch.optim.Adam(learner.parameters(), 0.1, weight_decay=0.1)
    learner(tasks).backward()
    optimizer.step()
    after = dict(learner.model.named_parameters())
    assert {n for n in after if not torch.equal(before[n], after[n])} == others


@pytest.mark.parametrize("name", KINDS)
def test_it_is_the_learner_that_adapts_the_other_layers_alone(name):
    """Freezing differs from naming the other layers in one thing: the outer loop."""
    kind, settings = KINDS[name]
    named = sinusoid_learner(kind, **settings, adapts=("body.2.*", "head.*"))
    frozen, tasks = frozen_learner(name), sinusoids()
    assert frozen.adapted_names == named.adapted_names
    assert trainable_parameters(frozen) == trainable_parameters(named) == 8 * 8 + 8 + 8 + 1
    assert torch.equal(predict_along(frozen, tasks), predict_along(named, tasks))
    for learner in (frozen, named):
        learner(tasks).backward()
    for (parameter_name, one), other in zip(
        frozen.named_parameters(), named.parameters(), strict=True
    ):
        if FROZEN in parameter_name:
            assert one.grad is None
        else:
            assert torch.allclose(one.grad, other.grad, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", KINDS)
def test_the_meta_gradient_of_what_is_left_is_proved(name):
    learner, tasks = frozen_learner(name), sinusoids(2)
    report = check_meta_gradient(learner, tasks)
    names = [parameter.name for parameter in report.parameters]
    assert names == [n for n, p in learner.named_parameters() if p.requires_grad]
    if name != "imaml":  # whose inner problem is not solved by so few steps
        assert report.passed, report


@pytest.mark.parametrize("name", KINDS)
def test_freezing_and_thawing_are_seen_at_any_time(name):
    kind, settings = KINDS[name]
    learner, support = sinusoid_learner(kind, **settings), sinusoids().support
    everything = moved(learner.adapt(support))
    learner.model.head.requires_grad_(False)
    without_head = moved(learner.adapt(support))
    assert everything - without_head == {"head.weight", "head.bias"}
    learner.model.requires_grad_(True)
    assert moved(learner.adapt(support)) == everything


def test_frozen_weights_stay_when_others_stand_in_their_place():
    """Ensembles and transforms put plain tensors where the parameters are."""
    learner, tasks = frozen_learner("maml"), sinusoids()
    stand_ins = {name: p.detach().clone() for name, p in learner.named_parameters()}
    stood_in = torch.func.functional_call(learner, stand_ins, (tasks,))
    assert torch.equal(stood_in, learner(tasks))


@pytest.mark.parametrize("frozen", ["body.0", "body.1", "head"])
@pytest.mark.parametrize("kind", [MAML, FirstOrderMAML, Reptile])
def test_a_low_rank_learner_keeps_what_is_frozen_after_it_was_made(kind, frozen):
    tasks = text_tasks()
    small, plain = (
        text_learner(kind, low_rank=low_rank, mapping=mapping)
        for low_rank, mapping in ((True, "vmap"), (False, "loop"))
    )
    for learner in (small, plain):
        learner.model.get_submodule(frozen).requires_grad_(False)
        learner(tasks).backward()
    assert torch.allclose(predict_along(small, tasks), predict_along(plain, tasks), atol=1e-12)
    for one, other in zip(small.parameters(), plain.parameters(), strict=True):
        assert (one.grad is None) == (other.grad is None)
        assert one.grad is None or torch.allclose(one.grad, other.grad, atol=1e-12)


@pytest.mark.parametrize("low_rank", [True, False])
def test_a_compiled_step_keeps_what_is_frozen_and_sees_it_change(low_rank):
    tasks = text_tasks() if low_rank else sinusoids()
    learner = text_learner(MAML, low_rank=True) if low_rank else sinusoid_learner(MAML)
    frozen = learner.model.body[1 if low_rank else 0]
    frozen.requires_grad_(False)
    compiled = compiled_meta_loss(learner, tasks)
    expected = learner(tasks)
    assert torch.allclose(compiled(tasks), expected, rtol=1e-12)
    compiled(tasks).backward()
    assert frozen.weight.grad is None
    for change in (learner.model.head, frozen):
        change.requires_grad_(not change.weight.requires_grad)
        with pytest.raises(ValueError, match=r"requires_grad has changed .* compile it again"):
            compiled(tasks)
        change.requires_grad_(not change.weight.requires_grad)
    assert torch.allclose(compiled(tasks), expected, rtol=1e-12)


def test_compiled_adaptation_keeps_what_is_frozen_and_sees_it_change():
    learner, tasks = frozen_learner("maml"), sinusoids()
    compiled = CompiledAdaptation(learner, tasks.support, tasks.query.x, steps=3)
    expected = predict_along(learner, tasks)
    assert torch.allclose(compiled(tasks.support, tasks.query.x), expected, rtol=1e-10)
    learner.model.requires_grad_(True)
    with pytest.raises(ValueError, match="compile it again"):
        compiled(tasks.support, tasks.query.x)


def test_adapters_learn_beside_a_frozen_base():
    base = MLP([4, 8, 3], activation="tanh")
    base.body.requires_grad_(False)
    model = with_lora(base, ["body.0"], rank=2, lora_alpha=4)
    learner = MAML(model, F.cross_entropy, inner_lr=0.5, inner_steps=3)
    numbers = generator("frozen base")
    x, y = torch.randn(2, 6, 4, generator=numbers), torch.arange(3).repeat(2).expand(2, 6)
    split = Split(x, y)
    assert {n for n in moved(learner.adapt(split)) if "head" not in n} == {
        "body.0.lora_A",
        "body.0.lora_B",
    }
    learner(Task(split, split)).backward()
    layer = model.get_submodule("body.0")
    assert layer.base.weight.grad is None
    assert layer.lora_B.grad.norm() > 0
    assert not layer.merged().weight.requires_grad
    bare = with_lora(nn.Sequential(nn.Linear(4, 3, bias=False)), ["0"], rank=1, lora_alpha=1)
    assert bare[0].merged().bias is None


def test_tools_measure_in_what_is_not_frozen():
    """Curvature and angles of a frozen learner are those of one with the layer as a constant."""
    learner, tasks = frozen_learner("maml"), sinusoids()
    named = sinusoid_learner(MAML, adapts=("body.2.*", "head.*"))
    steepest = [largest_curvature(each, tasks.support) for each in (learner, named)]
    assert torch.equal(*steepest)
    found = gradient_angles(learner.model, F.mse_loss, tasks, (1e-9, 0.05), steps=2)
    assert found.degrees[0].abs().max() < 1e-5  # without a step, both are the same gradient
    assert found.degrees[1].min() > 1e-3


def test_a_study_of_layers_leaves_frozen_ones():
    learner, tasks = frozen_learner("maml"), sinusoids()
    study = freeze_study(learner, tasks, 3)
    assert torch.equal(study.of("all").curves.loss, adaptation_curves(learner, tasks).loss)
    only_frozen, nothing = study.adapted[True, False, False], study.adapted[False, False, False]
    assert torch.equal(only_frozen.curves.loss, nothing.curves.loss)


@pytest.mark.parametrize("name", KINDS)
def test_where_nothing_remains_to_adapt_it_is_said(name):
    kind, settings = KINDS[name]
    learner, tasks = sinusoid_learner(kind, **settings), sinusoids()
    learner.requires_grad_(False)
    message = r"nothing remains to adapt: .* adapts='\*' .*requires_grad_\(True\)"
    for use in (lambda: learner.adapt(tasks.support), lambda: adaptation_curves(learner, tasks)):
        with pytest.raises(ValueError, match=message):
            use()
    body = MLP([1, 4, 1])
    body.body.requires_grad_(False)
    with pytest.raises(ValueError, match=r"nothing remains to adapt: .* adapts='body\.\*'"):
        kind(body, F.mse_loss, inner_lr=0.1, inner_steps=1, adapts="body.*", **settings)


def test_a_frozen_parameter_that_is_named_stays_frozen_beside_others():
    model = MLP([1, 4, 1])
    model.body.requires_grad_(False)
    learner = MAML(
        model, F.mse_loss, inner_lr=0.1, inner_steps=1, adapts=("body.0.weight", "head.*")
    )
    assert learner.adapted_names == ["head.weight", "head.bias"]
