"""What is measured in fresh processes: imports, and the first result of a compiled run."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence

import torch

from benchmarks.compare import Row, Say, tabulate
from benchmarks.running import Variant, Workload
from benchmarks.timing import Contestant

ROUNDS = 5
IMPORT = "import time; start = time.perf_counter(); import {}; print(time.perf_counter() - start)"


def import_rows(say: Say) -> list[Row]:
    """``import metalearn_lab`` beside ``import torch``."""
    programs = [
        (
            "import metalearn_lab and its learners",
            "ours",
            IMPORT.format("metalearn_lab.learners.maml"),
        ),
        ("import metalearn_lab", "other", IMPORT.format("metalearn_lab")),
        ("import torch", "peer", IMPORT.format("torch")),
    ]
    return in_turns("import", "from the import to its end, in a fresh process", 1.5, programs, say)


FIRST = """
import time
from benchmarks.workloads import {module}
import benchmarks.{runner}
import torch
torch.set_num_threads({threads})
workload = {module}.workload()
variant = next(v for v in workload.variants if v.name == {name!r})
start = time.perf_counter()
variant.build(torch.float32).steps(variant.grain)
print(time.perf_counter() - start)
"""


def first_result_rows(say: Say) -> list[Row]:
    """From the call to the end of the first step on W1 and W2, nothing cached, imports done."""
    rows = []
    for module in ("w1", "w2"):
        programs = [
            (name, kind, FIRST.format(module=module, runner=runner, name=name, threads=2))
            for name, kind, runner in (
                ("ours", "ours", "ours"),
                ("JAX jit+vmap", "peer", "peers.jax_maml"),
                ("JAX jit+vmap+scan", "peer", "peers.jax_maml"),
            )
        ]
        title = f"first result of a compiled run of {module.upper()}, in a fresh process"
        rows += in_turns(f"first-{module.upper()}", title, None, programs, say)
    return rows


def in_turns(
    name: str, title: str, target: float | None, programs: Sequence[tuple[str, str, str]], say: Say
) -> list[Row]:
    """Run each program in turn, in fresh processes; each prints seconds.

    Args:
        name: of the workload.
        title: of the workload.
        target: the ratio to reach.
        programs: of each its name, its kind and its Python text.
        say: told what is going on.
    """
    say(f"{name}: {ROUNDS} rounds of {len(programs)} fresh processes")
    variants = [Variant(label, kind, lambda dtype: None) for label, kind, _ in programs]
    contestants = [Contestant(v, None, float("nan")) for v in variants]
    for _ in range(ROUNDS):
        for contestant, (_, _, program) in zip(contestants, programs, strict=True):
            contestant.milliseconds.append(1000 * printed_number(program))
    workload = Workload(name, title, dict, tuple(variants), target, torch.float32)
    return tabulate(workload, contestants)


def printed_number(program: str) -> float:
    """What a Python program prints last, run in a process of its own with empty caches."""
    with tempfile.TemporaryDirectory() as folder:
        caches = {"XDG_CACHE_HOME": folder, "TORCHINDUCTOR_CACHE_DIR": folder}
        done = subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | caches,
            capture_output=True,
            text=True,
            check=True,
        )
    return float(done.stdout.split()[-1])
