"""A training run as a process of its own, to be killed: CHECKPOINT RESULT."""

import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch.nn import functional as F

from metalearn_lab.learners.maml import MAML
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.training.meta_train import TrainingRun, meta_train

ITERATIONS = 300


def train(checkpoint: Path | None, iterations: int = ITERATIONS) -> tuple[MAML, TrainingRun]:
    """Adam, a falling rate, validation tasks: everything that has state."""
    learner = MAML(MLP([1, 8, 1]), F.mse_loss, inner_lr=0.05, inner_steps=1)
    family, optimizer = Sinusoids(), torch.optim.Adam(learner.parameters(), 1e-2)
    run = meta_train(
        learner,
        lambda i: family.batch(4 * i, 4),
        iterations=iterations,
        optimizer=optimizer,
        scheduler=torch.optim.lr_scheduler.StepLR(optimizer, 50, 0.9),
        validation=Sinusoids(split="validation").batch(0, 10),
        every=5,
        checkpoint=checkpoint,
        progress=False,
    )
    return learner, run


if __name__ == "__main__":
    torch.set_num_threads(1)
    trained, _ = train(Path(sys.argv[1]))
    save_file(trained.state_dict(), sys.argv[2])
