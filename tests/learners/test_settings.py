"""What a learner refuses, and what it says."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from metalearn_lab.learners.first_order_maml import FirstOrderMAML
from metalearn_lab.learners.joint import JointPretraining
from metalearn_lab.learners.maml import MAML
from metalearn_lab.learners.reptile import Reptile
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.types import Split


def make(kind=MAML, model=None, **settings):
    defaults = {"inner_lr": 0.1, "inner_steps": 1}
    return kind(model or MLP([1, 4, 1]), F.mse_loss, **(defaults | settings))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"inner_lr": -0.1}, "inner_lr must be 0 or a positive number, got -0.1"),
        ({"inner_lr": float("nan")}, "inner_lr must be 0 or a positive number, got nan"),
        ({"inner_steps": -1}, "must be 0, 1, 2, …, got -1"),
        ({"inner_steps": 1.5}, "must be 0, 1, 2, …, got 1.5"),
        ({"chunk_size": 0}, "chunk_size is a number of tasks for mapping='vmap', got 0"),
        ({"chunk_size": 2, "mapping": "loop"}, "got 2 with mapping='loop'"),
        ({"mapping": "pmap"}, "unknown mapping 'pmap': use 'vmap' .* or 'loop'"),
        ({"adapts": "tail.*"}, r"no parameter matches adapts='tail\.\*': the model has body\.0"),
        ({"adapts": ("head.*", "tail.*")}, r"no parameter matches adapts='tail\.\*'"),
        ({"adapts": ()}, "adapts holds no pattern: name what the inner loop moves"),
        ({"kind": Reptile, "inner_batch": 0}, "inner_batch must be 1 or more items, got 0"),
        (
            {"kind": JointPretraining, "model": nn.Linear(1, 1), "pretraining_head": nn.Identity()},
            "a pretraining head needs the model's features: give a model with a `body`",
        ),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        make(**settings)


def test_running_statistics_are_refused():
    model = nn.Sequential(nn.Linear(1, 4), nn.BatchNorm1d(4))
    with pytest.raises(ValueError, match=r"1 \(BatchNorm1d\) keeps running statistics"):
        make(model=model, transductive=True)


def test_synchronised_batch_norm_is_a_batch_norm():
    model = nn.Sequential(nn.Linear(1, 4), nn.SyncBatchNorm(4, track_running_stats=False))
    with pytest.raises(ValueError, match=r"wrong second derivative through 1 \(SyncBatchNorm\)"):
        make(model=model, transductive=True)


def test_batch_statistics_must_be_asked_for():
    model = nn.Sequential(nn.Linear(1, 4), nn.BatchNorm1d(4, track_running_stats=False))
    with pytest.raises(ValueError, match=r"depend on who else is asked: .* transductive=True"):
        make(FirstOrderMAML, model)
    make(FirstOrderMAML, model, transductive=True)  # first order is exact under vmap


def test_adapting_a_negative_number_of_steps_is_refused():
    support = Split(torch.zeros(2, 3, 1), torch.zeros(2, 3, 1))
    with pytest.raises(ValueError, match="must be 0, 1, 2, …, got -2"):
        make().adapt(support, -2)


@pytest.mark.parametrize("patterns", [("head.*", "body.2.*"), ("body.2.*", "head.bias", "head.*")])
def test_several_patterns_adapt_what_any_of_them_names(patterns):
    learner = make(model=MLP([1, 4, 4, 1]), adapts=patterns)
    assert learner.adapted_names == ["body.2.weight", "body.2.bias", "head.weight", "head.bias"]
    start, after = learner.adapt(Split(torch.ones(2, 3, 1), torch.zeros(2, 3, 1)))
    moved = [name for name in start if not torch.equal(start[name], after[name])]
    assert moved == [name for name in learner.adapted_names if name in moved]
    assert "head.bias" in moved
    assert "body.0.weight" not in moved


def test_one_pattern_in_a_tuple_is_the_pattern_itself():
    one, same = make(adapts="head.*"), make(adapts=("head.*",))
    assert one.adapted_names == same.adapted_names
