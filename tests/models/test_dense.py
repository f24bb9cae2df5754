"""The dense layer's own derivatives: against autograd's, numerically, and under ``vmap``."""

import pytest
import torch
from torch import nn

from metalearn_lab.models.dense import Dense, input_gradient, output, weight_gradient
from metalearn_lab.tasks.seeds import generator

SHAPES = {
    output: [(4, 3), (2, 3)],
    input_gradient: [(4, 2), (2, 3)],
    weight_gradient: [(4, 2), (4, 3)],
}


def numbers(*shape, dtype=torch.float64):
    return torch.randn(*shape, generator=generator("dense", *shape), dtype=dtype)


def pair():
    dense, plain = Dense(6, 5), nn.Linear(6, 5)
    plain.load_state_dict(dense.state_dict())
    return dense, plain


@pytest.mark.parametrize("product", SHAPES)
def test_each_product_has_its_first_and_second_derivative(product):
    factors = [numbers(*shape).requires_grad_() for shape in SHAPES[product]]
    assert torch.autograd.gradcheck(product, factors)
    assert torch.autograd.gradgradcheck(product, factors)


@pytest.mark.parametrize("product", SHAPES)
def test_a_row_is_a_run_in_memory_at_every_derivative(product):
    """A transposed result is the same numbers, and several times slower to go on with."""
    factors = [numbers(*s, dtype=torch.float32).requires_grad_() for s in SHAPES[product]]
    result = product(*factors)
    once = torch.autograd.grad(result.square().sum(), factors, create_graph=True)
    twice = torch.autograd.grad(sum(part.square().sum() for part in once), factors)
    assert all(part.is_contiguous() for part in (result, *once, *twice))


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.float64, 1e-13)])
def test_it_is_a_linear_layer_to_the_second_derivative(dtype, tolerance):
    results = []
    for layer in pair():
        layer.to(dtype)
        y = layer(numbers(3, 4, 6, dtype=dtype))
        slopes = torch.autograd.grad(y.pow(3).sum(), [*layer.parameters()], create_graph=True)
        curvatures = torch.autograd.grad(sum(s.pow(2).sum() for s in slopes), layer.weight)
        results.append([y, *slopes, *curvatures])
    for ours, theirs in zip(*results, strict=True):
        assert ((ours - theirs).norm() / theirs.norm()).item() < tolerance


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_vmap_gives_each_task_its_own_derivatives(dtype):
    layer = Dense(6, 5).to(dtype)
    xs = numbers(3, 4, 6, dtype=dtype)

    def steepness(x):
        def loss(weight):
            return torch.func.functional_call(layer, {"weight": weight}, (x,)).pow(3).sum()

        return torch.func.grad(lambda w: torch.func.grad(loss)(w).square().sum())(layer.weight)

    together = torch.func.vmap(steepness)(xs)
    singly = torch.stack([steepness(x) for x in xs])
    assert ((together - singly).norm() / singly.norm()).item() < 1e-6


def test_no_bias_is_allowed():
    layer = Dense(6, 5, bias=False)
    x = numbers(4, 6, dtype=torch.float32)
    assert torch.allclose(layer(x), x @ layer.weight.T, atol=1e-6)
