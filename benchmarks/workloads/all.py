"""Every workload by name, in the order of the table."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from benchmarks.compare import Row, Say, run_workload
from benchmarks.running import Workload
from benchmarks.workloads import (
    adapt,
    learned,
    processes,
    published,
    rules,
    w1,
    w2,
    w2r,
    w3,
    w4,
    w5,
)

Job = Callable[[Say], list[Row]]
"""Measures one piece of work and returns its rows."""

GROUPS: dict[str, list[Callable[[], Workload]]] = {
    "W1": [w1.workload],
    "W2": [w2.workload],
    "W2f": [w2.first_order_workload],
    "W2r": list(w2r.WORKLOADS),
    "W3": list(w3.WORKLOADS),
    "W4": [w4.workload],
    "W5": [w5.workload],
    "adapt": list(adapt.WORKLOADS),
    "learned": [*learned.WORKLOADS, *rules.WORKLOADS],
}
IN_PROCESSES: dict[str, Job] = {
    "import": processes.import_rows,
    "first": processes.first_result_rows,
    "published": published.rows,
}


def names() -> list[str]:
    """What can be asked for by name."""
    return [*GROUPS, *IN_PROCESSES]


def jobs(name: str) -> list[Job]:
    """The jobs of a group, e.g. two for ``"W3"``, or the one of a single workload, ``"W3-5"``.

    Raises:
        KeyError: there is no such group.
    """
    if name in IN_PROCESSES:
        return [IN_PROCESSES[name]]
    group = GROUPS[name.split("-")[0]]
    chosen = group if name in GROUPS else [make for make in group if make().name == name]
    return [partial(run_job, make) for make in chosen]


def run_job(make: Callable[[], Workload], say: Say) -> list[Row]:
    """Make a workload and run it."""
    return run_workload(make(), say)


def place(workload: str) -> int:
    """Where a workload, or one of a group such as ``"W3-5"``, stands in the table."""
    group = workload.split("-")[0]
    return names().index(group) if group in names() else len(names())
