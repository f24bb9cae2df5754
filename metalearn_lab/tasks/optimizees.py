"""Problems for optimisers, many side by side: random quadratics, and networks that classify."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import torch
from torch import Tensor
from torch.func import grad_and_value
from torch.nn import functional as F

from metalearn_lab.tasks.blobs import blob_episodes
from metalearn_lab.tasks.seeds import generator


class Optimizees(Protocol):
    """A batch of problems, each a loss of n numbers θ."""

    @property
    def start(self) -> Tensor:
        """θ_0 of each problem, ``[problems, n]``."""

    def value_and_gradient(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        """f(θ) ``[..., problems]`` and ∇f(θ), as ``theta``, at θ ``[..., problems, n]``."""


class Quadratics(NamedTuple):
    """f(θ) = ‖Wθ − y‖², started at θ = 0.

    Attributes:
        matrix: W, ``[problems, n, n]``.
        target: y, ``[problems, n]``.

    Source: Andrychowicz et al., "Learning to learn by gradient descent by gradient descent",
    NeurIPS 2016, section 3.1.
    """

    matrix: Tensor
    target: Tensor

    @property
    def start(self) -> Tensor:
        """Zeros, ``[problems, n]``."""
        return torch.zeros_like(self.target)

    def value_and_gradient(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        """r·r and 2 Wᵀr with r = Wθ − y."""
        residual = torch.einsum("pij,...pj->...pi", self.matrix, theta) - self.target
        gradient = 2 * torch.einsum("pij,...pi->...pj", self.matrix, residual)
        return residual.square().sum(-1), gradient


class SmallNetworks(NamedTuple):
    """f(θ) = cross-entropy of a network with one hidden layer of tanh units, all data at once.

    Attributes:
        points: ``[problems, items, features]``.
        labels: ``[problems, items]``.
        start: θ_0, ``[problems, n]``: hidden weights, hidden biases, output weights, output biases.
        ways: outputs.
    """

    points: Tensor
    labels: Tensor
    start: Tensor
    ways: int

    def value_and_gradient(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        """The loss of each problem, and its gradient by autograd."""

        def total(theta: Tensor) -> tuple[Tensor, Tensor]:
            losses = self._losses(theta)
            return losses.sum(), losses

        gradient, (_, losses) = grad_and_value(total, has_aux=True)(theta)
        return losses, gradient

    def _losses(self, theta: Tensor) -> Tensor:
        features, ways = self.points.shape[-1], self.ways
        hidden = (theta.shape[-1] - ways) // (features + 1 + ways)
        sizes = [hidden * features, hidden, ways * hidden, ways]
        layer, bias, head, head_bias = theta.split(sizes, dim=-1)  # type: ignore[no-untyped-call]
        layer = layer.unflatten(-1, (hidden, features))
        head = head.unflatten(-1, (ways, hidden))
        units = torch.einsum("pif,...phf->...pih", self.points, layer) + bias[..., None, :]
        scores = torch.einsum("...pih,...pwh->...piw", units.tanh(), head)
        scores = (scores + head_bias[..., None, :]).log_softmax(-1)
        losses: Tensor = -(scores * F.one_hot(self.labels, ways)).sum(-1).mean(-1)
        return losses


def random_quadratics(
    address: int | str,
    count: int,
    *,
    size: int = 10,
    scale: float = 1.0,
    seed: int = 0,
    device: torch.device | str = "cpu",
) -> Quadratics:
    """Quadratics whose W and y are normal numbers times the root of a scale.

    Args:
        address: another address, other problems.
        count: of problems.
        size: n.
        scale: of the loss. The same problems, their loss and its gradient multiplied.
        seed: of all addresses.
        device: where they are put; the same numbers on each.

    Raises:
        ValueError: a count or size below 1, or a scale that is not positive.
    """
    if min(count, size) < 1 or not 0 < scale < float("inf"):
        raise ValueError(
            f"count and size must be 1 or more and the scale a positive number, got {count=}, "
            f"{size=}, {scale=}"
        )
    numbers = torch.randn(count, size + 1, size, generator=generator("quadratics", seed, address))
    numbers = numbers.to(device) * scale**0.5
    return Quadratics(numbers[:, :size], numbers[:, size])


def random_networks(
    address: int | str,
    count: int,
    *,
    hidden: int = 8,
    ways: int = 3,
    seed: int = 0,
    device: torch.device | str = "cpu",
) -> SmallNetworks:
    """Networks that learn three clouds of points each, of 8 features, 10 points a class.

    Args:
        address: another address, other problems.
        count: of problems.
        hidden: units.
        ways: classes.
        seed: of all addresses.
        device: where they are put; the same numbers on each.

    Raises:
        ValueError: a size below 1.
    """
    if hidden < 1:
        raise ValueError(f"hidden must be 1 unit or more, got {hidden}")
    features = 8
    clouds = blob_episodes(f"optimizee {address}", count, ways=ways, features=features, seed=seed)
    points, labels = (torch.cat(pair, 1) for pair in zip(*clouds, strict=True))
    n = hidden * (features + 1 + ways) + ways
    start = torch.randn(count, n, generator=generator("networks", seed, address)) / features**0.5
    return SmallNetworks(points.to(device), labels.to(device), start.to(device), ways)


def random_bowls(
    address: int | str,
    count: int,
    *,
    size: int = 10,
    least: float = 0.05,
    seed: int = 0,
    device: torch.device | str = "cpu",
) -> Quadratics:
    """Quadratics ½ Σ a_i (θ_i − c_i)² with curvatures between ``least`` and 1, started at 0.

    Args:
        address: another address, other problems.
        count: of problems.
        size: n.
        least: the smallest curvature; their logarithms are uniform.
        seed: of all addresses.
        device: where they are put; the same numbers on each.

    Raises:
        ValueError: a count or size below 1, or a curvature that is not between 0 and 1.
    """
    if min(count, size) < 1 or not 0 < least <= 1:
        raise ValueError(
            "count and size must be 1 or more and the least curvature in (0, 1], got "
            f"{count=}, {size=}, {least=}"
        )
    numbers = generator("bowls", seed, address)
    curvatures = least ** torch.rand(count, size, generator=numbers)
    roots = (curvatures / 2).sqrt().to(device)
    centres = torch.randn(count, size, generator=numbers).to(device)
    return Quadratics(roots.diag_embed(), roots * centres)
