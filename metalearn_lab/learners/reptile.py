"""Reptile: move the weights towards where each task's training takes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn

from metalearn_lab.learners.adam import adam_step
from metalearn_lab.learners.gradient_learner import METHODS_OF_A_STEP, GradientLearner
from metalearn_lab.learners.learner import TaskSource, held_constant
from metalearn_lab.learners.line import Line
from metalearn_lab.learners.settings import whole_number
from metalearn_lab.running.per_task import Loss, Trajectory, Weights
from metalearn_lab.tasks.types import Split, Task, merge_splits


class Reptile(GradientLearner):
    """Reptile, serial with one task a batch and batched with more.

    Serial: φ ← φ + ε(φ̃ − φ) with φ̃ the weights after k inner steps; batched: the mean over the
    tasks of the batch (equation 5). An outer ``SGD(lr=ε)`` on this learner is exactly that rule;
    Adam may take the place of it. Every labelled item serves the inner loop: there is no
    support-query split, so give it tasks merged by ``merge_splits``.

    Args:
        model: as for every learner.
        loss: as for every learner.
        inner_batch: items of the support split in each inner step at training time: step j takes
            the j-th run of so many items, starting over at the end. All items when not given.
            One batch a step of *different* items is what makes Reptile more than pretraining.
        inner_optimizer: ``"sgd"``, or ``"adam"`` without momentum (β₁ = 0), as in the paper's
            few-shot classification; its state starts anew for every task.
        settings: the other arguments of ``GradientLearner``.

    Raises:
        ValueError: ``inner_batch`` is not positive, or the inner optimiser is unknown; and in
            training, no inner step or α = 0, from which nothing is learned.

    Source: Nichol, Achiam and Schulman, "On First-Order Meta-Learning Algorithms", 2018,
    algorithms 1 and 2.
    """

    title = "Reptile"
    line = Line("#009e73", (0, (6, 2, 1, 2)), "^")
    one_rate = True
    checked_settings = (*GradientLearner.checked_settings, "inner_batch", "inner_optimizer")

    low_rank_pays = False  # it adapts to minibatches and reads no query in training

    def __init__(
        self,
        model: nn.Module,
        loss: Loss,
        *,
        inner_batch: int | None = None,
        inner_optimizer: Literal["sgd", "adam"] = "sgd",
        **settings: Any,
    ) -> None:
        # First, for what the other settings allow depends on them.
        self.inner_optimizer = inner_optimizer
        self.inner_batch = inner_batch
        super().__init__(model, loss, **settings)

    def check(self) -> None:
        """Refuse settings that are out of range."""
        if self.inner_batch is not None:
            whole_number(self.inner_batch, 1, "inner_batch must be 1 or more items")
        if self.inner_optimizer not in ("sgd", "adam"):
            raise ValueError(
                f"inner_optimizer must be 'sgd' or 'adam', got {self.inner_optimizer!r}"
            )
        super().check()

    @property
    def follows_plain_gradient(self) -> bool:
        """With Adam, an inner step depends on the coordinates."""
        has_own_methods = all(
            getattr(type(self), method_name) is getattr(Reptile, method_name)
            for method_name in (*METHODS_OF_A_STEP, "descend")
        )
        return has_own_methods and self.inner_optimizer == "sgd"

    @property
    def gradients_per_task(self) -> int:
        """One for each inner step."""
        return self.inner_steps

    def training_batch(self, source: TaskSource, first: int, count: int) -> Task:
        """Support and query as one training set."""
        return merge_splits(source.batch(first, count))

    def training_losses(self, task: Task) -> list[Tensor]:
        """The loss on each step's minibatch before it, and on the next one at the end."""
        minibatches = [self.minibatch(task.support, step) for step in range(self.inner_steps + 1)]
        trajectory = self.descend(self.weights(), minibatches[:-1])
        return [
            self.loss_at(phi, split) for phi, split in zip(trajectory, minibatches, strict=True)
        ]

    def meta_loss(self, task: Task) -> Tensor:
        """½‖φ − φ̃‖² with φ̃ held constant: its gradient is φ − φ̃."""
        self.check_steps_move()
        phi = self.weights()
        minibatches = [self.minibatch(task.support, step) for step in range(self.inner_steps)]
        phi_tilde = self.descend(held_constant(phi), minibatches)[-1]
        return sum(
            (((phi[name] - phi_tilde[name]) ** 2).sum() / 2 for name in phi),
            start=next(iter(phi.values())).new_zeros(()),
        )

    def inner_loop(self, theta: Weights, support: Split, steps: int) -> Trajectory:
        """θ_0, …, θ_steps for one task, each step on the whole support."""
        return self.descend(theta, [support] * steps)

    def descend(self, phi: Weights, splits: Sequence[Split]) -> Trajectory:
        """φ_0, …: one step of the inner optimiser on each split."""
        trajectory = [phi]
        second_moments = {
            name: torch.zeros_like(weight) for name, weight in self.adapted(phi).items()
        }
        for step, split in enumerate(splits):
            if self.inner_optimizer == "adam":
                gradient = self.gradient(phi, split)
                phi, second_moments = adam_step(phi, gradient, second_moments, step, self.inner_lr)
            else:
                phi = self.inner_step(phi, split, step)
            trajectory.append(phi)
        return trajectory

    def minibatch(self, data: Split, step: int) -> Split:
        """The step-th run of ``inner_batch`` items of one task's data, starting over at the end."""
        item_count = data.y.shape[0]
        if self.inner_batch is None or self.inner_batch >= item_count:
            return data
        first = step * self.inner_batch % item_count
        return Split(*(_run_of_items(tensor, first, self.inner_batch) for tensor in data))


def _run_of_items(tensor: Tensor, first: int, count: int) -> Tensor:
    """By slices: a list of items would have to be sent to a GPU, which waits for it."""
    items = tensor[first : first + count]
    missing_count = count - items.shape[0]
    return torch.cat((items, tensor[:missing_count])) if missing_count else items
