"""The inner gradient is ``torch.func.grad``'s in every case, whichever way it is taken."""

import pytest
import torch
from torch.func import grad, vmap

from metalearn_lab.learners.inner_gradient import inner_gradient
from metalearn_lab.tasks.seeds import generator


def weights(*requiring: str) -> dict[str, torch.Tensor]:
    numbers = generator("inner gradient")
    return {
        name: torch.randn(3, generator=numbers, dtype=torch.float64).requires_grad_(
            name in requiring
        )
        for name in ("a", "b", "unused")
    }


CASES = [("a", "b", "unused"), ("a",), ()]


@pytest.mark.parametrize("requiring", CASES)
def test_first_and_second_derivatives_are_the_same(requiring):
    """The loss also depends on a weight from outside, and on the tensor of a, held constant."""
    found = []
    for gradient_of in (inner_gradient, lambda loss, at: grad(loss)(at)):
        at = weights(*requiring)
        outside = torch.ones(3, dtype=torch.float64, requires_grad=True)

        def loss(w, at=at, outside=outside):
            return (w["a"] ** 3 * w["b"] * outside).sum() + ((w["a"] - at["a"]) ** 2).sum()

        gradient = gradient_of(loss, at)
        total = sum((part**2).sum() for part in gradient.values())
        leaves = [outside, *(at[name] for name in requiring)]
        second = torch.autograd.grad(total, leaves, allow_unused=True, materialize_grads=True)
        found.append([*gradient.values(), *second])
    for ours, theirs in zip(*found, strict=True):
        assert torch.allclose(ours, theirs, rtol=1e-13)


@torch.no_grad()
def test_without_a_graph_there_is_none():
    at = weights("a", "b", "unused")
    gradient = inner_gradient(lambda w: (w["a"] ** 2 * w["b"]).sum(), at)
    assert not any(part.requires_grad for part in gradient.values())
    assert torch.allclose(gradient["a"], 2 * at["a"] * at["b"])
    assert torch.equal(gradient["unused"], torch.zeros(3))


def test_it_can_be_vectorised():
    xs = torch.randn(4, 3, generator=generator("points"), dtype=torch.float64)
    at = weights("a")["a"]
    slopes = vmap(lambda x: inner_gradient(lambda w: (w["a"] ** 2 * x).sum(), {"a": at})["a"])(xs)
    assert torch.allclose(slopes, 2 * at * xs)
