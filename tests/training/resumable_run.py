"""A training run that can be stopped: in this process, or as one of its own.

As a process: CHECKPOINT; no file can grow past 1,000 bytes from half way on.
"""

import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from torch.nn import functional as F
from torch.optim import SGD, Adam, Optimizer
from torch.optim import lr_scheduler as rates

from metalearn_lab.learners.maml import MAML
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.training.checkpoint import CheckpointError
from metalearn_lab.training.meta_train import TrainingRun, meta_train

ITERATIONS = 300

Outer = tuple[Optimizer, rates.LRScheduler | None]


def adam(schedule: Callable[[Optimizer], rates.LRScheduler]) -> Callable[[MAML], Outer]:
    """Adam and a schedule of its rate."""

    def outer(learner: MAML) -> Outer:
        optimizer = Adam(learner.parameters(), 1e-2)
        return optimizer, schedule(optimizer)

    return outer


def one_schedule_after_another(optimizer: Optimizer) -> rates.LRScheduler:
    warm_up = rates.LinearLR(optimizer, 0.1, total_iters=20)
    return rates.SequentialLR(
        optimizer, [warm_up, rates.MultiStepLR(optimizer, [10, 20], 0.5)], [30]
    )


def two_groups(learner: MAML) -> Outer:
    body, head = learner.model.body.parameters(), learner.model.head.parameters()
    return Adam([{"params": body}, {"params": head, "lr": 1e-3}], 1e-2), None


OUTER: dict[str, Callable[[MAML], Outer]] = {
    "Adam, StepLR": adam(lambda o: rates.StepLR(o, 50, 0.9)),
    "MultiStepLR": adam(lambda o: rates.MultiStepLR(o, [10, 35, 50], 0.5)),
    "CosineAnnealingLR": adam(lambda o: rates.CosineAnnealingLR(o, 60)),
    "OneCycleLR": adam(lambda o: rates.OneCycleLR(o, 0.02, total_steps=61)),
    "SequentialLR": adam(one_schedule_after_another),
    "SGD with momentum": lambda m: (SGD(m.parameters(), 1e-3, momentum=0.9), None),
    "two parameter groups": two_groups,
}


def train(
    checkpoint: Path | None,
    iterations: int = ITERATIONS,
    *,
    outer: str = "Adam, StepLR",
    before: Callable[[int], object] = lambda i: None,
    every: int = 5,
    **settings: int,
) -> tuple[MAML, TrainingRun]:
    """A run with everything that has state.

    Args:
        checkpoint: as for meta_train, like iterations, every and settings.
        outer: key of OUTER.
        before: called with the iteration before each.
    """
    learner = MAML(MLP([1, 8, 1]), F.mse_loss, inner_lr=0.05, inner_steps=1)
    family, (optimizer, scheduler) = Sinusoids(), OUTER[outer](learner)
    run = meta_train(
        learner,
        lambda i: before(i) or family.batch(4 * i, 4),
        iterations=iterations,
        optimizer=optimizer,
        scheduler=scheduler,
        validation=Sinusoids(split="validation").batch(0, 10),
        every=every,
        checkpoint=checkpoint,
        progress=False,
        **settings,
    )
    return learner, run


def wait_to_be_killed(iteration: int) -> None:
    """So that no run ends before it is killed."""
    if iteration == ITERATIONS - 1:
        signal.pause()


def fill_the_disk(iteration: int) -> None:
    if iteration == ITERATIONS // 2 + 2:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, 1_000))


if __name__ == "__main__":
    try:
        train(Path(sys.argv[1]), before=fill_the_disk)
    except CheckpointError as error:
        sys.exit(str(error))
