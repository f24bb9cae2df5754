"""What would never be learned, and what would hide a learner, is refused before any training."""

import copy
from functools import partial

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.parallel import DataParallel
from torch.optim import SGD, Adam
from torch.optim import lr_scheduler as rates

from metalearn_lab.learners.maml import MAML
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.tasks.types import Split, Task
from metalearn_lab.training.meta_train import meta_train
from metalearn_lab.training.outer_step import OuterStep

TASKS = Sinusoids(shots=5, queries=4).batch(0, 3)


class WithScale(MAML):
    """A meta-parameter beside those of its model."""

    def __init__(self, *args, **settings):
        super().__init__(*args, **settings)
        self.scale = nn.Parameter(torch.ones(()))

    def meta_loss(self, task):
        return self.scale * super().meta_loss(task)


def learner(kind=MAML):
    return kind(MLP([1, 4, 1]), F.mse_loss, inner_lr=0.01, inner_steps=1)


def run(module, optimizer, **settings):
    defaults = {"tasks": lambda i: TASKS, "iterations": 2, "progress": False}
    return meta_train(module, optimizer=optimizer, **(defaults | settings))


def of_its_model():
    module = learner(WithScale)
    return module, Adam(module.model.parameters()), r"never move scale of the learner"


def of_a_copy():
    module = learner()
    return module, Adam(copy.deepcopy(module).parameters()), r"never move model\.body\.0\.weight, "


def of_the_head():
    module = learner()
    return module, Adam(module.model.head.parameters()), r"move model\.body\.0\.weight, model\.body"


def of_replaced_parameters():
    module = learner()
    optimizer = Adam(module.parameters())
    module.model.head = nn.Linear(4, 1)
    return module, optimizer, r"never move model\.head\.weight, model\.head\.bias of the learner"


def of_assigned_weights():
    module = learner()
    optimizer = Adam(module.parameters())
    state = {name: weight.clone() for name, weight in module.state_dict().items()}
    module.load_state_dict(state, assign=True)
    return module, optimizer, r"never move model\.body\.0\.weight, "


@pytest.mark.parametrize(
    "make",
    [of_its_model, of_a_copy, of_the_head, of_replaced_parameters, of_assigned_weights],
)
def test_an_optimiser_that_lacks_trainable_parameters_is_refused_by_their_names(make):
    module, optimizer, said = make()
    with pytest.raises(ValueError, match=said + r".*requires_grad_\(False\)"):
        run(module, optimizer)
    with pytest.raises(ValueError, match=said):
        OuterStep(module, optimizer)


def test_frozen_parameters_may_stand_in_no_group():
    module = learner(WithScale)
    module.scale.requires_grad_(False)
    run(module, SGD([p for p in module.parameters() if p.requires_grad], 0.1))


def test_a_run_does_not_move_what_it_cannot_keep():
    module, encoder = learner(), nn.Linear(2, 1)
    with pytest.raises(ValueError, match=r"not the learner's \(of shape \[1, 2\], \[1\]\)"):
        run(module, Adam([*module.parameters(), *encoder.parameters()]))


def encoded(encoder):
    return Task(*(Split(encoder(split.x), split.y) for split in TASKS))


def test_an_encoder_in_front_gets_its_gradient_or_an_error():
    module, encoder = learner(), nn.Linear(1, 1)
    optimizer = SGD([*module.parameters(), *encoder.parameters()], 0.1)
    before = encoder.weight.clone()
    OuterStep(module, optimizer).step(encoded(encoder))
    assert not torch.equal(encoder.weight, before)
    compiled = OuterStep(module, optimizer, compiled=True)
    compiled.step(TASKS)
    with pytest.raises(ValueError, match="encoder that is trained in front of the learner"):
        compiled.step(encoded(encoder))


@pytest.mark.parametrize(
    ("wrap", "said"),
    [
        (DataParallel, "wrapped in DataParallel: give the learner itself"),
        (
            partial(torch.compile, backend="eager"),
            "wrapped in OptimizedModule: give",
        ),
        (lambda module: module.model, "a learner is needed"),
        (lambda module: None, "a learner is needed"),
    ],
)
def test_what_is_no_learner_or_hides_one_is_refused(wrap, said):
    module = learner()
    with pytest.raises(TypeError, match=said):
        run(wrap(module), Adam(module.parameters()))


def test_a_sampler_in_the_place_of_a_function_is_refused():
    module = learner()
    with pytest.raises(TypeError, match=r"must be a function .* got Sinusoids: .* sampler\.batch"):
        run(module, Adam(module.parameters()), tasks=Sinusoids())


def test_an_optimiser_that_needs_a_closure_is_refused():
    module = learner()
    with pytest.raises(TypeError, match="LBFGS evaluates the loss by itself"):
        run(module, torch.optim.LBFGS(module.parameters()))


def test_a_scheduler_of_another_optimiser_is_refused():
    module = learner()
    mine, other = Adam(module.parameters()), Adam(module.parameters())
    with pytest.raises(ValueError, match="made over another optimizer"):
        run(module, mine, scheduler=rates.StepLR(other, 1))


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("off", [torch.no_grad, torch.inference_mode])
def test_where_gradients_are_switched_off_nothing_is_trained_in_silence(off, compiled):
    module = learner()
    with pytest.raises(RuntimeError, match="no gradient to follow inside"), off():
        run(module, SGD(module.parameters(), 0.1), compiled=compiled)


def test_modes_of_layers_stay_as_they_were_set():
    module = learner()
    module.model.body.eval()
    before = [layer.training for layer in module.modules()]
    run(module, Adam(module.parameters()), validation=TASKS, every=1)
    assert [layer.training for layer in module.modules()] == before
