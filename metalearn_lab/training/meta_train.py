"""The one training loop: a batch of tasks, the meta-gradient, an outer step; again."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

from metalearn_lab.learners.learner import Learner
from metalearn_lab.tasks.batches import check_tasks
from metalearn_lab.tasks.types import Task, bad_values
from metalearn_lab.training.block import BLOCK, train_block
from metalearn_lab.training.compiling import begin
from metalearn_lab.training.one_run import the_only_run_on
from metalearn_lab.training.outer_step import OuterStep
from metalearn_lab.training.parameters import (
    check_learner,
    check_nothing_else_moves,
    check_optimizer,
)
from metalearn_lab.training.run_state import RunState, TrainingRun
from metalearn_lab.training.sharding import is_first_rank, lost_rank_named
from metalearn_lab.training.trainee import Trainee

__all__ = ["TrainingRun", "meta_train"]


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
    compiled: bool | None = None,
    bf16: bool = False,
) -> TrainingRun:
    """Meta-train a learner in place.

    On several GPUs or nodes: call it in the same way in every process that ``torchrun`` started,
    inside ``training.process_group.process_group``. Each of R ranks then takes one R-th of every
    meta-batch, all follow the mean gradient, and all return the same run. The first rank alone
    reads and writes the checkpoint, validates and shows the bar.

    Args:
        learner: any learner.
        tasks: the meta-batch of an iteration, every tensor ``[tasks, items, ...]``. It must
            depend on the iteration alone, which is what makes resuming exact. Every rank is to
            make the whole batch, of a multiple of R tasks, and takes its own part.
        iterations: number of outer steps in all.
        optimizer: over ``learner.parameters()``. What is not to be trained is frozen by
            ``requires_grad_(False)``.
        scheduler: of this optimiser, stepped once an iteration.
        validation: meta-validation tasks; the weights that do best on them after adaptation are
            the ones the learner ends with.
        patience: stop after so many rows of the history without a better validation loss.
        every: iterations between rows of the history, validations and checkpoints. A run that
            ends in between has one more row, at its end.
        checkpoint: file to keep the run in, of one run at a time. If it exists the run goes on from
            there, and ends with the same history and weights, bit for bit, as one that was never
            interrupted. It holds where PyTorch's random numbers stood, for dropout; one that was
            written before it did leaves them where they are.
            A finished run goes on in the same way when more iterations are asked for. With
            another number of ranks it goes on too, and ends with the same up to rounding.
        progress: show a bar on stderr with the rate and the time left.
        compiled: take the meta-gradient from a compiled function, on a CUDA device a recorded
            graph, which is faster for small dense networks. When not given: as the checkpoint was
            begun, or else where ``training.compiling.is_worth_compiling`` expects that it pays; if
            it then cannot be done, a warning says why, and if the learner is changed in training,
            or the shapes of the tasks, the run goes on uncompiled. When asked for, a learner that
            was changed is compiled again. Ask for it where learner, model or loss are your own
            code: the rule leaves them uncompiled, for it cannot know that they stay the same.
        bf16: matrix products of the meta-loss in bfloat16, weights and validation as they are:
            faster on tensor cores, and moves the meta-gradient by some per cent where it is allowed
            (see ``training.bf16``).

    Returns:
        The history and how the run ended.

    Raises:
        ValueError: a setting is out of range, patience was given without validation tasks, or
            these hold NaN or inf; or bf16 would make the meta-gradient wrong; or a meta-batch
            cannot be shared out evenly to the ranks; or the optimiser moves not all of the
            learner's trainable parameters, or others too; or the scheduler is of another one.
        TypeError: the learner is wrapped, ``tasks`` is no function, the scheduler needs to be told
            a loss, or the optimiser a closure.
        RuntimeError: gradients are switched off by the caller.
        NonFiniteLossError: the meta-loss, its gradient, the weights after a step or the validation
            loss are NaN or infinite. Learner and optimiser are as they were before that step.
        NotCompilable: ``compiled=True``, or a run that was begun so, cannot be compiled here, or
            no longer computes what PyTorch does.
        CheckpointError: the checkpoint is unreadable, unwritable, of another run, in use by one,
            or holds more iterations than were asked for.
        LostRankError: another rank was killed, failed or does not answer.
    """
    check_learner(learner)
    _check_settings(iterations, every, patience, validation)
    _check_outer(learner, tasks, optimizer, scheduler)
    trainee = Trainee(learner, optimizer, scheduler)
    path = Path(checkpoint) if checkpoint else None
    run_state = RunState(trainee, validation, patience, every, path)
    with lost_rank_named(), the_only_run_on(path):
        found_checkpoint = run_state.existing_checkpoint()
        outer = begin(trainee, compiled, found_checkpoint, iterations, lambda: tasks(0), bf16=bf16)
        run_state.start(found_checkpoint, iterations, outer)
        _train(run_state, outer, tasks, iterations, progress)
    run_state.restore_best()
    return run_state.done


def _train(
    run_state: RunState,
    outer: OuterStep,
    tasks: Callable[[int], Task],
    iterations: int,
    progress: bool,
) -> None:
    every, done = run_state.every, run_state.done
    with _progress_bar(done.iterations, iterations, progress and is_first_rank()) as bar:
        while done.iterations < iterations and not done.stopped_early:
            next_row = (done.iterations // every + 1) * every
            end = min(next_row, done.iterations + BLOCK, iterations)
            run_state.losses += train_block(
                run_state.trainee, outer, tasks, range(done.iterations, end)
            )
            done.iterations = end
            if end == next_row:
                run_state.record()
            if end in (next_row, iterations):
                run_state.save()
            _show(bar, done)
        # Where a run ends between two rows, a longer run has none, so the checkpoint has none.
        if run_state.losses:
            run_state.record()
            _show(bar, done)


def _progress_bar(done: int, iterations: int, shown: bool) -> AbstractContextManager[Any]:
    if not shown:
        return nullcontext()
    from tqdm import tqdm  # the core runs without it

    bar: AbstractContextManager[Any] = tqdm(total=iterations, initial=done, desc="meta-train")
    return bar


def _show(bar: Any, done: TrainingRun) -> None:
    if bar is None:
        return
    if done.history:
        losses = {k: f"{v:.3g}" for k, v in done.history[-1].items() if "loss" in k}
        bar.set_postfix(losses, refresh=False)
    bar.update(done.iterations - bar.n)


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
    if validation is not None:
        check_tasks(validation)
        if problem := bad_values(validation):
            raise ValueError(f"the validation tasks cannot be used: {problem}")


def _check_outer(
    learner: Learner,
    tasks: object,
    optimizer: Optimizer,
    scheduler: LRScheduler | None,
) -> None:
    if not callable(tasks):
        raise TypeError(
            "tasks must be a function that gives the meta-batch of an iteration, got "
            f"{type(tasks).__name__}: of a sampler or a task family, give "
            "lambda i: sampler.batch(n * i, n) for n tasks each"
        )
    check_optimizer(learner, optimizer)
    check_nothing_else_moves(learner, optimizer)
    if isinstance(scheduler, ReduceLROnPlateau):
        raise TypeError(
            "ReduceLROnPlateau steps on a loss, the scheduler here on iterations alone: use "
            "StepLR, CosineAnnealingLR or another that does, and patience=... to stop on a plateau"
        )
    if scheduler is not None and scheduler.optimizer is not optimizer:
        raise ValueError(
            "the scheduler was made over another optimizer, whose rate it would change: make it "
            "over the one that is given here"
        )
