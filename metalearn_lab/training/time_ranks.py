"""How long an outer step and the exchange of gradients take on the ranks of a machine.

    torchrun --nproc-per-node 2 -m metalearn_lab.training.time_ranks --tasks 24 --to times.json

The first rank writes a JSON object with ``ranks`` and, in milliseconds: ``step_ms``, ``own_ms``
(the meta-gradient of a rank's own tasks alone), and ``all_reduce_ms`` by the numbers exchanged.
Each is a median, with one thread a rank. It is also good for a look at a cluster's network.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch.nn import functional as F

from metalearn_lab.atomic_file import write_text
from metalearn_lab.evaluation.median_time import median_milliseconds
from metalearn_lab.learners.maml import MAML
from metalearn_lab.models.mlp import MLP
from metalearn_lab.one_thread import one_thread
from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.tasks.types import to_device
from metalearn_lab.training.outer_step import OuterStep
from metalearn_lab.training.process_group import process_group
from metalearn_lab.training.sharding import is_first_rank, own_tasks, ranks

NUMBERS = (1_000, 10_000_000)
"""Lengths of the gradients that are exchanged, in float32: one where the latency is all that
counts, and one where it does not count."""

OPTIONS: dict[str, dict[str, Any]] = {
    "--tasks": {"type": int, "default": 24, "help": "in the meta-batch"},
    "--inner-steps": {"type": int, "default": 5, "help": "k of MAML"},
    "--rounds": {"type": int, "default": 15, "help": "that the medians are taken over"},
    "--device": {"default": "auto", "help": "auto, cpu or cuda"},
    "--to": {"type": Path, "required": True, "help": "JSON file for the times"},
}
"""What the command line takes, as ``argparse`` has it."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure as the command line says.

    Args:
        arguments: those of this process when not given.

    Raises:
        ValueError: as for ``process_group``, or the tasks cannot be shared out evenly.
    """
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name, settings in OPTIONS.items():
        parser.add_argument(name, **settings)
    wanted = parser.parse_args(arguments)
    # Ranks of one machine share its cores.
    with one_thread(), process_group(wanted.device) as device:
        batch = to_device(Sinusoids().batch(0, wanted.tasks), device)
        learner = MAML(
            MLP([1, 40, 40, 1]), F.mse_loss, inner_lr=0.01, inner_steps=wanted.inner_steps
        ).to(device)
        outer = OuterStep(learner, torch.optim.Adam(learner.parameters(), 1e-3))
        own, parameters = own_tasks(batch), list(learner.parameters())
        computations: dict[str, Callable[[], object]] = {
            "step": lambda: outer.step(batch),
            "own": lambda: torch.autograd.grad(learner(own), parameters),
        }
        if ranks() > 1:
            gradients = {str(count): torch.zeros(count, device=device) for count in NUMBERS}
            computations |= {name: partial(dist.all_reduce, g) for name, g in gradients.items()}
        for computation in computations.values():
            computation()  # the first time is another
        times = median_milliseconds(computations, rounds=wanted.rounds)
        own_times = {f"{name}_ms": times.pop(name) for name in ("step", "own")}
        report = {"ranks": ranks(), **own_times, "all_reduce_ms": times}
        if is_first_rank():
            write_text(wanted.to, json.dumps(report))


if __name__ == "__main__":
    main()
