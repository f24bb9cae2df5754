"""Recurrent models: their formulas beside PyTorch's kernels, and exact second derivatives."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from metalearn_lab.evaluation.meta_gradient_check import check_meta_gradient
from metalearn_lab.learners.maml import MAML
from metalearn_lab.models.recurrent import LSTM, RNN
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Split, Task

KINDS = [(RNN, nn.RNN), (LSTM, nn.LSTM)]


def tiny(kind: type[RNN]) -> RNN:
    model = kind(7, hidden=5).double()
    nn.init.normal_(model.head.weight, generator=generator("head"))
    return model


def ids(length: int = 6, items: int = 3) -> torch.Tensor:
    return torch.randint(0, 7, (items, length), generator=generator("ids", length))


def loss(scores: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return F.cross_entropy(scores.flatten(0, -2), targets.flatten())


def tasks() -> Task:
    texts = torch.stack([ids(), ids().flip(0)])
    return Task(*(Split(t[..., :-1], t[..., 1:]) for t in (texts, texts.flip(-1))))


@pytest.mark.parametrize(("kind", "of_pytorch"), KINDS)
def test_the_states_are_those_of_pytorch_on_one_hot_inputs(kind, of_pytorch):
    ours, theirs = tiny(kind), of_pytorch(7, 5, batch_first=True, dtype=torch.float64)
    values = {
        "weight_ih_l0": ours.table.T,
        "weight_hh_l0": ours.recurrent.weight,
        "bias_ih_l0": torch.zeros_like(ours.recurrent.bias),
        "bias_hh_l0": ours.recurrent.bias,
    }
    theirs.load_state_dict(values)
    expected, _ = theirs(F.one_hot(ids(), 7).double())
    assert torch.allclose(ours.features(ids()), expected, rtol=1e-10)


@pytest.mark.parametrize("kind", [RNN, LSTM])
def test_the_meta_gradient_is_proved(kind):
    report = check_meta_gradient(MAML(tiny(kind), loss, inner_lr=0.3, inner_steps=2), tasks())
    assert report.passed, report


def test_the_fused_kernel_of_pytorch_has_no_second_derivative_and_it_is_said():
    class Fused(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(7, 4)
            self.layer, self.head = nn.LSTM(4, 5, batch_first=True), nn.Linear(5, 7)

        def forward(self, x):
            return self.head(self.layer(self.embedding(x))[0])

    learner = MAML(Fused(), loss, inner_lr=0.3, inner_steps=2, mapping="loop")
    with pytest.raises(ValueError, match=r"second derivative of an LSTM by .* write it out"):
        learner(tasks())


@pytest.mark.parametrize("kind", [RNN, LSTM])
def test_before_training_every_token_is_equally_likely(kind):
    assert torch.all(kind(7)(ids()) == 0)


def test_the_memory_of_an_lstm_is_kept_at_first():
    model = LSTM(7, hidden=5)
    bias = model.recurrent.bias.view(4, 5)
    assert torch.all(bias[1] > bias[[0, 2, 3]].amax(0))


@pytest.mark.parametrize("settings", [{"tokens": 0}, {"hidden": 0}])
def test_what_cannot_be_built_is_refused(settings):
    with pytest.raises(ValueError, match="=0"):
        RNN(**({"tokens": 7} | settings))
