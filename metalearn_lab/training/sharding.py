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

from metalearn_lab.learners.learner import Learner
from metalearn_lab.tasks.types import Task, select_tasks
from metalearn_lab.training.trainee import Kept, Trainee, by_prefix, without

Result = TypeVar("Result")

_SIGNS_OF_LOSS = ("gloo", "Connection closed", "Connection reset", "NCCL", "Broken pipe")
"""What PyTorch's own errors hold when a rank cannot be reached; most of them have no class."""


class LostRankError(RuntimeError):
    """Another process of a shared run cannot be reached any more."""


def ranks() -> int:
    """How many processes share the run."""
    together = dist.is_available() and dist.is_initialized()
    return dist.get_world_size() if together else 1


def is_first_rank() -> bool:
    """Whether this process is the one that writes, validates and shows."""
    return ranks() == 1 or dist.get_rank() == 0


def own_tasks(batch: Task) -> Task:
    """This rank's part of a meta-batch: with R ranks, the r-th of R runs of equal length.

    Args:
        batch: the whole, every tensor ``[tasks, items, ...]``.

    Raises:
        ValueError: the tasks cannot be shared out evenly. Then the mean over the ranks would not
            be the mean over the tasks.
    """
    shares = ranks()
    if shares == 1:
        return batch
    count = batch.query.y.shape[0]
    if count % shares:
        raise ValueError(
            f"a meta-batch of {count} tasks cannot be shared out evenly to {shares} processes: "
            f"give a multiple of {shares}, or start another number of processes"
        )
    size = count // shares
    rows = slice(dist.get_rank() * size, (dist.get_rank() + 1) * size)
    return select_tasks(batch, rows)


def averaged(learner: Learner, meta_loss: Callable[[Task], Tensor]) -> Callable[[Task], Tensor]:
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
    if is_first_rank():
        try:
            result = action()
        except Exception as error:
            dist.broadcast_object_list([None, error])
            raise
        dist.broadcast_object_list([result, None])
        return result
    told: list[Any] = [None, None]
    dist.broadcast_object_list(told)
    if told[1] is not None:
        raise told[1]
    given: Result = told[0]
    return given


def stand_with_first_rank(trainee: Trainee) -> None:
    """Give every rank the first one's weights, optimiser and schedule.

    Without it ranks whose weights were drawn from different seeds would average the gradients of
    different learners. Random numbers stay each rank's own: dropout must differ from task to task.
    """
    if ranks() > 1:
        kept = from_first_rank(lambda: _on_cpu(trainee.keep()))
        trainee.put_back(Kept(kept.state, without(kept.tensors, "random")))


def random_of_other_ranks(own: dict[str, Tensor]) -> dict[str, Tensor]:
    """What the other ranks hold of ``random/…``, as ``random of rank r/…``; all must ask.

    Args:
        own: the tensors of ``Trainee.keep``.
    """
    if ranks() == 1:
        return {}
    held: list[dict[str, Tensor]] = [{} for _ in range(ranks())]
    dist.all_gather_object(held, by_prefix(own)["random"])
    return {
        f"{_random_of(rank)}/{name}": numbers
        for rank, state in enumerate(held)
        for name, numbers in state.items()
        if rank
    }


def with_own_random(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Of the tensors of a checkpoint, the random state of this rank in the place of the first's.

    A rank that the checkpoint was written without keeps its own.
    """
    if is_first_rank():
        return tensors
    held = by_prefix(tensors).get(_random_of(dist.get_rank()), {})
    return without(tensors, "random") | {f"random/{name}": t for name, t in held.items()}


def _random_of(rank: int) -> str:
    return f"random of rank {rank}"


@contextmanager
def lost_rank_named() -> Iterator[None]:
    """Turn PyTorch's words for a lost connection into an error that says what to do.

    Raises:
        LostRankError: another rank ended or does not answer.
    """
    try:
        yield
    except RuntimeError as error:
        lost = ranks() > 1 and any(sign in str(error) for sign in _SIGNS_OF_LOSS)
        if not (lost or isinstance(error, dist.DistError)):
            raise
        raise LostRankError(
            f"rank {dist.get_rank()} of {ranks()} lost touch with another process of this run, "
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
        self.moved = nn.ParameterList(learner.parameters())
        self.meta_loss = [meta_loss]  # in a list, for a module here would become a part of this

    def forward(self, tasks: Task) -> Tensor:
        return self.meta_loss[0](tasks)


def _on_cpu(kept: Kept) -> Kept:
    return Kept(kept.state, {name: tensor.cpu() for name, tensor in kept.tensors.items()})
