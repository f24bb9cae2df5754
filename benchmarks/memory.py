"""Peak memory and seconds of one meta-gradient by number of inner steps, plain and bounded.

    benchmarks/.venv/bin/python -m benchmarks.memory [W2|W3] [steps ...]

Each figure is taken in a fresh process: the most memory that was resident during one meta-gradient,
less what was resident before it, with the libraries loaded and used once on a small problem. It is
taken with the C library's allocator as it is, which keeps freed blocks by a rule of its own, and
again with each freed block of 128 KiB or more handed back at once (much slower): the difference is
the allocator's, not the algorithm's. Linux only. Rows are replaced in memory.csv.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pandas as pd
import torch

from benchmarks.machine import machine
from benchmarks.problem import Problem, each_task
from benchmarks.workloads import w1, w2, w3
from metalearn_lab.comparison.benchmark_tables import TABLES
from metalearn_lab.tasks.types import Task, stack_tasks

TABLE = TABLES / "memory.csv"
KEYS = ["workload", "variant", "inner_steps", "threads", "allocator"]
STEPS = (1, 5, 20, 50, 200)
ALLOCATORS = {"default": {}, "returning": {"MALLOC_MMAP_THRESHOLD_": str(2**17)}}
PROBLEMS = {"W2": w2.PROBLEM, "W3": w3.PROBLEMS[-1]}
VARIANTS: dict[str, tuple[str, dict[str, object]]] = {
    "ours": ("benchmarks.ours", {}),
    "ours, replay": ("benchmarks.ours", {"replay": True}),
    "ours, one by one": ("benchmarks.ours", {"mapping": "loop"}),
    "ours, one by one, replay": ("benchmarks.ours", {"mapping": "loop", "replay": True}),
    "learn2learn": ("benchmarks.peers.learn2learn_maml", {}),
    "higher": ("benchmarks.peers.higher_maml", {}),
}
BY_RULE_ONE_BY_ONE = ("W3",)
"""Where "one by one" is what ours does anyway."""
THREADS = {"W2": (1,), "W3": (1, 2)}
"""Ours runs as many of the tasks of W3 side by side as there are threads, peers one."""


def main(arguments: list[str]) -> None:
    """Measure what was asked for, and write and print the table."""
    names = [name for name in arguments if name in PROBLEMS] or list(PROBLEMS)
    steps = [int(number) for number in arguments if number.isdigit()] or list(STEPS)
    for name in names:
        for row in rows(name, steps):
            print(*(row[key] for key in (*KEYS, "extra_mb", "seconds", "cpu_seconds")), flush=True)
            replace_row(row)


def rows(name: str, steps: list[int]):
    """One row for each measurement of a workload."""
    for count in steps:
        for threads in THREADS[name]:
            for allocator in ALLOCATORS if threads == 1 else ("default",):
                for variant in variants_of(name):
                    key = dict(zip(KEYS, (name, variant, count, threads, allocator), strict=True))
                    yield key | in_fresh_process(key)


def variants_of(name: str) -> list[str]:
    """The variants that differ on a workload."""
    return [
        variant
        for variant in VARIANTS
        if "one by one" not in variant or name not in BY_RULE_ONE_BY_ONE
    ]


def in_fresh_process(key: dict[str, object]) -> dict[str, float]:
    """Measure in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.memory", "--here", json.dumps(key)],
        env=os.environ | ALLOCATORS[str(key["allocator"])],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def measured_here(key: dict[str, object]) -> dict[str, float]:
    """Extra peak memory in MB and seconds of one meta-gradient, in this process."""
    torch.set_num_threads(key["threads"])
    small = replace(w1.PROBLEM, batch=lambda _: one_task(w1.PROBLEM.batch(0)))
    built(small, key["variant"]).result()
    problem = replace(PROBLEMS[key["workload"]], inner_steps=key["inner_steps"])
    problem.first_batch(torch.float32)
    running = built(problem, key["variant"])
    reset_peak()
    before, wall, cpu = resident("VmRSS"), time.perf_counter(), time.process_time()
    running.result()
    return {
        "extra_mb": round(resident("VmHWM") - before, 1),
        "seconds": round(time.perf_counter() - wall, 3),
        "cpu_seconds": round(time.process_time() - cpu, 3),
    }


def built(problem: Problem, variant: str):
    """A variant on a problem."""
    module, settings = VARIANTS[variant]
    return import_module(module).Run(problem, torch.float32, **settings)


def one_task(batch: Task) -> Task:
    """A batch of the first task alone."""
    return stack_tasks(each_task(batch)[:1])


def reset_peak() -> None:
    """Let the peak of this process begin anew."""
    Path("/proc/self/clear_refs").write_text("5")


def resident(field: str) -> float:
    """MB resident now (``VmRSS``) or at most (``VmHWM``)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith(field))
    return int(line.split()[1]) / 1024


def replace_row(row: dict[str, object]) -> None:
    """Put a new row in the place of the old one."""
    new = pd.DataFrame([row | machine()])
    if TABLE.exists():
        old = pd.read_csv(TABLE)
        same = (old[KEYS] == new.loc[0, KEYS]).all(axis=1)
        new = pd.concat([old[~same], new])
    new.to_csv(TABLE, index=False)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--here"]:
        print(json.dumps(measured_here(json.loads(sys.argv[2]))))
    else:
        main(sys.argv[1:])
