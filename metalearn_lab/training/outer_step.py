"""One step down the meta-gradient, by any optimiser, without waiting for the device."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext

from torch import Tensor
from torch.optim import Optimizer

from metalearn_lab.learners.few_threads import is_small
from metalearn_lab.learners.known_gradient import with_known_gradient
from metalearn_lab.learners.learner import Learner
from metalearn_lab.one_thread import one_thread
from metalearn_lab.tasks.types import Task
from metalearn_lab.training.bf16 import autocast_bf16, check_bf16, in_bf16
from metalearn_lab.training.sharding import averaged, own_tasks, ranks

MetaLoss = Callable[[Task], Tensor]
"""Maps a batch of tasks to the mean meta-loss, a scalar whose gradient is the meta-gradient."""


class OuterStep:
    """θ ← optimiser(θ, ∇ meta-loss).

    Nothing is read back from the device, so a GPU never waits for Python. ``backward`` gives
    every gradient the memory layout of its parameter, whatever the layout it was computed in;
    fused optimisers need that, for they walk both in the order of memory.

    Several ranks (see ``training.sharding``) take a step together: each computes the gradient on
    its own tasks, wrapped in ``DistributedDataParallel``, and all follow the mean.

    Args:
        learner: whose parameters are moved.
        optimizer: over ``learner.parameters()``.
        compiled: take the meta-loss and its gradient from one compiled function instead of from
            the learner's own ``forward``: compiled to C on a CPU (see ``metalearn_lab.compiled``),
            recorded as a graph on a CUDA device (see ``training.graph_replay``).
        bf16: matrix products in bfloat16, which tensor cores take at twice the rate or more. It
            moves the meta-gradient by some per cent where it is allowed (see ``training.bf16``).

    Raises:
        ValueError: bf16 would make the meta-gradient wrong, or cannot be had.
    """

    def __init__(
        self, learner: Learner, optimizer: Optimizer, compiled: bool = False, bf16: bool = False
    ) -> None:
        if bf16:
            check_bf16(learner, compiled=compiled)
        self.learner = learner
        self.optimizer = optimizer
        self.compiled = compiled
        self.bf16 = bf16
        self._meta_loss: MetaLoss | None = None
        self._averaged: MetaLoss | None = None
        self._known_size: tuple[object, bool] | None = None

    def prepare(self, batch: Task) -> MetaLoss:
        """The meta-loss whose gradient is followed; compiling it takes a second or two, once.

        Args:
            batch: like those to come; compiled is what a rank does with its own part of it.

        Raises:
            NotCompilable: says why the learner cannot be compiled here.
            ValueError: the tasks cannot be shared out evenly to the ranks.
        """
        if self._meta_loss is None:
            own = own_tasks(batch)
            with autocast_bf16(self.learner) if self.bf16 else nullcontext():
                meta_loss = _compile(self.learner, own) if self.compiled else self.learner
            self._meta_loss = in_bf16(self.learner, meta_loss) if self.bf16 else meta_loss
        return self._meta_loss

    def step(self, batch: Task) -> Tensor:
        """One step on a batch of tasks.

        Args:
            batch: every tensor ``[tasks, items, ...]``, the same on every rank.

        Returns:
            The meta-loss before the step, a scalar on the learner's device without a graph. Among
            several ranks it is that of the rank's own tasks.

        Raises:
            NotCompilable: at the first step, as for ``prepare``.
            ValueError: the tasks cannot be shared out evenly to the ranks.
        """
        own, meta_loss = own_tasks(batch), self.prepare(batch)
        if ranks() > 1:
            # Not in ``prepare``, which may fail on one rank while another waits for it here.
            self._averaged = self._averaged or averaged(self.learner, meta_loss)
            meta_loss = self._averaged
        _forget_gradients(self.optimizer)
        small = self._is_small(own)
        # What is compiled shares its tasks out itself, and leaves only large products to PyTorch.
        with one_thread(small and not self.compiled):
            loss = _leave_gradient(meta_loss, own)
        with one_thread(small):
            self.optimizer.step()
        return loss

    def _is_small(self, batch: Task) -> bool:
        """As ``learners.few_threads`` says, which is asked once for batches of one shape."""
        shape = batch.support.x.shape[:2], batch.query.x.shape[:2]
        if self._known_size is None or self._known_size[0] != shape:
            self._known_size = shape, is_small(self.learner, batch)
        return self._known_size[1]


def _leave_gradient(meta_loss: MetaLoss, batch: Task) -> Tensor:
    """The meta-loss, detached; its gradient is left in the parameters."""
    with_gradient = getattr(meta_loss, "with_gradient", None)
    if with_gradient is None:
        whole = meta_loss(batch)
        whole.backward()  # type: ignore[no-untyped-call]
        return whole.detach()
    loss: Tensor
    parameters, loss, gradients = with_gradient(batch)
    if all(map(_takes_as_it_is, parameters)):
        # What ``backward`` would do, without the 50 µs of its engine.
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient
    else:
        with_known_gradient(loss, parameters, gradients).backward()  # type: ignore[no-untyped-call]
    return loss.detach()


def _takes_as_it_is(parameter: Tensor) -> bool:
    """Whether no hook waits for the gradient, and its memory runs as the parameter's does."""
    hooks = parameter._backward_hooks or parameter._post_accumulate_grad_hooks
    return not hooks and parameter.is_contiguous()


def _forget_gradients(optimizer: Optimizer) -> None:
    """What ``zero_grad`` does, without the 7 µs of its hooks."""
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            parameter.grad = None


def _compile(learner: Learner, batch: Task) -> MetaLoss:
    if next(learner.parameters()).device.type == "cuda":
        from metalearn_lab.training.graph_replay import GraphReplay

        return GraphReplay(learner, batch)
    from metalearn_lab.compiled import compiled_meta_loss

    return compiled_meta_loss(learner, batch)
