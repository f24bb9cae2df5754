"""Whether a run is compiled: as it was begun, as it was asked, or by the rule of what pays."""

from __future__ import annotations

import warnings
from collections.abc import Callable

from torch import nn

from metalearn_lab.compiled.not_compilable import NotCompilable
from metalearn_lab.compiled.snapshot import Snapshot
from metalearn_lab.learners.learner import Learner
from metalearn_lab.tasks.types import Task
from metalearn_lab.training.checkpoint import Checkpoint
from metalearn_lab.training.outer_step import OuterStep
from metalearn_lab.training.trainee import Trainee

# Measured on two cores, 25 tasks, one inner step: a compiled step is 15 times faster at 1,761
# weights with 10 items a split, still 2 times at 20,000 with 50, and 1.3 times at 90,000.
_FEWEST_ITERATIONS = 2_000
_MOST_WEIGHTS = 20_000
_COMPILED_ON = ("cpu", "cuda")


def is_worth_compiling(learner: Learner, iterations: int) -> bool:
    """Whether a run is likely to be over sooner when its step is compiled first, and ends the same.

    Compiling takes a second or two and spares what Python and PyTorch spend on each small
    operation, the greatest part of a step of a small dense network. On a CUDA device the step is
    recorded as a graph instead, which spares the same: there is more to launch than to compute.

    Args:
        learner: worth it are those whose weights all belong to dense layers, are 20,000 at most
            and lie in a CPU's memory or a CUDA device's. Learner, layers and loss must be this
            package's or PyTorch's own: what code of a user's own depends on cannot be known, so
            it is compiled only where that is asked for.
        iterations: of the run; worth it from 2,000 on.
    """
    layers = [layer for layer in learner.modules() if isinstance(layer, nn.Linear)]
    dense_ids = {id(weight) for layer in layers for weight in layer.parameters(recurse=False)}
    weights = list(learner.parameters())
    return (
        iterations >= _FEWEST_ITERATIONS
        and sum(weight.numel() for weight in weights) <= _MOST_WEIGHTS
        and all(
            id(weight) in dense_ids and weight.device.type in _COMPILED_ON for weight in weights
        )
        and _is_constant(learner)
    )


def begin(
    trainee: Trainee,
    asked: bool | None,
    checkpoint: Checkpoint | None,
    iterations: int,
    example: Callable[[], Task],
    *,
    bf16: bool = False,
) -> OuterStep:
    """The outer step of a run, compiled or not.

    Args:
        trainee: what is trained.
        asked: what the caller wants; ``None`` leaves it to the checkpoint, or else to the rule.
        checkpoint: to go on from, if there is one. The two ways differ in rounding, so
            a run goes on the way it was begun.
        iterations: of the run.
        example: gives a meta-batch to compile for.
        bf16: as for ``OuterStep``; on a CPU the rule is then against compiling.

    Raises:
        ValueError: bf16 would make the meta-gradient wrong, or cannot be had.
        NotCompilable: compiling was asked for, and cannot be done. Where the rule alone was for
            it, a warning says why and the run is not compiled.
    """
    if checkpoint is not None:
        compiled = bool(checkpoint.description.get("compiled", False)) if asked is None else asked
        asked = asked or checkpoint.state.get("compiling was asked for")
    elif asked is None:
        is_rounded_on_cpu = bf16 and next(trainee.learner.parameters()).device.type == "cpu"
        compiled = is_worth_compiling(trainee.learner, iterations) and not is_rounded_on_cpu
    else:
        compiled = asked
    outer = OuterStep(
        trainee.learner, trainee.optimizer, compiled, bf16, may_stop_compiling=not asked
    )
    if checkpoint is None and compiled:
        batch = example()
        # What makes the tasks may have changed the learner by now.
        outer.compiled = bool(asked) or _is_constant(trainee.learner)
        return _prepare(outer, batch) if outer.compiled else outer
    return outer


def _prepare(outer: OuterStep, batch: Task) -> OuterStep:
    try:
        outer.prepare(batch)
    except NotCompilable as reason:
        if not outer.may_stop_compiling:
            raise
        warnings.warn(
            f"this run is not compiled, which would have made it faster: {reason}", stacklevel=4
        )
        return OuterStep(outer.learner, outer.optimizer, bf16=outer.bf16)
    return outer


def _is_constant(learner: Learner) -> bool:
    """Whether all that a compiled step depends on can be compared before every step."""
    try:
        return not Snapshot(learner).doubtful_names
    except NotCompilable:
        return False
