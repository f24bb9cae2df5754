"""The state of a training run: its rows, its best weights, and how it is kept on disk."""

from __future__ import annotations

import copy
import os
from dataclasses import dataclass, field
from functools import partial
from math import inf
from pathlib import Path
from typing import cast

from torch import Tensor

from metalearn_lab.evaluation.adaptation_curves import adapted_loss
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
from metalearn_lab.training.outer_step import OuterStep
from metalearn_lab.training.sharding import (
    from_first_rank,
    random_group,
    random_of_all_ranks,
    rank,
    stand_with_first_rank,
)
from metalearn_lab.training.trainee import SavedState, Trainee, flatten_groups, unflatten_groups


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
    history: list[dict[str, float]] = field(default_factory=list)
    best_iteration: int | None = None
    stopped_early: bool = False

    @property
    def best_loss(self) -> float:
        """The lowest validation loss so far; infinite before the first."""
        return min((r.get("validation_loss", inf) for r in self.history), default=inf)


@dataclass
class RunState:
    """A run under way.

    Where several ranks share it, the first alone reads and writes the checkpoint and validates;
    the others are told, so that their paths cannot part.

    Attributes:
        trainee: learner, optimiser and scheduler.
        validation: tasks that choose the best weights, if any.
        patience: rows without a better validation loss before the run stops, if it may.
        every: iterations between rows.
        path: of the checkpoint, if one is kept.
        done: the run so far.
        best: weights with the lowest validation loss.
        losses: meta-losses since the last row.
    """

    trainee: Trainee
    validation: Task | None
    patience: int | None
    every: int
    path: Path | None
    done: TrainingRun = field(default_factory=TrainingRun)
    best: dict[str, Tensor] = field(default_factory=dict)
    losses: list[float] = field(default_factory=list)

    def existing_checkpoint(self) -> Checkpoint | None:
        """The checkpoint to go on from, if there is one.

        Raises:
            CheckpointError: it is unreadable.
        """
        path = self.path
        if path is None:
            return None
        return from_first_rank(lambda: load_checkpoint(path) if os.path.exists(path) else None)

    def start(self, checkpoint: Checkpoint | None, iterations: int, outer: OuterStep) -> None:
        """Go on from the checkpoint that was found, or write the first one.

        The first comes before any training, so that a path that cannot be written is found at
        once.

        Args:
            checkpoint: to go on from, if there is one.
            iterations: of the run.
            outer: takes the steps; how it does changes the rounding.

        Raises:
            CheckpointError: it is unwritable, damaged, of another run, or past ``iterations``.
        """
        stand_with_first_rank(self.trainee)
        if self.path is None:
            return
        self.outer, step_settings = outer, {"compiled": outer.compiled, "bf16": outer.bf16}
        self.description = describe(
            self.trainee.learner,
            self.trainee.optimizer,
            self.trainee.scheduler,
            self.validation,
            every=self.every,
            patience=self.patience,
            **step_settings,
        )
        if checkpoint is None:
            self.save()
            return
        with damage_named(self.path):
            # The first checkpoints were written before there was a choice.
            saved_description = dict.fromkeys(step_settings, False) | checkpoint.description
            check_same_run(self.path, saved_description, self.description)
            self._restore(checkpoint, iterations)

    def record(self) -> None:
        """Add a row to the history and keep the best weights.

        Raises:
            NonFiniteLossError: the validation loss is not finite.
        """
        done = self.done
        row = {"iteration": done.iterations, "meta_loss": sum(self.losses) / len(self.losses)}
        if self.validation is not None:
            loss = row["validation_loss"] = from_first_rank(self._validation_loss)
            if loss < done.best_loss:
                done.best_iteration = done.iterations
                self.best = copy.deepcopy(self.trainee.learner.state_dict())
        done.history.append(row)
        self.losses = []
        if self.patience is not None:
            losses = [row["validation_loss"] for row in done.history]
            rows_since_best = len(losses) - 1 - losses.index(min(losses))
            done.stopped_early = rows_since_best >= self.patience

    def save(self) -> None:
        """Write the checkpoint, if one is kept."""
        if self.path is None:
            return
        saved = self.trainee.saved_state()
        json_state = saved.json_state | {
            "run": vars(self.done),
            "losses": self.losses,
            "compiling was asked for": not self.outer.may_stop_compiling,
        }
        # By now the steps may no longer be compiled.
        description = self.description | {"compiled": self.outer.compiled}
        random_groups = random_of_all_ranks(saved.tensors["random"])
        tensors = flatten_groups(saved.tensors | random_groups | {"best": self.best})
        checkpoint = Checkpoint(description, json_state, tensors)
        from_first_rank(partial(save_checkpoint, self.path, checkpoint))

    def restore_best(self) -> None:
        """Give the learner the weights that did best on the validation tasks."""
        if self.best:
            self.trainee.learner.load_state_dict(self.best)

    def _validation_loss(self) -> float:
        learner, tasks = self.trainee.learner, cast(Task, self.validation)
        loss = adapted_loss(learner, tasks)
        check_validation(learner, tasks, loss, self.done.iterations)
        return loss

    def _restore(self, checkpoint: Checkpoint, iterations: int) -> None:
        self.done, self.losses = TrainingRun(**checkpoint.state["run"]), checkpoint.state["losses"]
        if self.done.iterations > iterations:
            raise CheckpointError(
                f"{self.path} already holds {self.done.iterations} iterations, and {iterations} "
                "were asked for: ask for as many or more, or give another path"
            )
        groups = unflatten_groups(checkpoint.tensors)
        self.best = groups.get("best", {})
        # A rank that the checkpoint was written without keeps its own random numbers.
        random_state = groups.get(random_group(rank()), {})
        self.trainee.restore(SavedState(checkpoint.state, groups | {"random": random_state}))
