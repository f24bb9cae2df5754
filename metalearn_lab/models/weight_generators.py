"""Networks that turn a task embedding into the weights of another network.

Each adds what it generates to learned weights θ. Its last layer begins small, so that at first
every task gets nearly θ, which has the usual scale.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from metalearn_lab.models.mlp import MLP, initialise

Weights = dict[str, Tensor]
"""Weights by parameter name."""

_FIRST_SCALE = 0.1


class WeightGenerator(nn.Module):
    """Base: a dense network g from z to as many numbers as ``count`` says.

    Args:
        model: whose weights are generated; it is read here and not kept.
        sizes: of g but for its outputs; the first is the size of z. With one size g is linear.
        seed: of the initial weights.

    Attributes:
        shapes: of the model's weights, by name.
        emitted: how many numbers g gives for a task.
    """

    def __init__(self, model: nn.Module, sizes: Sequence[int], *, seed: int = 0) -> None:
        super().__init__()
        self.shapes = {name: weight.shape for name, weight in model.named_parameters()}
        self.emitted = self.count()
        self.network = MLP([*sizes, self.emitted])
        initialise(self.network, "weight generator", seed)
        with torch.no_grad():
            self.network.head.weight.mul_(_FIRST_SCALE)
            self.network.head.bias.zero_()

    def count(self) -> int:
        """How many numbers a task needs."""
        raise NotImplementedError

    def numbers(self, z: Tensor) -> Tensor:
        """What g gives for one task, ``[emitted]``; of z ``[tasks, embedding]``, for each."""
        # As a row: a dense layer adds its bias in place to a single vector under vmap.
        found: Tensor = self.network(z[None])[0] if z.ndim == 1 else self.network(z)
        return found

    def forward(self, theta: Weights, z: Tensor) -> Weights:
        """The weights of one task.

        Args:
            theta: θ by name.
            z: the task embedding; or those of many tasks, ``[tasks, embedding]``. Then what was
                generated has an axis of tasks, and what was not is θ's own.
        """
        raise NotImplementedError


class FullWeights(WeightGenerator):
    """θ + g(z): a number for each weight."""

    def count(self) -> int:
        """All weights."""
        return sum(shape.numel() for shape in self.shapes.values())

    def forward(self, theta: Weights, z: Tensor) -> Weights:
        """The weights of one task."""
        parts = self.numbers(z).split([shape.numel() for shape in self.shapes.values()], -1)
        named = zip(self.shapes.items(), parts, strict=True)
        return {name: theta[name] + _shaped(part, shape) for (name, shape), part in named}


class LowRankWeights(WeightGenerator):
    """W + UV for each matrix, with U ``[outputs, rank]`` and V ``[rank, inputs]``; b + c.

    Args:
        model: whose weights are generated.
        sizes: as for ``WeightGenerator``.
        rank: of UV; a matrix that has no more numbers than its U and V is given in full.
        seed: of the initial weights.

    Raises:
        ValueError: ``rank`` is below 1.
    """

    def __init__(self, model: nn.Module, sizes: Sequence[int], *, rank: int, seed: int = 0) -> None:
        if rank < 1:
            raise ValueError(f"rank must be 1 or more, got {rank}")
        self.rank = rank
        super().__init__(model, sizes, seed=seed)
        # UV would begin at a hundredth of the usual scale, where neither factor has a gradient.
        with torch.no_grad():
            self.network.head.weight.div_(_FIRST_SCALE)

    def _factored(self, shape: torch.Size) -> bool:
        return len(shape) == 2 and self.rank * sum(shape) < shape.numel()

    def count(self) -> int:
        """Both factors of a matrix that is factored, each number of what is not."""
        return sum(
            self.rank * sum(shape) if self._factored(shape) else shape.numel()
            for shape in self.shapes.values()
        )

    def forward(self, theta: Weights, z: Tensor) -> Weights:
        """The weights of one task."""
        numbers, weights, first = self.numbers(z), {}, 0
        for name, shape in self.shapes.items():
            if self._factored(shape):
                outputs, inputs = shape
                middle = first + outputs * self.rank
                end = middle + self.rank * inputs
                left = _shaped(numbers[..., first:middle], (outputs, self.rank))
                change = left @ _shaped(numbers[..., middle:end], (self.rank, inputs))
            else:
                end = first + shape.numel()
                change = _shaped(numbers[..., first:end], shape)
            weights[name], first = theta[name] + change, end
        return weights


class ScaleAndShift(WeightGenerator):
    """(1 + γ) ∘ (Wx + b) + δ in each hidden layer (*FiLM*): two numbers for each unit.

    Scaling a unit is scaling its row of W, diag(d)(Wx) = (diag(d)W)x, so the result is weights.

    Source: Perez et al., "FiLM: Visual Reasoning with a General Conditioning Layer", AAAI 2018,
    equation 2; Ha, Dai and Le, "HyperNetworks", ICLR 2017, for scaling rows in place of
    generating a matrix.
    """

    def _layers(self) -> list[str]:
        return [name.removesuffix(".bias") for name in self.shapes if name.endswith(".bias")][:-1]

    def count(self) -> int:
        """Two for each hidden unit."""
        return 2 * sum(self.shapes[f"{layer}.bias"].numel() for layer in self._layers())

    def forward(self, theta: Weights, z: Tensor) -> Weights:
        """The weights of one task."""
        weights, layers = dict(theta), self._layers()
        units = [self.shapes[f"{layer}.bias"].numel() for layer in layers for _ in range(2)]
        parts = self.numbers(z).split(units, -1)
        for layer, change, shift in zip(layers, parts[::2], parts[1::2], strict=True):
            gain = 1 + change
            weights[f"{layer}.weight"] = gain[..., None] * theta[f"{layer}.weight"]
            weights[f"{layer}.bias"] = gain * theta[f"{layer}.bias"] + shift
        return weights


def _shaped(numbers: Tensor, shape: Sequence[int]) -> Tensor:
    """Numbers ``[..., count]`` as ``[..., *shape]``."""
    return numbers.view(*numbers.shape[:-1], *shape)
