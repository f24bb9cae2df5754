"""The rule by which tasks are run, and the learner that follows it."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from metalearn_lab.learners.maml import MAML
from metalearn_lab.models.conv4 import Conv4
from metalearn_lab.models.mlp import MLP
from metalearn_lab.models.text_encoder import TextClassifier
from metalearn_lab.models.transformer import Transformer
from metalearn_lab.running.mapping import mapping_for
from metalearn_lab.tasks.types import Split

DENSE = [MLP([1, 8, 1]), TextClassifier(30, 3)]
HEAVY = [
    Conv4(3, filters=8),
    nn.Sequential(nn.Conv1d(1, 4, 3)),
    nn.MultiheadAttention(4, 2),
]


def maml(model: nn.Module, **settings: object) -> MAML:
    return MAML(model, F.cross_entropy, inner_lr=0.1, inner_steps=1, **settings)


@pytest.mark.parametrize("model", DENSE, ids=lambda model: type(model).__name__)
def test_dense_networks_are_vectorised(model):
    assert mapping_for(model) == mapping_for(model, torch.device("cuda")) == "vmap"


@pytest.mark.parametrize("model", HEAVY, ids=lambda model: type(model).__name__)
def test_convolutions_and_attention_are_looped_on_a_cpu_alone(model):
    assert mapping_for(model) == "loop"
    assert mapping_for(model, torch.device("cuda")) == "vmap"


def test_attention_written_out_is_known_once_it_was_seen_at_work():
    learner = maml(Transformer(30, 3, dim=8, heads=2, hidden=8))
    ids = torch.arange(1, 25).view(2, 3, 4)
    learner.adapt(Split(ids, torch.arange(3).expand(2, 3)))
    assert mapping_for(learner.model) == "loop"
    assert mapping_for(learner.model, torch.device("cuda")) == "vmap"


def test_a_learner_follows_the_rule_wherever_its_model_goes():
    learner = maml(Conv4(3, filters=8))
    assert learner.mapping == "loop"
    learner.to("meta")  # any device but the CPU
    assert learner.mapping == "vmap"


def test_what_was_asked_for_stands():
    learner = maml(Conv4(3, filters=8), mapping="vmap")
    assert learner.mapping == "vmap"
    assert maml(MLP([1, 8, 1]), mapping="loop").to("meta").mapping == "loop"


def test_a_norm_that_is_wrong_when_vectorised_needs_the_loop_by_name():
    """By the rule the model is looped here, but it would not be on a GPU."""
    model = nn.Sequential(nn.Conv1d(1, 4, 3), nn.BatchNorm1d(4, track_running_stats=False))
    assert mapping_for(model) == "loop"
    with pytest.raises(ValueError, match=r"wrong second derivative through 1 \(BatchNorm1d\)"):
        maml(model, transductive=True)
    assert maml(model, transductive=True, mapping="loop").mapping == "loop"
