"""Meta-training shared out to several processes, each with its part of every meta-batch.

The processes are the ranks of PyTorch's default process group, as ``torchrun`` starts them. Without
such a group everything here leaves everything as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils import _pytree as pytree

from metalearn_lab.learners.learner import Learner
from metalearn_lab.tasks.types import Task, select_tasks
from metalearn_lab.training.trainee import SavedState, Trainee

Result = TypeVar("Result")

_SIGNS_OF_LOSS = ("gloo", "Connection closed", "Connection reset", "NCCL", "Broken pipe")
"""What PyTorch's own errors hold when a rank cannot be reached; most of them have no class."""


class LostRankError(RuntimeError):
    """Another process of a shared run cannot be reached any more."""


def ranks() -> int:
    """How many processes share the run."""
    together = dist.is_available() and dist.is_initialized()
    return dist.get_world_size() if together else 1


def rank() -> int:
    """Which of them this process is, from 0."""
    return dist.get_rank() if ranks() > 1 else 0


def is_first_rank() -> bool:
    """Whether this process is the one that writes, validates and shows."""
    return rank() == 0


def own_tasks(batch: Task) -> Task:
    """This rank's part of a meta-batch: with R ranks, the r-th of R runs of equal length.

    Args:
        batch: the whole, every tensor ``[tasks, items, ...]``.

    Raises:
        ValueError: the tasks cannot be shared out evenly. Then the mean over the ranks would not
            be the mean over the tasks.
    """
    count, shares = batch.query.y.shape[0], ranks()
    if shares == 1:
        return batch
    if count % shares:
        raise ValueError(
            f"a meta-batch of {count} tasks cannot be shared out evenly to {shares} processes: "
            f"give a multiple of {shares}, or start another number of processes"
        )
    size = count // shares
    return select_tasks(batch, slice(rank() * size, (rank() + 1) * size))


def average_over_ranks(
    learner: Learner, meta_loss: Callable[[Task], Tensor]
) -> Callable[[Task], Tensor]:
    """The same meta-loss, whose ``backward`` leaves the mean gradient of all ranks on each.

    All ranks must ask for it at the same time.

    Args:
        learner: whose weights are equal on all ranks.
        meta_loss: attached to them; the learner itself, or what computes its meta-loss faster.
    """
    # A learner uses the same weights at every step; those that it never uses are not waited for.
    return DistributedDataParallel(_MetaLoss(learner, meta_loss), static_graph=True)


def mean_over_ranks(values: Tensor) -> Tensor:
    """The mean of each value over the ranks, equal to the last bit on all of them."""
    if ranks() == 1:
        return values
    total = values.clone()
    dist.all_reduce(total)
    return total / ranks()


def from_first_rank(action: Callable[[], Result]) -> Result:
    """Do something on the first rank alone; every rank is given its result.

    Args:
        action: may write files; its result must be picklable, with tensors on the CPU.

    Raises:
        Exception: every rank raises what the action raised.
    """
    if ranks() == 1:
        return action()
    outcome: list[Any] = [None, None]  # the result, and the error
    if is_first_rank():
        try:
            outcome[0] = action()
        except Exception as error:
            outcome[1] = error
    dist.broadcast_object_list(outcome)  # the first rank keeps its own objects
    if outcome[1] is not None:
        raise outcome[1]
    return outcome[0]


def stand_with_first_rank(trainee: Trainee) -> None:
    """Give every rank the first one's weights, optimiser and schedule.

    Without it ranks whose weights were drawn from different seeds would average the gradients of
    different learners. Random numbers stay each rank's own: dropout must differ from task to task.
    """
    if ranks() > 1:
        # Tensors on the CPU, which is what may be sent to every rank.
        saved = from_first_rank(
            lambda: pytree.tree_map_only(Tensor, Tensor.cpu, trainee.saved_state())
        )
        trainee.restore(SavedState(saved.json_state, saved.tensors | {"random": {}}))


def random_of_all_ranks(own_state: dict[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    """The random state of each rank, by the name of its group in a checkpoint; all must ask.

    Args:
        own_state: the state of this rank.
    """
    states = [own_state] * ranks()
    if ranks() > 1:
        dist.all_gather_object(states, own_state)
    return {random_group(number): state for number, state in enumerate(states)}


def random_group(number: int) -> str:
    """The group of a checkpoint that holds the random state of a rank."""
    return f"random of rank {number}" if number else "random"


@contextmanager
def lost_rank_named() -> Iterator[None]:
    """Turn PyTorch's words for a lost connection into an error that says what to do.

    Raises:
        LostRankError: another rank ended or does not answer.
    """
    try:
        yield
    except RuntimeError as error:
        is_lost = ranks() > 1 and any(sign in str(error) for sign in _SIGNS_OF_LOSS)
        if not (is_lost or isinstance(error, dist.DistError)):
            raise
        raise LostRankError(
            f"rank {rank()} of {ranks()} lost touch with another process of this run, "
            "which was killed, failed with an error of its own, or does not answer "
            f"({str(error).splitlines()[0]}). Start all again with the same checkpoint to go on "
            "from the last one that was written"
        ) from error


class _MetaLoss(nn.Module):
    """A meta-loss as the module that PyTorch's wrapper asks for.

    Of the learner it holds the parameters alone: buffers would be sent round at every step.
    """

    def __init__(self, learner: Learner, meta_loss: Callable[[Task], Tensor]) -> None:
        super().__init__()
        self.moved_parameters = nn.ParameterList(learner.parameters())
        self.meta_loss = [meta_loss]  # in a list, for a module here would become a part of this

    def forward(self, tasks: Task) -> Tensor:
        return self.meta_loss[0](tasks)
