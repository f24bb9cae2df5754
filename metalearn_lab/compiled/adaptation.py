"""Adaptation as one compiled function: quick enough to follow a control that is being moved."""

from __future__ import annotations

import copy

import torch
from torch import Tensor

from metalearn_lab.compiled.one_task import state_of, with_state
from metalearn_lab.compiled.snapshot import Snapshot
from metalearn_lab.compiled.task_map import CompiledTaskMap
from metalearn_lab.running.per_task import PerTask
from metalearn_lab.tasks.batches import check_inputs, check_split
from metalearn_lab.tasks.types import Split


class CompiledAdaptation:
    """What a learner predicts at given inputs after 0, 1, …, k inner steps.

    The same as ``learner.adapt`` and then ``learner.predict`` at every step, in one C function;
    each task may have an inner rate of its own.

    Args:
        learner: on the CPU; its weights and ``inner_lr`` are read at every call, all else that it
            holds must stay as it is.
        support: an example, ``[tasks, items, ...]``; the number of tasks may change.
        x: an example of the inputs to predict at, ``[tasks, items, ...]``.
        steps: k.

    Raises:
        NotCompilable: the learner uses an operation that the compiler does not know, or there is
            no C compiler.
        ValueError: the examples are no batch.
    """

    def __init__(self, learner: PerTask, support: Split, x: Tensor, steps: int) -> None:
        check_split("support", support)
        check_inputs("x", x)
        self.learner = learner
        self.steps = steps
        self.snapshot = Snapshot(learner, allowed_names=("inner_lr",))
        self.traced = copy.copy(learner)
        self.names = list(state_of(learner))
        self.compiled = CompiledTaskMap(
            self._predict_one_task, *self._inputs(support, x), averaged_count=0
        )

    def __call__(self, support: Split, x: Tensor, rates: Tensor | None = None) -> Tensor:
        """Predictions ``[tasks, steps + 1, items, outputs]``.

        Args:
            support: ``[tasks, items, ...]``.
            x: ``[tasks, items, ...]``.
            rates: α of each task, ``[tasks]``; the learner's own when not given.

        Raises:
            ValueError: ``rates`` are given for a learner that has its own.
            OtherThanCompiled: the shapes are not the examples', or the learner has changed.
        """
        self.snapshot.check()
        if rates is not None and not self.compiled.uses[-1]:
            raise ValueError(
                f"the inner steps of {type(self.learner).__name__} do not depend on inner_lr, so "
                "rates would change nothing: leave them out"
            )
        return torch.stack(self.compiled(*self._inputs(support, x, rates)), 1)

    def _inputs(
        self, support: Split, x: Tensor, rates: Tensor | None = None
    ) -> tuple[list[Tensor], list[Tensor]]:
        """What the compiled function takes: of all tasks, and of each."""
        if rates is None:
            own = getattr(self.learner, "inner_lr", 0.0)  # not used where there is none
            dtype = next(self.learner.parameters()).dtype
            rates = torch.full((x.shape[0],), own, dtype=dtype)
        return list(state_of(self.learner).values()), [*support, x, rates]

    def _predict_one_task(self, *tensors: Tensor) -> list[Tensor]:
        state = dict(zip(self.names, tensors, strict=False))
        support_x, support_y, x, rate = tensors[len(self.names) :]
        vars(self.traced)["inner_lr"] = rate  # traced, so no number that could be checked

        def predictions(learner: PerTask) -> list[Tensor]:
            trajectory = learner.trajectory(Split(support_x, support_y), self.steps)
            return [learner.call(weights, x) for weights in trajectory]

        return with_state(self.traced, state, predictions)
