"""Self-checks of scaling up: a meta-gradient in chunks, processes, and the grid of a sweep."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.func import grad, vmap

from metalearn_lab.exercises.finite import number, tensor
from metalearn_lab.exercises.mistakes import describe_mistake
from metalearn_lab.exercises.verdict import Verdict, judged, not_yet, right, self_check
from metalearn_lab.experiments.extra_memory import peak_extra_bytes
from metalearn_lab.experiments.sharding_time import Network, ShardingTime
from metalearn_lab.tasks.seeds import generator

if TYPE_CHECKING:
    from yaml import YAMLError

ChunkedGradient = Callable[[Callable[..., Tensor], Tensor, list[Tensor], int], Tensor]
BestRanks = Callable[[int, float, float, float], float]

_WEIGHTS, _POINTS = 24, 40
_BATCHES = ((7, 3), (4, 2), (5, 8), (16, 3), (9, 1))
"""Tasks and chunk size."""
_STEPS = (
    (64, 8.0, 2.0, 1.0),
    (64, 8.0, 50.0, 1.0),
    (32, 0.5, 1.0, 0.04),
    (1024, 3.0, 7.0, 0.2),
    (8, 0.01, 3.0, 1.0),
)
"""B, w, s and ℓ."""
_CHAPTER = {"0", "00", "start_here", "00_start_here"}
_WANTED = {("iterations", 500), ("iterations", 2000)}, {("seed", seed) for seed in range(5)}


@self_check
def check_chunked_gradient(chunked: ChunkedGradient) -> Verdict:
    """The mean meta-gradient of a batch, vectorised in chunks, against one task after the other.

    Tried on batches of several sizes with chunks that do not divide them. Each number must agree
    to 1e-5 of itself (below 0.01, to 1e-7). A chunk calls the meta-loss once, and what is kept of
    it goes before the next.

    Args:
        chunked: takes the meta-loss of one task, the weights, the tasks and the chunk size.
    """
    return judged(
        "Chunks change what is in memory at once, and nothing else: sums over tasks add up.",
        (_chunking_mistake(chunked, *sizes) for sizes in _BATCHES),
    )


def _chunking_mistake(chunked: ChunkedGradient, count: int, chunk_size: int) -> str | None:
    numbers = generator("chunks", count, chunk_size)
    weights = torch.randn(_WEIGHTS, generator=numbers, dtype=torch.float64)
    tasks = [torch.randn(count, _POINTS, generator=numbers, dtype=torch.float64) for _ in range(4)]
    tasks[1] = tasks[1] + torch.arange(count, dtype=torch.float64)[:, None]  # no two tasks alike
    scale = 0.5 + torch.rand((), generator=numbers, dtype=torch.float64)
    calls = 0

    def meta_loss(weights: Tensor, task: Sequence[Tensor]) -> Tensor:
        nonlocal calls
        calls += 1
        return scale * _meta_loss(weights, task)

    given: list[Tensor] = []

    def answer() -> None:
        given.append(tensor(chunked(meta_loss, weights, tasks, chunk_size), weights.shape))

    memory = peak_extra_bytes(answer)
    of_each = torch.stack(
        [grad(meta_loss)(weights, [part[index] for part in tasks]) for index in range(count)]
    )
    calls -= count
    sums = [chunk.sum(0) for chunk in torch.split(of_each, chunk_size)]
    means = [chunk.mean(0) for chunk in torch.split(of_each, chunk_size)]
    whole = count // chunk_size * chunk_size
    likely = {
        "that is the mean of the chunks' means: the last chunk has fewer tasks, and each of them "
        "then counts for more": torch.stack(means).mean(0),
        "that is the sum over the tasks: divide by how many there are": of_each.sum(0),
        "that is the gradient of the last chunk alone: add the chunks up": means[-1],
        "that is the sum divided by the number of chunks: divide by that of the tasks": sum(sums)
        / len(sums),
        "the tasks after the last whole chunk are left out": of_each[:whole].mean(0),
        "the tasks after the last whole chunk are left out, but counted": of_each[:whole].sum(0)
        / count,
    }
    way_on = (
        f"{count} tasks in chunks of {chunk_size}: this is not the mean of their meta-gradients"
    )
    right_answer = of_each.mean(0)
    if hint := describe_mistake(given[0], right_answer, likely, way_on, 1e-5, smallest_scale=1e-2):
        return hint
    chunks = len(sums)
    if calls > chunks:
        return (
            f"the gradient is right, but {count} tasks in chunks of {chunk_size} took {calls} "
            f"calls of meta_loss, and {chunks} are enough: one for each chunk, under vmap"
        )
    if calls < chunks:
        return (
            f"the gradient is right, but {count} tasks took {calls} calls of meta_loss: there are "
            f"{chunks} chunks of at most {chunk_size} tasks, each with a call of its own"
        )
    once = peak_extra_bytes(
        lambda: vmap(grad(_meta_loss), in_dims=(None, 0))(
            weights, [part[:chunk_size] for part in tasks]
        )
    )
    if chunks > 3 and memory > 2 * once:
        return (
            f"the gradient is right, but it needs {memory / once:.1f} times the memory of one "
            "chunk: take the gradient of a chunk before you begin the next"
        )
    return None


def _meta_loss(weights: Tensor, task: Sequence[Tensor]) -> Tensor:
    """MAML's loss with one inner step of a small network, for one task."""
    support_x, support_y, query_x, query_y = task

    def loss(weights: Tensor, x: Tensor, y: Tensor) -> Tensor:
        slope, shift, top = weights.view(3, -1)
        error: Tensor = torch.tanh(x[:, None] * slope + shift) @ top - y
        return error.square().mean()

    adapted = weights - 0.1 * grad(loss)(weights, support_x, support_y)
    return loss(adapted, query_x, query_y)


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
def check_best_ranks(best_ranks: BestRanks) -> Verdict:
    """Where T(P) = s + Bw/P + 2(P − 1)ℓ is least: P = √(Bw/2ℓ), but at least 1.

    Tried on several numbers; each must agree to 0.1 %.

    Args:
        best_ranks: takes B, w, s and ℓ, and gives P as a real number.
    """
    return judged(
        "64 tasks of 8 ms with messages of 1 ms want 16 processes, whatever the fixed part is.",
        (_ranks_mistake(best_ranks, *each) for each in _STEPS),
    )


def _ranks_mistake(
    best_ranks: BestRanks, tasks: int, work: float, fixed: float, latency: float
) -> str | None:
    step = ShardingTime(tasks, work, fixed, 0.0, Network(latency, 0.0))
    shared = tasks * work
    likely = {
        "that is the number of tasks: then each process waits for many messages": tasks,
        "that is Amdahl's ceiling, a speed-up; asked is for a number of processes": step.ceiling,
        "nearly: a ring sends 2(P − 1) messages, so another process costs 2ℓ, not ℓ": (
            shared / latency
        )
        ** 0.5,
        "that is P²: set −Bw/P² + 2ℓ to 0 and solve for P": shared / (2 * latency),
        "below one process there is none: at least 1": (shared / (2 * latency)) ** 0.5,
    }
    way_on = (
        f"B = {tasks}, w = {work:g} ms, s = {fixed:g} ms, ℓ = {latency:g} ms: T is least at "
        "another P; write T(P) down and set its derivative to 0"
    )
    answer = number(best_ranks(tasks, work, fixed, latency))
    return describe_mistake(answer, step.best_ranks, likely, way_on, 1e-3)


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
