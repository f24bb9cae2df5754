"""Self-checks of scaling up: unequal shards, the grid of a sweep, ranks, and a sweep's report."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from metalearn_lab.exercises.finite import number, tensor
from metalearn_lab.exercises.mistakes import describe_mistake, find_likely_mistake
from metalearn_lab.exercises.verdict import Verdict, judged, not_yet, right, self_check
from metalearn_lab.experiments.sharding_time import Network, ShardingTime
from metalearn_lab.tasks.seeds import generator

if TYPE_CHECKING:
    from yaml import YAMLError

CombineShards = Callable[[list[Tensor], list[int]], Tensor]

_SIZES = ([5, 2, 1], [3, 4], [1, 6, 2, 2])
_STEP = ShardingTime(64, 8.0, 2.0, 0.0, Network(1.0, 0.0))
_CHAPTER = {"0", "00", "start_here", "00_start_here"}
_WANTED = {("iterations", 500), ("iterations", 2000)}, {("seed", seed) for seed in range(5)}


@self_check
def check_combined_shards(combine: CombineShards) -> Verdict:
    """On shards of unequal sizes, against the mean over all their tasks.

    Args:
        combine: takes the mean gradient of each shard and its number of tasks.
    """
    return judged(
        "Sums and counts add up across ranks; means do not.",
        (_combining_mistake(combine, sizes) for sizes in _SIZES),
    )


def _combining_mistake(combine: CombineShards, sizes: list[int]) -> str | None:
    numbers = generator("unequal shards", *sizes)
    tasks = torch.randn(sum(sizes), 4, generator=numbers, dtype=torch.float64)
    shards = torch.split(tasks, sizes)
    means = [shard.mean(0) for shard in shards]
    combined = tensor(combine(means, list(sizes)), (4,))
    likely = {
        "that is the mean of the shards' means: a task in a small shard counts for more than one "
        "in a large shard": torch.stack(means).mean(0),
        "that is the sum over the tasks: divide by how many there are in all": tasks.sum(0),
        "that is the sum divided by the number of shards: divide by that of the tasks": tasks.sum(0)
        / len(shards),
        "that is the sum of the shards' means: weigh each by its tasks, divide by all": torch.stack(
            means
        ).sum(0),
    }
    listed = ", ".join(map(str, sizes))
    way_on = f"on shards of {listed} tasks it is not the mean over the {len(tasks)} tasks"
    return describe_mistake(combined, tasks.mean(0), likely, way_on, 1e-5, smallest_scale=1e-3)


@self_check
def check_sweep_grid(sweep_file: str) -> Verdict:
    """Chapter 00 at 500 and 2,000 iterations with seeds 0 to 4: ten points, no more and no fewer.

    Args:
        sweep_file: the text of a sweep file.
    """
    import yaml

    try:
        entries = yaml.safe_load(sweep_file)
    except yaml.YAMLError as error:
        return not_yet(f"this cannot be read as YAML: {_where(error)}")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        return not_yet(
            "a sweep file is a list of entries: each begins with `- chapter: ...` and has its "
            "`parameters:` below, indented"
        )
    if any(not {"chapter"} <= set(entry) <= {"chapter", "parameters"} for entry in entries):
        return not_yet("an entry has two keys, chapter and parameters; the grid is in the second")
    if not {str(entry["chapter"]) for entry in entries} <= _CHAPTER:
        return not_yet("the chapter to run is 0, as a number, or start_here")
    grids = [entry.get("parameters") or {} for entry in entries]
    if hint := _wrong_value(grids):
        return not_yet(hint)
    points = [point for grid in grids for point in _points(grid)]
    wanted = {frozenset(point) for point in product(*_WANTED)}
    if missing := wanted - set(points):
        return not_yet(
            f"{len(missing)} of the 10 points are missing, such as {_described(missing)}: an entry "
            "runs the product of its lists"
        )
    if len(points) > len(wanted):
        return not_yet(f"yours has {len(points)} points, and 10 are asked for")
    return right("Two lists in one entry make 2 × 5 = 10 points.")


@self_check
def check_most_ranks(ranks: float) -> Verdict:
    """64 tasks of 8 ms, a fixed part of 2 ms, 1 ms a message: least at √(512/2) = 16 ranks.

    Args:
        ranks: the reader's number.
    """
    work = _STEP.tasks * _STEP.work
    likely = {
        "64 is the most that the tasks allow, but then each rank waits for 126 messages": 64,
        "that is Amdahl's ceiling, a speed-up; asked is for the number of ranks": _STEP.ceiling,
        "nearly: a ring sends 2(P − 1) messages, so another rank costs 2ℓ, not ℓ": work**0.5,
        "that is P²: set −Bw/P² + 2ℓ to 0 and solve for P": work / 2,
    }
    way_on = "T(P) = 2 + 512/P + 2(P − 1): try 1, 2, 4, 8, … and see where it turns"
    way_on = find_likely_mistake(number(ranks), likely, tolerance=0.002) or way_on
    return judged(
        f"T(16) = {_STEP.milliseconds(16):g} ms; 8 ranks take {_STEP.milliseconds(8):g} and "
        f"32 take {_STEP.milliseconds(32):g}.",
        [describe_mistake(number(ranks), _STEP.best_ranks, {}, way_on)],
    )


@self_check
def check_supported_claim(letter: str) -> Verdict:
    """What four seeds of two settings support: (c).

    Args:
        letter: of the claim.
    """
    hints = {
        "a": "the best of four seeds of B is compared with all of A: take the same from both",
        "b": "each ± covers the tasks that one trained network met, not what another seed gives",
        "c": None,
        "d": "four seeds that happen to overlap prove nothing equal: the interval of the "
        "difference reaches from a gain to a loss",
    }
    answer = str(letter).strip(" ().").lower()
    return judged(
        "Means 1.03 and 0.98: a difference of 0.05, where another seed moves a run by 0.09 or "
        "0.10 (standard deviations). More seeds could tell.",
        [hints.get(answer, 'answer with the letter of a claim, e.g. "a"')],
    )


def _where(error: YAMLError) -> str:
    """The line that a reader of YAML stumbles over, and why."""
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
    return f"line {mark.line + 1}: {problem}" if mark and problem else str(error)


def _wrong_value(grids: Sequence[dict[str, Any]]) -> str | None:
    for name, value in (setting for grid in grids for setting in grid.items()):
        if name not in ("iterations", "seed"):
            return f"nothing is asked of the parameter '{name}': iterations and seed vary"
        if any(type(item) is not int for item in _values(value)):
            return f"{name} is {value!r}, which is no list of numbers: write it as [0, 1, 2]"
    return None


def _points(grid: dict[str, Any]) -> Iterator[frozenset[tuple[str, Any]]]:
    settings = product(*map(_values, grid.values()))
    return (frozenset(zip(grid, values, strict=True)) for values in settings)


def _values(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _described(points: set[frozenset[tuple[str, Any]]]) -> str:
    first = min(sorted(point) for point in points)
    return " and ".join(f"{name} {value}" for name, value in first)
