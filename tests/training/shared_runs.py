"""Training runs that one process or several ranks can take, and what came of them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from math import nan
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import nn
from torch.nn import functional as F

from metalearn_lab.learners.first_order_maml import FirstOrderMAML
from metalearn_lab.learners.maml import MAML
from metalearn_lab.learners.reptile import Reptile
from metalearn_lab.models.mlp import MLP
from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.tasks.types import Split, Task, merge_splits
from metalearn_lab.training.meta_train import meta_train

STEPS = 100


class WithUnusedWeight(nn.Module):
    """A model of which one weight never meets the data."""

    def __init__(self):
        super().__init__()
        self.used, self.unused = MLP([1, 8, 1]), nn.Parameter(torch.ones(3))

    def forward(self, x):
        return self.used(x)


class Convolution(nn.Module):
    """Of the kind whose tasks are looped, shared out to threads."""

    def __init__(self):
        super().__init__()
        self.convolution, self.dense = nn.Conv1d(1, 4, 1), MLP([4, 8, 1])
        nn.init.constant_(self.convolution.weight, 0.3)
        nn.init.constant_(self.convolution.bias, 0.1)

    def forward(self, x):
        return self.dense(torch.tanh(self.convolution(x[..., None])).flatten(-2))


def network():
    return MLP([1, 40, 40, 1])


def small():
    return MLP([1, 8, 1])


@dataclass(frozen=True)
class Run:
    """How a learner is built and trained.

    Attributes:
        kind: of learner.
        model: makes its model.
        dtype: of weights and data.
        learner: its settings.
        training: those of meta_train.
        spoil: changes a batch, given the iteration.
        tasks: in a batch.
        outer_lr: of the outer Adam.
        threads: of PyTorch.
    """

    kind: Callable[..., Any] = MAML
    model: Callable[[], nn.Module] = network
    dtype: torch.dtype = torch.float32
    learner: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    spoil: Callable[[int, Task], object] = lambda i, batch: None
    tasks: int = 4
    outer_lr: float = 1e-3
    threads: int = 1

    def batch(self, iteration: int) -> Task:
        """The meta-batch of an iteration."""
        tasks = Sinusoids().batch(self.tasks * iteration, self.tasks)
        batch = Task(*(Split(*(part.to(self.dtype) for part in split)) for split in tasks))
        self.spoil(iteration, batch)
        reptile = self.kind is Reptile or getattr(self.kind, "func", None) is Reptile
        return merge_splits(batch) if reptile else batch

    def result(self) -> dict[str, Any]:
        """The weights and the history it ends with, or its error."""
        before = torch.get_num_threads()
        torch.set_num_threads(self.threads)
        rates = {"inner_lr": 0.01, "inner_steps": 2}
        learner = self.kind(self.model(), F.mse_loss, **(rates | self.learner)).to(self.dtype)
        optimizer = torch.optim.Adam(learner.parameters(), self.outer_lr)
        usual = {"iterations": STEPS, "every": 30, "progress": False}
        try:
            run = meta_train(learner, self.batch, optimizer=optimizer, **(usual | self.training))
        except Exception as error:
            return {"error": f"{type(error).__name__}: {error}"}
        finally:
            torch.set_num_threads(before)
        return {"weights": dict(learner.state_dict()), "history": run.history}


FOUR = {
    "MAML": Run(MAML),
    "first-order MAML": Run(FirstOrderMAML),
    "Reptile": Run(partial(Reptile, inner_batch=10)),
    "ANIL": Run(partial(MAML, adapts="head.*")),
}

DOUBLED = {
    f"{name}, float64": Run(run.kind, dtype=torch.float64, training={"iterations": 30})
    for name, run in FOUR.items()
}

_SHORT = {"iterations": 20, "every": 7}
_VALIDATION = Sinusoids(split="validation").batch(0, 6)

COMBINED = {
    "compiled": Run(model=small, training=_SHORT | {"compiled": True}),
    "bf16": Run(model=small, training=_SHORT | {"bf16": True}),
    "replay": Run(model=small, learner={"replay": True}, training=_SHORT),
    "chunked": Run(model=small, learner={"chunk_size": 1}, training=_SHORT),
    "looped": Run(model=small, learner={"mapping": "loop"}, training=_SHORT),
    "shared out to threads": Run(model=Convolution, training=_SHORT, threads=2),
    "a weight without a gradient": Run(model=WithUnusedWeight, training=_SHORT),
    "validated, best weights kept": Run(
        model=small,
        learner={"inner_lr": 0.005},
        outer_lr=0.1,
        training={"validation": _VALIDATION, "every": 2, "patience": 3, "iterations": 60},
    ),
}


def spoil_task(task: int) -> Callable[[int, Task], object]:
    """NaN in one task of one iteration."""

    def spoil(iteration: int, batch: Task) -> None:
        if iteration == 7:
            batch.query.y[task, 3] = nan

    return spoil


def far_away(iteration: int, batch: Task) -> None:
    """So large a scale that the inner loop diverges, in the last task alone."""
    if iteration == 7:
        batch.support.y[-1] *= 1e30


_TOO_LARGE = torch.full((2, 3, 1), 1e30)

FAILING = {
    "NaN in a task of the first rank": Run(model=small, spoil=spoil_task(1), training=_SHORT),
    "NaN in a task of the last rank": Run(model=small, spoil=spoil_task(2), training=_SHORT),
    "an inner loop that diverges on the last rank": Run(
        model=small, spoil=far_away, training=_SHORT
    ),
    "a validation loss that is too large": Run(
        model=small,
        training=_SHORT | {"validation": Task(*[Split(torch.ones(2, 3, 1), _TOO_LARGE)] * 2)},
    ),
    "a checkpoint that cannot be written": Run(training={"checkpoint": Path("/dev/null/run")}),
}

UNEVEN = Run(model=small, tasks=3, training=_SHORT)
EVERYTHING = {**FOUR, **DOUBLED, **COMBINED, **FAILING, "uneven": UNEVEN}


class Seeing(MAML):
    """Keeps the query targets it was trained on."""

    seen: ClassVar[list[torch.Tensor]] = []

    def forward(self, tasks):
        self.seen.append(tasks.query.y)
        return super().forward(tasks)


def seen_by_this_rank() -> list[torch.Tensor]:
    """Query targets of each of its three steps."""
    SEEING.result()
    return Seeing.seen


SEEING = Run(Seeing, model=small, training={"iterations": 3})


class RandomNetwork(nn.Sequential):
    """Its weights depend on the process, as those of most models do."""

    def __init__(self):
        torch.manual_seed(torch.distributed.get_rank())
        super().__init__(nn.Linear(1, 8), nn.Tanh(), nn.Linear(8, 1))


DIFFERENT_STARTS = Run(model=RandomNetwork, training=_SHORT)
