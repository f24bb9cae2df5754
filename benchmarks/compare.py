"""Run one workload: check every result, then time the variants in turns, then tabulate."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median

import numpy as np
import torch

from benchmarks.busy import STATES, State, in_state
from benchmarks.reference import Gradient, relative_error
from benchmarks.running import Variant, Workload
from benchmarks.timing import Contestant, first_call, intra_op_threads, take_turns

Row = dict[str, object]
Say = Callable[[str], None]


class WrongResult(Exception):
    """A variant does not compute what it is timed for."""


def run_workload(workload: Workload, say: Say, budget: float = 30.0) -> list[Row]:
    """The rows of a workload, one a variant in each state of the machine.

    Args:
        workload: what to run.
        say: told what is going on.
        budget: seconds of timing in each state.

    Raises:
        WrongResult: nothing is timed when one result is wrong.
    """
    with intra_op_threads(workload.threads):
        return check_and_time(workload, say, budget)


def check_and_time(workload: Workload, say: Say, budget: float) -> list[Row]:
    """The same, in whatever number of threads there is."""
    reference = workload.reference()
    contestants: list[Contestant] = []
    reasons: list[tuple[Variant, str]] = []
    for variant in workload.variants:
        say(f"{workload.name}: checking {variant.name}")
        try:
            contestants.append(enter(workload, variant, reference))
        except WrongResult:
            raise
        except Exception as problem:
            reasons.append((variant, in_a_line(problem)))
            say(f"  not timed: {in_a_line(problem)}")
    rows = []
    for state in STATES:
        say(f"{workload.name}: timing {len(contestants)} variants in turns, {state}")
        with in_state(state):
            take_turns(contestants, budget)
        rows += tabulate(workload, contestants, state)
    untimed = [
        {**about(workload, variant, "idle"), "note": f"not timed: {why}"}
        for variant, why in reasons
    ]
    return rows + untimed


def enter(workload: Workload, variant: Variant, reference: Gradient) -> Contestant:
    """Build a variant, check its result and find out how quick it is."""
    running, seconds = first_call(variant)
    error = checked_error(workload, variant, reference)
    return Contestant(variant, running, seconds, error)


def checked_error(workload: Workload, variant: Variant, reference: Gradient) -> float:
    """The relative error of a variant's result, from a build of its own.

    Raises:
        WrongResult: it is over the limit.
    """
    error = relative_error(variant.build(workload.exact_dtype).result(), reference)
    if not error < workload.limit:
        raise WrongResult(
            f"{workload.name}: the result of '{variant.name}' is off by {error:.1e} (relative, in "
            f"{workload.exact_dtype}); at most {workload.limit:.0e} is allowed"
        )
    return error


def tabulate(workload: Workload, contestants: list[Contestant], state: State = "idle") -> list[Row]:
    """Medians, quartiles and ratios; a ratio is taken within each round."""
    peers = [c for c in contestants if c.variant.kind == "peer"]
    best = min(peers, key=lambda c: median(c.milliseconds), default=None)
    rows = []
    for contestant in contestants:
        times = np.array(contestant.milliseconds)
        row = about(workload, contestant.variant, state) | quartiles("ms", times)
        if best is not None:
            row |= quartiles("ratio", times / np.array(best.milliseconds))
            row["best_peer"] = best.variant.name
        rows.append(
            row
            | {
                "error": contestant.error,
                "error_dtype": str(workload.exact_dtype).removeprefix("torch."),
                "first_call_s": contestant.first_call,
                "rounds": len(times),
            }
        )
    return sorted(rows, key=lambda row: row["ms"])


def about(workload: Workload, variant: Variant, state: State) -> Row:
    """What a row says of a variant, whether it was timed or not."""
    return {
        "workload": workload.name,
        "title": workload.title,
        "state": state,
        "variant": variant.name,
        "kind": variant.kind,
        "target": workload.target,
        "torch_threads": workload.threads or torch.get_num_threads(),
    }


def quartiles(name: str, values: np.ndarray) -> Row:
    """Median and quartiles of the rounds."""
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    return {name: float(middle), f"{name}_q25": float(low), f"{name}_q75": float(high)}


def in_a_line(problem: Exception) -> str:
    """The kind of an exception and the first line of what it says."""
    lines = str(problem).strip().splitlines() or [""]
    return f"{type(problem).__name__}: {lines[0][:200]}"
