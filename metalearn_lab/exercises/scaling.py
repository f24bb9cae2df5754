"""Self-checks of scaling up: unequal shards, the grid of a sweep, ranks, and a sweep's report."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from metalearn_lab.exercises.finite import number, tensor
from metalearn_lab.exercises.mistakes import likely_mistake, near
from metalearn_lab.exercises.verdict import Verdict, not_yet, right, self_check
from metalearn_lab.experiments.sharding_time import Network, ShardingTime
from metalearn_lab.tasks.seeds import generator

if TYPE_CHECKING:
    from yaml import YAMLError

CombineShards = Callable[[list[Tensor], list[int]], Tensor]

_SIZES = ([5, 2, 1], [3, 4], [1, 6, 2, 2])
_STEP = ShardingTime(64, 8.0, 2.0, 0.0, Network(1.0, 0.0))
_WANTED = {("iterations", 500), ("iterations", 2000)}, {("seed", seed) for seed in range(5)}


@self_check
def check_combined_shards(combine: CombineShards) -> Verdict:
    """On shards of unequal sizes, against the mean over all their tasks.

    Args:
        combine: takes the mean gradient of each shard and its number of tasks.
    """
    for sizes in _SIZES:
        tasks = torch.randn(
            sum(sizes), 4, generator=generator("unequal shards", *sizes), dtype=torch.float64
        )
        shards = torch.split(tasks, sizes)
        returned = combine([shard.mean(0) for shard in shards], list(sizes))
        if mistake := _combining_mistake(tensor(returned, (4,)), tasks, shards):
            return not_yet(mistake)
    return right("Sums and counts add up across ranks; means do not.")


def _combining_mistake(found: Tensor, tasks: Tensor, shards: Sequence[Tensor]) -> str | None:
    """What is wrong with a mean over tasks in shards; None where nothing is."""
    means = [shard.mean(0) for shard in shards]
    summed = torch.stack([shard.sum(0) for shard in shards])
    likely = {
        "that is the mean of the shards' means: a task in a small shard counts for more than one "
        "in a large shard": torch.stack(means).mean(0),
        "that is the sum over the tasks: divide by how many there are in all": summed.sum(0),
        "that is the sum divided by the number of shards: divide by that of the tasks": summed.mean(
            0
        ),
        "that is the sum of the shards' means: weigh each by its tasks, divide by all": torch.stack(
            means
        ).sum(0),
    }
    for hint, wrong in likely.items():
        if torch.allclose(found, wrong):
            return hint
    if torch.allclose(found, tasks.mean(0)):
        return None
    sizes = ", ".join(str(len(shard)) for shard in shards)
    return f"on shards of {sizes} tasks it is not the mean over the {len(tasks)} tasks"


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
    if not isinstance(entries, list) or not all(isinstance(each, dict) for each in entries):
        return not_yet(
            "a sweep file is a list of entries: each begins with `- chapter: ...` and has its "
            "`parameters:` below, indented"
        )
    if any(set(each) - {"chapter", "parameters"} or "chapter" not in each for each in entries):
        return not_yet("an entry has two keys, chapter and parameters; the grid is in the second")
    if any(
        str(each["chapter"]) not in ("0", "00", "start_here", "00_start_here") for each in entries
    ):
        return not_yet("the chapter to run is 0, as a number, or start_here")
    if hint := _wrong_value(entries):
        return not_yet(hint)
    points = [point for each in entries for point in _points(each.get("parameters") or {})]
    wanted = {frozenset(point) for point in product(*_WANTED)}
    missing, extra = wanted - set(points), set(points) - wanted
    if missing:
        return not_yet(
            f"{len(missing)} of the 10 points are missing, such as {_said(missing)}: an entry "
            "runs the product of its lists"
        )
    if extra or len(points) > len(wanted):
        return not_yet(f"yours has {len(points)} points, and 10 are asked for")
    return right("Two lists in one entry make 2 × 5 = 10 points.")


@self_check
def check_most_ranks(ranks: float) -> Verdict:
    """64 tasks of 8 ms, a fixed part of 2 ms, 1 ms a message: least at √(512/2) = 16 ranks.

    Args:
        ranks: the reader's number.
    """
    ranks = number(ranks)
    work = _STEP.tasks * _STEP.work
    likely = {
        "64 is the most that the tasks allow, but then each rank waits for 126 messages": 64,
        "that is Amdahl's ceiling, a speed-up; asked is for the number of ranks": _STEP.ceiling,
        "nearly: a ring sends 2(P − 1) messages, so another rank costs 2ℓ, not ℓ": work**0.5,
        "that is P²: set −Bw/P² + 2ℓ to 0 and solve for P": work / 2,
    }
    if near(ranks, _STEP.best_ranks):
        return right(
            f"T(16) = {_STEP.milliseconds(16):g} ms; 8 ranks take {_STEP.milliseconds(8):g} and "
            f"32 take {_STEP.milliseconds(32):g}."
        )
    if hint := likely_mistake(ranks, likely, close=0.002):
        return not_yet(hint)
    return not_yet("T(P) = 2 + 512/P + 2(P − 1): try 1, 2, 4, 8, … and see where it turns")


@self_check
def check_supported_claim(letter: str) -> Verdict:
    """What four seeds of two settings support: (c).

    Args:
        letter: of the claim.
    """
    hints = {
        "a": "the best of four seeds of B is compared with all of A: take the same from both",
        "b": "each ± covers the tasks that one trained network met, not what another seed gives",
        "d": "four seeds that happen to overlap prove nothing equal: the interval of the "
        "difference reaches from a gain to a loss",
    }
    answer = str(letter).strip(" ().").lower()
    if answer == "c":
        return right(
            "Means 1.03 and 0.98: a difference of 0.05, where another seed moves a run by 0.09 or "
            "0.10 (standard deviations). More seeds could tell."
        )
    if answer in hints:
        return not_yet(hints[answer])
    return not_yet('answer with the letter of a claim, e.g. "a"')


def _where(error: YAMLError) -> str:
    """The line that a reader of YAML stumbles over, and why."""
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
    return f"line {mark.line + 1}: {problem}" if mark and problem else str(error)


def _wrong_value(entries: Sequence[dict[str, Any]]) -> str | None:
    parameters = [each.get("parameters") or {} for each in entries]
    for name, value in (pair for each in parameters for pair in each.items()):
        if name not in ("iterations", "seed"):
            return f"nothing is asked of the parameter '{name}': iterations and seed vary"
        values = value if isinstance(value, list) else [value]
        if any(not isinstance(each, int) or isinstance(each, bool) for each in values):
            return f"{name} is {value!r}, which is no list of numbers: write it as [0, 1, 2]"
    return None


def _points(grid: dict[str, Any]) -> Iterator[frozenset[tuple[str, Any]]]:
    values = (value if isinstance(value, list) else [value] for value in grid.values())
    return (frozenset(zip(grid, each, strict=True)) for each in product(*values))


def _said(points: set[frozenset[tuple[str, Any]]]) -> str:
    first = min(sorted(point) for point in points)
    return " and ".join(f"{name} {value}" for name, value in first)
