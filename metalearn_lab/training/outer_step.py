"""One step down the meta-gradient, by any optimiser, without waiting for the device."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeVar, cast

import torch
from torch import Tensor
from torch.optim import Optimizer

from metalearn_lab.compiled.not_compilable import NotCompilable, OtherLearner, OtherThanCompiled
from metalearn_lab.learners.learner import Learner
from metalearn_lab.one_thread import one_thread
from metalearn_lab.running.few_threads import is_small
from metalearn_lab.running.known_gradient import with_known_gradient
from metalearn_lab.tasks.types import Task
from metalearn_lab.training.bf16 import autocast_bf16, check_bf16, in_bf16
from metalearn_lab.training.parameters import check_optimizer
from metalearn_lab.training.sharding import average_over_ranks, own_tasks, ranks

MetaLoss = Callable[[Task], Tensor]
"""Maps a batch of tasks to the mean meta-loss, a scalar whose gradient is the meta-gradient."""

_PAYS_AFTER = 100
_MOST_HASTE = 3
"""So many times in a row the learner may change before a compiled step has paid off, in steps."""

Result = TypeVar("Result")


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
        may_stop_compiling: go on uncompiled when the learner or the shapes of a batch are no longer
            those that were compiled for. Otherwise a learner that has changed is compiled again,
            and another shape is an error.

    Attributes:
        compiled: whether the steps to come are compiled.

    Raises:
        ValueError: bf16 would make the meta-gradient wrong, or cannot be had; or the optimiser does
            not move all of the learner's parameters that are to be trained.
        TypeError: the learner is wrapped in another module, or the optimiser needs a closure.
    """

    def __init__(
        self,
        learner: Learner,
        optimizer: Optimizer,
        compiled: bool = False,
        bf16: bool = False,
        *,
        may_stop_compiling: bool = False,
    ) -> None:
        check_optimizer(learner, optimizer)
        if bf16:
            check_bf16(learner, compiled=compiled)
        self.may_stop_compiling = may_stop_compiling
        self.learner = learner
        self.optimizer = optimizer
        self.compiled = compiled
        self.bf16 = bf16
        self._meta_loss: MetaLoss | None = None
        self._compiled_meta_loss: Any = None
        self._averaged_meta_loss: MetaLoss | None = None
        self._steps_since_compiling = 0
        self._haste_count = 0
        self._known_size: tuple[object, bool] | None = None

    def prepare(self, batch: Task) -> MetaLoss:
        """The meta-loss whose gradient is followed; compiling it takes a second or two, once.

        Args:
            batch: like those to come; compiled is what a rank does with its own part of it.

        Raises:
            NotCompilable: says why the learner cannot be compiled here.
            ValueError: the tasks cannot be shared out evenly to the ranks.
            RuntimeError: gradients are switched off here.
        """
        if not torch.is_grad_enabled():
            raise RuntimeError(
                "there is no gradient to follow inside torch.no_grad() or torch.inference_mode(): "
                "train outside of it"
            )
        if self._meta_loss is None:
            return self._make_meta_loss(own_tasks(batch))
        return self._meta_loss

    def _make_meta_loss(self, own_batch: Task) -> MetaLoss:
        with self._precision():
            meta_loss = _compile(self.learner, own_batch) if self.compiled else self.learner
        self._compiled_meta_loss = meta_loss
        self._meta_loss = in_bf16(self.learner, meta_loss) if self.bf16 else meta_loss
        self._steps_since_compiling = 0
        return self._meta_loss

    def _precision(self) -> AbstractContextManager[object]:
        return autocast_bf16(self.learner) if self.bf16 else nullcontext()

    def step(self, batch: Task) -> Tensor:
        """One step on a batch of tasks.

        Args:
            batch: every tensor ``[tasks, items, ...]``, the same on every rank.

        Returns:
            The meta-loss before the step, a scalar on the learner's device without a graph. Among
            several ranks it is that of the rank's own tasks.

        Raises:
            NotCompilable: at the first step, as for ``prepare``, and where the learner changes at
                every step.
            ValueError: the tasks cannot be shared out evenly to the ranks, or have other shapes
                than a step was compiled for that may not stop compiling.
            RuntimeError: as for ``prepare``.
        """
        own_batch = own_tasks(batch)
        self.prepare(batch)
        if ranks() > 1 and self._averaged_meta_loss is None:
            # Not in ``prepare``, which may fail on one rank while another waits for it here.
            self._averaged_meta_loss = average_over_ranks(
                self.learner,
                lambda own_batch: self._result_of_meta_loss(
                    lambda meta_loss: meta_loss(own_batch), own_batch
                ),
            )
        _forget_gradients(self.optimizer)
        is_small_batch = self._is_small(own_batch)
        # What is compiled shares its tasks out itself, and leaves only large products to PyTorch.
        with one_thread(is_small_batch and not self.compiled):
            if self._averaged_meta_loss is None:
                loss = self._result_of_meta_loss(
                    lambda meta_loss: _leave_gradient(meta_loss, own_batch), own_batch
                )
            else:
                loss = _leave_gradient(self._averaged_meta_loss, own_batch)
        with one_thread(is_small_batch):
            self.optimizer.step()
        self._steps_since_compiling += 1
        return loss

    def check(self, batch: Task) -> None:
        """Compare a compiled step with PyTorch once more, where it may have become another.

        What ``compiled.Snapshot`` compares at every step is all there is to a learner of this
        package and layers of PyTorch's. Code of a user's own may depend on more.

        Raises:
            NotCompilable: they differ.
        """
        if self.compiled and self._compiled_meta_loss.snapshot.doubtful_names:
            with self._precision():
                self._compiled_meta_loss.check(own_tasks(batch))

    def _result_of_meta_loss(
        self, result_of: Callable[[MetaLoss], Result], own_batch: Task
    ) -> Result:
        """A result of the meta-loss, which is compiled again or no longer where it must be."""
        try:
            return result_of(cast(MetaLoss, self._meta_loss))
        except ValueError as change:
            if not self._can_follow(change):
                raise
        return result_of(self._make_meta_loss(own_batch))

    def _can_follow(self, change: ValueError) -> bool:
        """Be ready to go on with a learner or batch that is not what was compiled."""
        if self.may_stop_compiling and isinstance(change, OtherThanCompiled):
            self.compiled = False
            return True
        if not isinstance(change, OtherLearner):
            return False
        self._haste_count = (
            self._haste_count + 1 if self._steps_since_compiling < _PAYS_AFTER else 0
        )
        if self._haste_count > _MOST_HASTE:
            raise NotCompilable(
                f"{change}; but it changes so often that compiling costs more than it saves: use "
                "compiled=False"
            ) from change
        return True

    def _is_small(self, batch: Task) -> bool:
        """As ``running.few_threads`` says, which is asked once for batches of one shape."""
        shape = batch.support.x.shape[:2], batch.query.x.shape[:2]
        if self._known_size is None or self._known_size[0] != shape:
            self._known_size = shape, is_small(self.learner, batch)
        return self._known_size[1]


def _leave_gradient(meta_loss: MetaLoss, batch: Task) -> Tensor:
    """The meta-loss, detached; its gradient is left in the parameters."""
    if not hasattr(meta_loss, "with_gradient"):
        loss = meta_loss(batch)
        loss.backward()
        return loss.detach()
    parameters, loss, gradients = meta_loss.with_gradient(batch)
    if all(map(_takes_gradient_as_it_is, parameters)):
        # What ``backward`` would do, without the 50 µs of its engine.
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient
    else:
        with_known_gradient(loss, parameters, gradients).backward()
    return loss.detach()


def _takes_gradient_as_it_is(parameter: Tensor) -> bool:
    """Whether no hook waits for the gradient, and its memory runs as the parameter's does."""
    has_hooks = parameter._backward_hooks or parameter._post_accumulate_grad_hooks
    return not has_hooks and parameter.is_contiguous()


def _forget_gradients(optimizer: Optimizer) -> None:
    """What ``zero_grad`` does, without the 7 µs of its hooks."""
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            parameter.grad = None


def _compile(learner: Learner, batch: Task) -> MetaLoss:
    """Compiled, and no random number spent on it: a run draws the same ones either way."""
    device = next(learner.parameters()).device
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        if device.type == "cuda":
            from metalearn_lab.training.graph_replay import GraphReplay

            return GraphReplay(learner, batch)
        from metalearn_lab.compiled import compiled_meta_loss

        return compiled_meta_loss(learner, batch)
