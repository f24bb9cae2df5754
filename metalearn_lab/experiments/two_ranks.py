"""The same training by one process and by two on this machine's CPU: its weights and its times.

``two_ranks`` is called in a notebook; ``torchrun`` runs this module as each of the two processes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import torch.distributed as dist

from metalearn_lab.training import time_ranks, train_sinusoids
from metalearn_lab.training.process_group import process_group
from metalearn_lab.training.sharding import ranks


class TwoRanks(NamedTuple):
    """What one process and two made of the same training.

    Attributes:
        weights_apart: the largest difference of two weights after it, as a share of the largest
            weight.
        alone_ms: milliseconds of an outer step in one process.
        pair_ms: milliseconds of it in two.
        all_reduce_ms: milliseconds until both have the mean gradient, by its numbers.
    """

    weights_apart: float
    alone_ms: float
    pair_ms: float
    all_reduce_ms: dict[int, float]


def two_ranks(*, tasks: int, inner_steps: int, iterations: int, rounds: int, seed: int) -> TwoRanks:
    """Train MAML on sinusoids in this process, then shared out to two, and time both.

    Args:
        tasks: in each meta-batch; an even number.
        inner_steps: k of the steps that are timed.
        iterations: outer steps of the training.
        rounds: how often each step is timed.
        seed: of the weights and the tasks.

    Raises:
        RuntimeError: the two processes failed.
    """
    import torch
    from safetensors.torch import load_file

    with tempfile.TemporaryDirectory() as name:
        alone, pair = Path(name) / "alone", Path(name) / "pair"
        wanted = [str(each) for each in (tasks, inner_steps, iterations, rounds, seed)]
        main([str(alone), *wanted])
        start = "-m torch.distributed.run --standalone --local-addr localhost --nproc-per-node 2 -m"
        done = subprocess.run(
            [sys.executable, *start.split(), __name__, str(pair), *wanted],
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"the two processes failed:\n{done.stderr[-3000:]}")
        one, two = (load_file(folder / "weights") for folder in (alone, pair))
        furthest = torch.stack([(one[name] - two[name]).abs().max() for name in one]).max()
        largest = torch.stack([weight.abs().max() for weight in one.values()]).max()
        times: list[dict[str, Any]] = [
            json.loads((folder / "times").read_text(encoding="utf-8")) for folder in (alone, pair)
        ]
    return TwoRanks(
        (furthest / largest).item(),
        times[0]["step_ms"],
        times[1]["step_ms"],
        {int(numbers): ms for numbers, ms in times[1]["all_reduce_ms"].items()},
    )


def main(arguments: list[str]) -> None:
    """Train and time as one of the processes, or as the only one, and write what came out.

    Args:
        arguments: a folder, then as ``two_ranks`` takes them.
    """
    folder = Path(arguments[0])
    tasks, inner_steps, iterations, rounds, seed = arguments[1:]
    given = ["--tasks", tasks, "--device", "cpu"]
    train = ["--iterations", iterations, "--seed", seed, "--weights", str(folder / "weights")]
    time = ["--inner-steps", inner_steps, "--rounds", rounds, "--to", str(folder / "times")]
    with process_group("cpu"):  # both join this one: a second would not find the other process
        train_sinusoids.main([*given, *train])
        time_ranks.main([*given, *time])
        if ranks() > 1:
            dist.barrier()  # or one leaves while the other still talks to it


if __name__ == "__main__":
    main(sys.argv[1:])
    # All is written. On an ordinary way out, threads of Gloo now and then abort the process.
    os._exit(0)
