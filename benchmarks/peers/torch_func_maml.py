"""PyTorch's own way: ``vmap`` over tasks of a loss with ``grad`` inside, as in its example."""

from __future__ import annotations

from torch import Tensor
from torch.func import functional_call, grad, vmap

from benchmarks.peers.torch_step import TorchRun
from metalearn_lab.tasks.types import Task


class Run(TorchRun):
    """MAML."""

    def backward(self, batch: Task) -> None:
        """The meta-gradient, all tasks at once."""
        losses = vmap(self.loss_of_task, randomness="different")(*batch.support, *batch.query)
        losses.mean().backward()

    def loss_of_task(self, x: Tensor, y: Tensor, query_x: Tensor, query_y: Tensor) -> Tensor:
        """L_Q(θ_k) of one task."""

        def loss(weights: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
            return self.problem.loss(functional_call(self.model, weights, (x,)), y)

        weights = dict(self.model.named_parameters())
        for _ in range(self.problem.inner_steps):
            gradient = grad(loss)(weights, x, y)
            weights = {n: w - self.problem.inner_lr * gradient[n] for n, w in weights.items()}
        return loss(weights, query_x, query_y)
