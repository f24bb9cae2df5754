"""Second-order meta-gradients through any attention of PyTorch, whose fused kernels have none."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

from metalearn_lab.evaluation.meta_gradient_check import check_meta_gradient
from metalearn_lab.learners.first_order_maml import FirstOrderMAML
from metalearn_lab.learners.imaml import IMAML
from metalearn_lab.learners.maml import MAML
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Split, Task
from tests.learners.builders import gradients


class Attention(nn.Module):
    """Two heads of self-attention by the function that chooses a kernel."""

    def __init__(self):
        super().__init__()
        self.query_key_value = nn.Linear(4, 12)

    def forward(self, x):
        query, key, value = self.query_key_value(x).unflatten(-1, (3, 2, 2)).permute(2, 0, 3, 1, 4)
        return F.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(-2)


class MultiheadAttention(nn.MultiheadAttention):
    """PyTorch's module as self-attention."""

    def __init__(self):
        super().__init__(4, 2, batch_first=True)

    def forward(self, x):
        return super().forward(x, x, x, need_weights=False)[0]


class TransformerEncoder(nn.TransformerEncoder):
    """PyTorch's encoder, its norms without the affine part that ``vmap`` gets wrong."""

    def __init__(self):
        layer = nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0, activation="gelu")
        layer.self_attn.batch_first = True
        layer.norm1 = nn.LayerNorm(4, elementwise_affine=False)
        layer.norm2 = nn.LayerNorm(4, elementwise_affine=False)
        super().__init__(layer, 1, enable_nested_tensor=False)


MODELS = [Attention, MultiheadAttention, TransformerEncoder]


class Mean(nn.Module):
    """Over the tokens."""

    def forward(self, x):
        return x.mean(-2)


def learner_on(layer, kind=MAML, **settings):
    model = nn.Sequential(layer(), Mean(), nn.Linear(4, 3))
    numbers = generator("attention weights")
    for weight in model.parameters():
        nn.init.normal_(weight, std=0.7, generator=numbers)
    return kind(model, F.cross_entropy, inner_lr=0.3, inner_steps=2, **settings).double()


def tasks():
    numbers = generator("attention tasks")
    labels = torch.arange(3).repeat(2).expand(3, 6)
    inputs = torch.randn(2, 3, 6, 5, 4, generator=numbers, dtype=torch.float64)
    return Task(Split(inputs[0], labels), Split(inputs[1], labels))


@pytest.mark.parametrize("settings", [{}, {"replay": True}], ids=["unrolled", "replayed"])
@pytest.mark.parametrize("layer", MODELS)
def test_the_meta_gradient_is_that_of_finite_differences_in_both_mappings(layer, settings):
    report = check_meta_gradient(learner_on(layer, **settings), tasks())
    assert report.passed, report


@pytest.mark.parametrize("mapping", ["vmap", "loop"])
def test_implicit_gradients_too(mapping):
    settings = {"mapping": mapping, "regularisation": 4.0, "cg_steps": 9}
    learner = learner_on(Attention, IMAML, **settings)
    chosen = gradients(learner, tasks())
    with sdpa_kernel(SDPBackend.MATH):
        expected = gradients(learner, tasks())
    assert all(torch.equal(gradient, expected[name]) for name, gradient in chosen.items())


def kernels(kind, grad, monkeypatch):
    """Whether a learner's model may use a fused kernel while its meta-loss is computed."""
    learner, allowed = learner_on(Attention, kind, mapping="loop"), []

    def attention(*args):
        allowed.append(torch.backends.cuda.flash_sdp_enabled())
        return args[-1]

    monkeypatch.setattr(F, "scaled_dot_product_attention", attention)
    with torch.set_grad_enabled(grad):
        learner(tasks())
    return set(allowed)


@pytest.mark.parametrize(
    ("kind", "grad", "fused"),
    [(MAML, True, False), (MAML, False, True), (FirstOrderMAML, True, True)],
)
def test_only_second_derivatives_give_up_the_fused_kernels(monkeypatch, kind, grad, fused):
    assert kernels(kind, grad, monkeypatch) == {fused}


@pytest.mark.parametrize("mapping", ["vmap", "loop"])
def test_what_was_chosen_before_holds_again_afterwards(mapping):
    learner, batch = learner_on(Attention, mapping=mapping, replay=True), tasks()
    with sdpa_kernel([SDPBackend.MATH, SDPBackend.EFFICIENT_ATTENTION]):
        learner(batch).backward()
        with pytest.raises(RuntimeError):
            learner(Task(batch.support, Split(batch.query.x[..., :3], batch.query.y)))
        assert not torch.backends.cuda.flash_sdp_enabled()
        assert torch.backends.cuda.mem_efficient_sdp_enabled()
    assert torch.backends.cuda.flash_sdp_enabled()
