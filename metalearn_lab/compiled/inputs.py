"""The tensors of a batch as a compiled step takes them."""

from __future__ import annotations

from torch import Tensor

from metalearn_lab.compiled.not_compilable import OtherThanCompiled
from metalearn_lab.tasks.types import Task


def inputs_of(tasks: Task) -> list[Tensor]:
    """Support and query, inputs and targets.

    Raises:
        OtherThanCompiled: a gradient is wanted in one of them, and a compiled step has none.
    """
    inputs = [part for split in tasks for part in split]
    if any(part.requires_grad for part in inputs):
        raise OtherThanCompiled(
            "a compiled step has no gradient for what its tasks were computed with, as by an "
            "encoder that is trained in front of the learner: use compiled=False, or detach them"
        )
    return inputs
