"""The state of a training run: its rows, its best weights, and how it is kept on disk."""

from __future__ import annotations

import copy
import os
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Any

from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from metalearn_lab.evaluation.adaptation_curves import adapted_loss
from metalearn_lab.learners.learner import Learner
from metalearn_lab.tasks.types import Task
from metalearn_lab.training.checkpoint import (
    Checkpoint,
    CheckpointError,
    damage_named,
    load_checkpoint,
    save_checkpoint,
)
from metalearn_lab.training.description import check_same_run, describe
from metalearn_lab.training.non_finite import check_validation

HistoryRow = dict[str, float]


@dataclass
class TrainingRun:
    """What a training run did.

    Attributes:
        iterations: outer steps done.
        history: one row every ``every`` iterations and one at the end: ``iteration``,
            ``meta_loss`` (mean since the row before) and, with validation tasks,
            ``validation_loss`` after adaptation. A list of rows that ``pandas.DataFrame`` takes
            as it is.
        best_iteration: the iteration whose weights the learner holds now, when there were
            validation tasks.
        stopped_early: whether patience ran out.
    """

    iterations: int = 0
    history: list[HistoryRow] = field(default_factory=list)
    best_iteration: int | None = None
    stopped_early: bool = False

    @property
    def best_loss(self) -> float:
        """The lowest validation loss so far; infinite before the first."""
        return min((r.get("validation_loss", inf) for r in self.history), default=inf)


@dataclass
class RunState:
    """A run under way.

    Attributes:
        learner: what is trained.
        optimizer: its optimiser.
        scheduler: of the optimiser, if any.
        validation: tasks that choose the best weights, if any.
        patience: rows without a better validation loss before the run stops, if it may.
        every: iterations between rows.
        path: of the checkpoint, if one is kept.
        done: the run so far.
        best: weights with the lowest validation loss.
        losses: meta-losses since the last row.
    """

    learner: Learner
    optimizer: Optimizer
    scheduler: LRScheduler | None
    validation: Task | None
    patience: int | None
    every: int
    path: Path | None
    done: TrainingRun = field(default_factory=TrainingRun)
    best: dict[str, Tensor] = field(default_factory=dict)
    losses: list[float] = field(default_factory=list)

    def start(self, iterations: int) -> None:
        """Go on from the checkpoint, or write the first one.

        The first comes before any training, so that a path that cannot be written is found at
        once.

        Raises:
            CheckpointError: it is unreadable, unwritable, of another run, or past ``iterations``.
        """
        if self.path is None:
            return
        self.description = describe(
            self.learner,
            self.optimizer,
            self.scheduler,
            self.validation,
            every=self.every,
            patience=self.patience,
        )
        if not os.path.exists(self.path):
            self.save()
            return
        found = load_checkpoint(self.path)
        with damage_named(self.path):
            check_same_run(self.path, found.description, self.description)
            self._restore(found, iterations)

    def record(self) -> None:
        """Add a row to the history and keep the best weights.

        Raises:
            NonFiniteLossError: the validation loss is not finite.
        """
        done = self.done
        row = {"iteration": done.iterations, "meta_loss": sum(self.losses) / len(self.losses)}
        if self.validation is not None:
            loss = adapted_loss(self.learner, self.validation)
            check_validation(self.learner, self.validation, loss, done.iterations)
            row["validation_loss"] = loss
            if loss < done.best_loss:
                done.best_iteration = done.iterations
                self.best = copy.deepcopy(self.learner.state_dict())
        done.history.append(row)
        self.losses = []
        done.stopped_early = self.patience is not None and self._rows_since_best() >= self.patience

    def save(self) -> None:
        """Write the checkpoint, if one is kept."""
        if self.path is None:
            return
        optimizer = self.optimizer.state_dict()
        entries = {
            (index, name): value
            for index, values in optimizer["state"].items()
            for name, value in values.items()
        }
        tensors = {f"learner/{name}": weight for name, weight in self.learner.state_dict().items()}
        tensors |= {f"best/{name}": weight for name, weight in self.best.items()}
        tensors |= {f"optimizer/{i}/{n}": v for (i, n), v in entries.items() if _is_tensor(v)}
        state = {
            "run": vars(self.done),
            "losses": self.losses,
            "optimizer": optimizer["param_groups"],
            "optimizer numbers": [[*at, v] for at, v in entries.items() if not _is_tensor(v)],
            "scheduler": self.scheduler.state_dict() if self.scheduler else None,
        }
        save_checkpoint(self.path, Checkpoint(self.description, state, tensors))

    def restore_best(self) -> None:
        """Give the learner the weights that did best on the validation tasks."""
        if self.best:
            self.learner.load_state_dict(self.best)

    def _restore(self, found: Checkpoint, iterations: int) -> None:
        done = TrainingRun(**found.state["run"])
        if done.iterations > iterations:
            raise CheckpointError(
                f"{self.path} already holds {done.iterations} iterations, and {iterations} were "
                "asked for: ask for as many or more, or give another path"
            )
        groups = _by_prefix(found.tensors)
        self.done, self.losses = done, found.state["losses"]
        self.learner.load_state_dict(groups["learner"])
        self.best = groups.get("best", {})
        self.optimizer.load_state_dict(_optimizer_state(found.state, groups.get("optimizer", {})))
        if self.scheduler is not None:
            self.scheduler.load_state_dict(found.state["scheduler"])

    def _rows_since_best(self) -> int:
        losses = [row["validation_loss"] for row in self.done.history]
        return len(losses) - 1 - losses.index(min(losses))


def _is_tensor(value: object) -> bool:
    return isinstance(value, Tensor)


def _by_prefix(tensors: dict[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    groups: dict[str, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        prefix, rest = name.split("/", 1)
        groups.setdefault(prefix, {})[rest] = tensor
    return groups


def _optimizer_state(found: dict[str, Any], tensors: dict[str, Tensor]) -> Any:
    state: dict[int, dict[str, Any]] = {}
    for name, tensor in tensors.items():
        index, key = name.split("/", 1)
        state.setdefault(int(index), {})[key] = tensor
    for index, key, number in found["optimizer numbers"]:
        state.setdefault(index, {})[key] = number
    return {"state": state, "param_groups": found["optimizer"]}
