"""A multilayer perceptron with a named body and head."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.utils import skip_init

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
            layers += [skip_init(nn.Linear, inputs, outputs), _ACTIVATIONS[activation]()]
        self.input_layer = "body.0" if layers else "head"
        self.body = nn.Sequential(*layers)
        self.head = skip_init(nn.Linear, sizes[-2], sizes[-1])
        initialise(self, "mlp", seed)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``[..., inputs]`` to ``[..., outputs]``."""
        return self.head(self.body(x))


@torch.no_grad()
def initialise(
    module: nn.Module, *address: int | str, kind: type[nn.Linear | nn.Conv2d] = nn.Linear
) -> None:
    """Give every layer of a kind new weights that depend on the address alone.

    Weights and biases are uniform in ±1/√inputs, PyTorch's default. Layers that are filled here
    are made by ``skip_init``, which spends no global random number on them.

    Args:
        module: holds the layers.
        address: of the random numbers, see ``tasks.seeds.generator``.
        kind: of the layers, dense when not given.
    """
    numbers = generator(*address)
    for layer in module.modules():
        if isinstance(layer, kind):
            bound = layer.weight[0].numel() ** -0.5
            for parameter in layer.parameters():
                parameter.uniform_(-bound, bound, generator=numbers)
