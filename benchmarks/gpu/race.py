"""The variants of a piece, checked against each other's mathematics and timed in turns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib import import_module
from statistics import median

import torch

from benchmarks.compare import in_a_line
from benchmarks.gpu.ceilings import Card, wait, work_of_one_task
from benchmarks.gpu.pieces import on_device, problem_of
from benchmarks.problem import Problem, in_precision
from benchmarks.reference import reference_gradient, relative_error
from benchmarks.running import Running, Variant, ours, peer
from benchmarks.timing import Contestant, take_turns
from metalearn_lab.tasks.types import Split, Task

LOOP_TASKS = 16
CHECKED_TASKS = 2

Row = dict[str, object]


def torch_func(problem: Problem) -> Variant:
    """PyTorch's example; on W3 with our norms, for ``vmap`` is wrong through its own."""
    ours_wanted = problem.transductive
    name = "torch.func example" + (", our layers" if ours_wanted else "")
    return peer("torch_func_maml", name, problem, our_model=ours_wanted)


def our_variants(problem: Problem, device: str) -> list[Variant]:
    """Ours; on a card also recorded as a graph, and in bf16 where the derivative allows it."""
    plain = ours(problem)
    if device != "cuda" or problem.transductive:
        return [plain]
    return [
        plain,
        ours(problem, "ours, recorded", compiled=True),
        ours(problem, "ours, recorded, bf16", compiled=True, bf16=True),
    ]


class Waiting:
    """A variant that waits for the device after its steps."""

    def __init__(self, running: Running, device: str) -> None:
        self.running, self.device = running, device

    def steps(self, count: int) -> None:
        """So many steps, and the wait."""
        self.running.steps(count)
        wait(self.device)


def race(name: str, tasks: int, device: str, card: Card, budget: float) -> list[Row]:
    """A row for each variant of a piece: ms, µs a task, error, and the share of each ceiling."""
    problem = problem_of(name, tasks)
    local = on_device(problem, device)
    few = min(tasks, LOOP_TASKS)
    looped = on_device(problem_of(name, few), device)
    entries = [
        *((variant, tasks, local) for variant in our_variants(local, device)),
        (torch_func(local), tasks, local),
        (peer("task_loop", f"per-task loop (of {few} tasks)", looped, kind="other"), few, looped),
        (peer("jax_maml", "JAX jit+vmap", problem), tasks, problem),
    ]
    rows: list[Row] = []
    contestants: list[tuple[Contestant, int]] = []
    for variant, count, of in entries:
        try:
            contestants.append((enter(variant, of, device), count))
        except Exception as reason:
            rows.append({"piece": name, "variant": variant.name, "note": in_a_line(reason)})
    take_turns([contestant for contestant, _ in contestants], budget)
    floors = floors_of_a_task(local, card)
    return [row_of(name, c, count, floors) for c, count in contestants] + rows


def enter(variant: Variant, problem: Problem, device: str) -> Contestant:
    """Check the gradient on a few tasks in float64, then build at full size."""
    if "jax" in variant.name.lower() and device == "cuda":
        import_module("jax").devices("gpu")
    error = checked_error(variant, problem)
    running = Waiting(variant.build(torch.float32), device)
    running.steps(2)
    return Contestant(variant, running, float("nan"), error)


def checked_error(variant: Variant, problem: Problem) -> float:
    """The relative error of the meta-gradient of a few tasks.

    Refused over 1e-5 in float64; bf16, which float64 weights refuse, over 5 % in float32.
    """
    dtype, limit = (torch.float32, 0.05) if "bf16" in variant.name else (torch.float64, 1e-5)
    first = problem.batch(0)
    few = Task(*(Split(*(part[:CHECKED_TASKS] for part in split)) for split in first))
    small = replace(problem, batch=lambda iteration: few)
    running = rebuilt(variant, small, dtype)
    on_cpu = Task(*(Split(*(part.cpu() for part in split)) for split in few))
    on_host = replace(
        problem,
        model=lambda: problem.model().cpu(),
        peer_model=lambda: (problem.peer_model or problem.model)().cpu(),
    )
    reference = reference_gradient(on_host, in_precision(on_cpu, torch.float64))
    error = relative_error(running.result(), reference)
    if not error < limit:
        raise ArithmeticError(f"the meta-gradient is off by {error:.1e}: not timed")
    return error


def rebuilt(variant: Variant, problem: Problem, dtype: torch.dtype) -> Running:
    """The same variant on another problem."""
    modules: dict[str, Callable[[Problem], Variant]] = {
        "ours": ours,
        "ours, recorded": partial(ours, compiled=True),
        "ours, recorded, bf16": partial(ours, compiled=True, bf16=True),
        "torch.func example": torch_func,
        "torch.func example, our layers": torch_func,
        "JAX jit+vmap": lambda p: peer("jax_maml", "", p),
    }
    make = modules.get(variant.name, lambda p: peer("task_loop", "", p))
    return make(problem).build(dtype)


def floors_of_a_task(problem: Problem, card: Card) -> tuple[float, float]:
    """Milliseconds that a task's operations, and its bytes, take at the card's best rates."""
    work = work_of_one_task(problem)
    return 1000 * work.operations / card.operations, 1000 * work.bytes / card.bytes


def row_of(name: str, contestant: Contestant, tasks: int, floors: tuple[float, float]) -> Row:
    """Medians, and how many times above each floor they are."""
    ms = median(contestant.milliseconds)
    return {
        "piece": name,
        "variant": contestant.variant.name,
        "tasks": tasks,
        "ms": ms,
        "µs a task": 1000 * ms / tasks,
        "× operations floor": ms / (tasks * floors[0]),
        "× bytes floor": ms / (tasks * floors[1]),
        "gradient error": contestant.error,
    }
