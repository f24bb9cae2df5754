"""The one training loop: a batch of tasks, the meta-gradient, an outer step; again."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from metalearn_lab.evaluation.adaptation_curves import adapted_loss
from metalearn_lab.learners.learner import Learner
from metalearn_lab.tasks.types import Task
from metalearn_lab.training.checkpoint import (
    Checkpoint,
    check_same_run,
    load_checkpoint,
    save_checkpoint,
)
from metalearn_lab.training.non_finite import check_finite

HistoryRow = dict[str, float]


@dataclass
class TrainingRun:
    """What a training run did.

    Attributes:
        iterations: outer steps done.
        history: one row every ``every`` iterations: ``iteration``, ``meta_loss`` (mean since the
            row before) and, with validation tasks, ``validation_loss`` after adaptation. A list
            of rows that ``pandas.DataFrame`` takes as it is.
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


def meta_train(
    learner: Learner,
    tasks: Callable[[int], Task],
    *,
    iterations: int,
    optimizer: Optimizer,
    scheduler: LRScheduler | None = None,
    validation: Task | None = None,
    patience: int | None = None,
    every: int = 100,
    checkpoint: str | Path | None = None,
    progress: bool = True,
) -> TrainingRun:
    """Meta-train a learner in place.

    Args:
        learner: any learner.
        tasks: the meta-batch of an iteration, every tensor ``[tasks, items, ...]``. It must
            depend on the iteration alone, which is what makes resuming exact.
        iterations: number of outer steps in all.
        optimizer: over ``learner.parameters()``.
        scheduler: stepped once an iteration.
        validation: meta-validation tasks; the weights that do best on them after adaptation are
            the ones the learner ends with.
        patience: stop after so many rows of the history without a better validation loss.
        every: iterations between rows of the history, validations and checkpoints.
        checkpoint: file to keep the run in. If it exists the run goes on from there, and ends
            with the same weights, bit for bit, as one that was never interrupted.
        progress: show a bar on stderr with the rate and the time left.

    Returns:
        The history and how the run ended.

    Raises:
        ValueError: a setting is out of range, or patience was given without validation tasks.
        NonFiniteLossError: the meta-loss or its gradient is NaN or infinite.
        CheckpointError: the checkpoint is unreadable, unwritable, or of another run.
    """
    from tqdm import tqdm

    _check_settings(iterations, every, patience, validation)
    run = _Run(learner, optimizer, scheduler, Path(checkpoint) if checkpoint else None)
    run.resume()
    with tqdm(
        total=iterations, initial=run.done.iterations, disable=not progress, desc="meta-train"
    ) as bar:
        while run.done.iterations < iterations and not run.done.stopped_early:
            losses = [
                run.outer_step(tasks(i), i)
                for i in range(run.done.iterations, min(run.done.iterations + every, iterations))
            ]
            run.record(losses, validation, patience)
            bar.update(len(losses))
            bar.set_postfix({k: f"{v:.3g}" for k, v in run.done.history[-1].items() if "loss" in k})
    run.restore_best()
    return run.done


class _Run:
    """The state of a training run, and how it is saved."""

    def __init__(
        self,
        learner: Learner,
        optimizer: Optimizer,
        scheduler: LRScheduler | None,
        path: Path | None,
    ) -> None:
        self.learner, self.optimizer, self.scheduler, self.path = (
            learner,
            optimizer,
            scheduler,
            path,
        )
        self.done = TrainingRun()
        self.best: dict[str, Tensor] = {}

    def outer_step(self, batch: Task, iteration: int) -> float:
        """One step down the meta-gradient."""
        self.optimizer.zero_grad()
        loss = self.learner(batch)
        loss.backward()
        check_finite(self.learner, batch, loss, iteration)
        self.optimizer.step()
        if self.scheduler is not None:
            self.scheduler.step()
        value: float = loss.item()
        return value

    def record(self, losses: list[float], validation: Task | None, patience: int | None) -> None:
        """Add a row to the history, keep the best weights, save."""
        before = self.done.best_loss
        self.done.iterations += len(losses)
        row = {"iteration": self.done.iterations, "meta_loss": sum(losses) / len(losses)}
        if validation is not None:
            row["validation_loss"] = adapted_loss(self.learner, validation)
            if row["validation_loss"] < before:
                self.done.best_iteration = self.done.iterations
                self.best = copy.deepcopy(self.learner.state_dict())
        self.done.history.append(row)
        self.done.stopped_early = patience is not None and self._rows_since_best() >= patience
        if self.path is not None:
            save_checkpoint(self.path, self._checkpoint())

    def restore_best(self) -> None:
        """Give the learner the weights that did best on the validation tasks."""
        if self.best:
            self.learner.load_state_dict(self.best)

    def resume(self) -> None:
        """Go on from the checkpoint, if there is one."""
        if self.path is None or not self.path.exists():
            return
        found = load_checkpoint(self.path)
        check_same_run(self.path, found.description, self._description())
        self.done = TrainingRun(**found.state["run"])
        groups = _by_prefix(found.tensors)
        self.learner.load_state_dict(groups["learner"])
        self.best = groups.get("best", {})
        self.optimizer.load_state_dict(
            _optimizer_state(found.state["optimizer"], groups.get("optimizer", {}))
        )
        if self.scheduler is not None:
            self.scheduler.load_state_dict(found.state["scheduler"])

    def _rows_since_best(self) -> int:
        losses = [row["validation_loss"] for row in self.done.history]
        return len(losses) - 1 - losses.index(min(losses))

    def _checkpoint(self) -> Checkpoint:
        optimizer = self.optimizer.state_dict()
        tensors = {f"learner/{k}": v for k, v in self.learner.state_dict().items()}
        tensors |= {f"best/{k}": v for k, v in self.best.items()}
        tensors |= {
            f"optimizer/{index}/{key}": torch.as_tensor(value)
            for index, entries in optimizer["state"].items()
            for key, value in entries.items()
            if value is not None
        }
        state = {
            "run": vars(self.done),
            "optimizer": optimizer["param_groups"],
            "scheduler": self.scheduler.state_dict() if self.scheduler else None,
        }
        return Checkpoint(self._description(), state, tensors)

    def _description(self) -> dict[str, Any]:
        learner = self.learner
        return {
            "learner": type(learner).__name__,
            "inner_lr": learner.inner_lr,
            "inner_steps": learner.inner_steps,
            "adapts": learner.adapts,
            "weights": {name: list(p.shape) for name, p in learner.state_dict().items()},
            "optimizer": type(self.optimizer).__name__,
            "scheduler": type(self.scheduler).__name__ if self.scheduler else None,
        }


def _check_settings(
    iterations: int, every: int, patience: int | None, validation: Task | None
) -> None:
    if iterations < 1 or every < 1:
        raise ValueError(
            f"iterations and every must be 1 or more, got iterations={iterations}, every={every}"
        )
    if patience is not None and patience < 1:
        raise ValueError(f"patience must be 1 or more rows of the history, got {patience}")
    if patience is not None and validation is None:
        raise ValueError("patience needs meta-validation tasks: pass validation=...")


def _by_prefix(tensors: dict[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    groups: dict[str, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        prefix, rest = name.split("/", 1)
        groups.setdefault(prefix, {})[rest] = tensor
    return groups


def _optimizer_state(param_groups: list[dict[str, Any]], tensors: dict[str, Tensor]) -> Any:
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        index, key = name.split("/", 1)
        state.setdefault(int(index), {})[key] = tensor
    return {"state": state, "param_groups": param_groups}
