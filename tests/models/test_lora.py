"""LoRA: it starts at the base, changes by a low rank, and its gradients are the chain rule's."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from metalearn_lab.learners.joint import JointPretraining
from metalearn_lab.models.lora import LoRALinear, with_lora
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Split

ADAPTS = ("*lora_*", "head.*")


def normal(*shape):
    return torch.randn(*shape, dtype=torch.float64, generator=generator("lora test", *shape))


@pytest.fixture
def base():
    return MLP([6, 8, 3], activation="tanh", seed=1).double()


@pytest.fixture
def support():
    return Split(normal(1, 12, 6), torch.arange(3).repeat(4)[None])


def adapted(model, support, steps, adapts=ADAPTS):
    learner = JointPretraining(
        model, F.cross_entropy, inner_lr=0.3, inner_steps=steps, adapts=adapts
    )
    return learner.adapt(support)


def change(model, support, steps):
    """s B A after some steps."""
    theta, layer = adapted(model, support, steps)[-1], model.get_submodule("body.0")
    return layer.scale * theta["body.0.lora_B"][0] @ theta["body.0.lora_A"][0]


def test_step_0_is_the_base_bit_for_bit(base):
    x = normal(5, 6)
    for rank in (1, 6):
        assert torch.equal(with_lora(base, ["body.0"], rank=rank, lora_alpha=9)(x), base(x))
    assert torch.equal(with_lora(base, ["body.0", "head"], rank=2, lora_alpha=9)(x), base(x))


def test_the_base_is_neither_changed_nor_shared(base, support):
    before = copy.deepcopy(base.state_dict())
    model = with_lora(base, ["body.0"], rank=2, lora_alpha=4)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(1.0)
    assert all(torch.equal(before[name], value) for name, value in base.state_dict().items())


def test_it_is_the_layer_with_the_sum_for_a_weight(base):
    layer = LoRALinear(base.body[0], 3, lora_alpha=6.0)
    nn.init.normal_(layer.lora_B, generator=generator("b"))
    x = normal(4, 5, 6)
    weight = base.body[0].weight + 6.0 / 3 * layer.lora_B @ layer.lora_A
    assert torch.allclose(layer(x), F.linear(x, weight, base.body[0].bias), atol=1e-12)
    merged = layer.merged()
    assert type(merged) is nn.Linear
    assert torch.allclose(merged(x), layer(x), atol=1e-12)
    assert not torch.allclose(base.body[0](x), layer(x), atol=1e-3)


def test_gradients_are_in_a_and_b_alone_and_those_of_the_chain_rule(base, support):
    model = with_lora(base, ["body.0"], rank=2, lora_alpha=6)
    layer = model.get_submodule("body.0")
    nn.init.normal_(layer.lora_B, generator=generator("b"))
    base.body[0] = layer.merged()
    F.cross_entropy(base(support.x[0]), support.y[0]).backward()
    g, s = base.body[0].weight.grad, layer.scale

    learner = JointPretraining(
        model, F.cross_entropy, inner_lr=0.1, inner_steps=1, adapts="*lora_*"
    )
    assert learner.adapted_names == ["body.0.lora_A", "body.0.lora_B"]
    one = Split(support.x[0], support.y[0])
    gradient = learner.gradient(learner.weights(), one)
    assert set(gradient) == {"body.0.lora_A", "body.0.lora_B"}
    assert torch.allclose(gradient["body.0.lora_A"], s * layer.lora_B.T @ g, atol=1e-12)
    assert torch.allclose(gradient["body.0.lora_B"], s * g @ layer.lora_A.T, atol=1e-12)


def test_the_first_step_moves_b_alone(base, support):
    start, after = adapted(with_lora(base, ["body.0"], rank=2, lora_alpha=2), support, 1)
    assert torch.equal(start["body.0.lora_A"], after["body.0.lora_A"])
    assert not torch.equal(start["body.0.lora_B"], after["body.0.lora_B"])


def test_the_first_step_is_the_full_one_seen_through_a(base, support):
    model = with_lora(base, ["body.0"], rank=3, lora_alpha=6)
    a = model.get_submodule("body.0").lora_A.detach()
    start, after = adapted(base, support, 1, "body.0.weight")
    full = (after["body.0.weight"] - start["body.0.weight"])[0]
    assert torch.allclose(change(model, support, 1), 2.0**2 * full @ a.T @ a, atol=1e-12)


def test_in_the_whole_span_it_is_the_full_step(base, support):
    model = with_lora(base, ["body.0"], rank=6, lora_alpha=6)
    nn.init.orthogonal_(model.get_submodule("body.0").lora_A, generator=generator("a"))
    start, after = adapted(base, support, 1, "body.0.weight")
    full = (after["body.0.weight"] - start["body.0.weight"])[0]
    assert torch.allclose(change(model, support, 1), full, atol=1e-12)


@pytest.mark.parametrize("rank", [1, 2, 4])
def test_the_change_has_the_rank_and_no_more(base, support, rank):
    moved = change(with_lora(base, ["body.0"], rank=rank, lora_alpha=rank), support, 15)
    values = torch.linalg.svdvals(moved)
    assert values[rank - 1] > 1e-6
    assert values[rank:].max() < 1e-12


def test_peft_does_the_same(base, support):
    peft = pytest.importorskip("peft")
    model = with_lora(base, ["body.0"], rank=2, lora_alpha=5)
    config = peft.LoraConfig(r=2, lora_alpha=5, target_modules=["body.0"], modules_to_save=["head"])
    theirs = peft.get_peft_model(copy.deepcopy(base), config)
    a = theirs.get_submodule("base_model.model.body.0.lora_A.default").weight
    a.data.copy_(model.get_submodule("body.0").lora_A)
    optimizer = torch.optim.SGD([p for p in theirs.parameters() if p.requires_grad], lr=0.3)
    learner = JointPretraining(model, F.cross_entropy, inner_lr=0.3, inner_steps=10, adapts=ADAPTS)
    for theta in learner.adapt(support):
        outputs = theirs(support.x[0])
        assert torch.allclose(learner.predict(theta, support.x)[0], outputs, atol=1e-10)
        optimizer.zero_grad()
        F.cross_entropy(outputs, support.y[0]).backward()
        optimizer.step()


def test_a_depends_on_the_seed_and_on_the_layer(base):
    one, same = (with_lora(base, ["body.0", "head"], rank=2, lora_alpha=1) for _ in range(2))
    other = with_lora(base, ["body.0"], rank=2, lora_alpha=1, seed=5).get_submodule("body.0")
    first = one.get_submodule("body.0").lora_A
    assert torch.equal(first, same.get_submodule("body.0").lora_A)
    assert not torch.equal(first, other.lora_A)
    assert first.abs().max() <= 6**-0.5
    assert first.dtype is torch.float64


@pytest.mark.parametrize("rank", [0, 7])
def test_a_rank_that_the_layer_cannot_have_is_refused(base, rank):
    with pytest.raises(ValueError, match=rf"\[8, 6\] takes ranks 1 to 6, got {rank}"):
        with_lora(base, ["body.0"], rank=rank, lora_alpha=1)


@pytest.mark.parametrize("name", ["body", "body.1", "tail"])
def test_a_name_of_no_dense_layer_is_refused(base, name):
    with pytest.raises(ValueError, match=rf"no dense layer '{name}': the model has body\.0, head"):
        with_lora(base, [name], rank=1, lora_alpha=1)
