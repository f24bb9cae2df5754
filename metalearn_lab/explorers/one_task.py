"""Learners as an explorer wants them that adapts them to one task at a time."""

from __future__ import annotations

import copy
from collections.abc import Mapping

from metalearn_lab.learners.learner import Learner


def for_one_task(learners: Mapping[str, Learner]) -> dict[str, Learner]:
    """The same learners, their weights shared, run without ``vmap``: a fifth of its time."""
    twins = {name: copy.copy(learner) for name, learner in learners.items()}
    for twin in twins.values():
        twin.chunk_size = twin.low_rank = None  # which are for "vmap" alone
        twin.mapping = "loop"
    return twins
