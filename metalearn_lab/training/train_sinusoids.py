"""Meta-training on sinusoids as a command, in one process or shared out to several.

Alone, and as two processes, on two GPUs where there are any:

    python -m metalearn_lab.training.train_sinusoids --weights alone.safetensors
    torchrun --nproc-per-node 2 -m metalearn_lab.training.train_sinusoids --weights two.safetensors

The weights are the same up to rounding. With ``--checkpoint FILE`` a run that was stopped goes on
when it is started again. ``torchrun --max-restarts 3`` starts it again by itself; set
``TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1`` for it, or the new processes may look for each other at the
addresses of the old.
"""

from __future__ import annotations

import argparse
import logging
import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional as F

from metalearn_lab.atomic_file import write_bytes
from metalearn_lab.learners.first_order_maml import FirstOrderMAML
from metalearn_lab.learners.learner import Learner
from metalearn_lab.learners.maml import MAML
from metalearn_lab.learners.reptile import Reptile
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.tasks.types import Task, to_device
from metalearn_lab.training.meta_train import TrainingRun, meta_train
from metalearn_lab.training.process_group import process_group
from metalearn_lab.training.sharding import is_first_rank, ranks

LEARNERS: dict[str, Callable[..., Learner]] = {
    "maml": MAML,
    "first-order-maml": FirstOrderMAML,
    "reptile": partial(Reptile, inner_batch=10),
    "anil": partial(MAML, adapts="head.*"),
}
"""What ``--learner`` may name."""

OPTIONS: dict[str, dict[str, Any]] = {
    "--learner": {"choices": LEARNERS, "default": "maml"},
    "--iterations": {"type": int, "default": 1_000, "help": "outer steps"},
    "--tasks": {"type": int, "default": 24, "help": "in each meta-batch"},
    "--seed": {"type": int, "default": 0, "help": "of the weights and the tasks"},
    "--every": {"type": int, "default": 100, "help": "iterations between checkpoints"},
    "--checkpoint": {"type": Path, "help": "file to keep the run in, to go on from"},
    "--weights": {"type": Path, "help": "safetensors file for the trained weights"},
    "--device": {"default": "auto", "help": "auto, cpu or cuda"},
}
"""What the command line takes, as ``argparse`` has it."""

_log = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> TrainingRun:
    """Train as the command line says.

    Args:
        arguments: those of this process when not given.

    Returns:
        What ``meta_train`` does.

    Raises:
        CheckpointError, LostRankError, NonFiniteLossError, ValueError: as for ``meta_train``.
    """
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name, settings in OPTIONS.items():
        parser.add_argument(name, **settings)
    wanted = parser.parse_args(arguments)
    with process_group(wanted.device) as device:
        _log.info("process %d, one of %d, on %s", os.getpid(), ranks(), device)
        return _train(wanted, device)


def _train(wanted: argparse.Namespace, device: torch.device) -> TrainingRun:
    model = MLP([1, 40, 40, 1], seed=wanted.seed)
    learner = LEARNERS[wanted.learner](model, F.mse_loss, inner_lr=0.01, inner_steps=2).to(device)
    family = Sinusoids(seed=wanted.seed)

    def tasks(iteration: int) -> Task:
        first = iteration * wanted.tasks
        return to_device(learner.training_batch(family, first, wanted.tasks), device)

    run = meta_train(
        learner,
        tasks,
        iterations=wanted.iterations,
        optimizer=torch.optim.Adam(learner.parameters(), 1e-3),
        every=wanted.every,
        checkpoint=wanted.checkpoint,
    )
    if wanted.weights is not None and is_first_rank():
        from safetensors.torch import save

        wanted.weights.parent.mkdir(parents=True, exist_ok=True)
        weights = {name: tensor.cpu() for name, tensor in learner.state_dict().items()}
        write_bytes(wanted.weights, save(weights))
        _log.info("meta-loss %.4g, weights in %s", run.history[-1]["meta_loss"], wanted.weights)
    return run


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    main()
