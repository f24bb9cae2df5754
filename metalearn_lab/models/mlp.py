"""A multilayer perceptron with a named body and head."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from metalearn_lab.tasks.seeds import generator

_ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {"relu": nn.ReLU, "tanh": nn.Tanh}


class MLP(nn.Module):
    """Dense layers of the given sizes; ``body`` is all but the last, ``head`` the last.

    ``MLP([1, 40, 40, 1])`` is the network of the sinusoid experiments (Finn et al. 2017, section
    5.1): 1,761 parameters.

    Args:
        sizes: inputs, hidden units of each layer, outputs; at least two numbers.
        activation: ``"relu"`` or ``"tanh"``, after every layer of the body.
        seed: of the initial weights.

    Attributes:
        input_layer: name of the one layer that meets the input, see ``running.low_rank``.

    Raises:
        ValueError: fewer than two sizes, a size below 1, or an unknown activation.
    """

    def __init__(self, sizes: Sequence[int], *, activation: str = "relu", seed: int = 0) -> None:
        super().__init__()
        if len(sizes) < 2 or min(sizes) < 1:
            raise ValueError(f"sizes must be two or more positive numbers, got {list(sizes)}")
        if activation not in _ACTIVATIONS:
            raise ValueError(
                f"unknown activation {activation!r}: use one of {', '.join(_ACTIVATIONS)}"
            )
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(sizes[:-1]):
            layers += [blank_linear(inputs, outputs), _ACTIVATIONS[activation]()]
        self.input_layer = "body.0" if layers else "head"
        self.body = nn.Sequential(*layers)
        self.head = blank_linear(sizes[-2], sizes[-1])
        initialise(self, "mlp", seed)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``[..., inputs]`` to ``[..., outputs]``."""
        output: Tensor = self.head(self.body(x))
        return output


def blank_linear(inputs: int, outputs: int) -> nn.Linear:
    """A dense layer whose weights are yet to be filled, made without a global random number."""
    return nn.Linear(inputs, outputs, device="meta").to_empty(device="cpu")


@torch.no_grad()
def initialise(module: nn.Module, *address: int | str) -> None:
    """Give every dense layer new weights that depend on the address alone.

    Weights and biases are uniform in ±1/√inputs, PyTorch's default for dense layers.
    """
    numbers = generator(*address)
    for layer in module.modules():
        if isinstance(layer, nn.Linear):
            bound = layer.in_features**-0.5
            for parameter in (layer.weight, layer.bias):
                parameter.uniform_(-bound, bound, generator=numbers)
