"""How a function of one task is mapped over a batch of tasks.

The learners are written for one task; the strategy here decides how a batch is run, and the
formula does not know which one it is.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar, cast, get_args

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from metalearn_lab.running.low_rank import low_rank_tasks, runs_low_rank, with_small_layer
from metalearn_lab.running.per_task import Mapping, PerTask
from metalearn_lab.running.traits import seen_traits, watch_once
from metalearn_lab.tasks.types import Split

Result = TypeVar("Result")
_HEAVY = (nn.modules.conv._ConvNd, nn.MultiheadAttention)

OfOne = Callable[[PerTask, Split, Split], Tensor]
"""Maps a learner, the support and the query split of one task to a tensor."""


def mapping_for(
    model: nn.Module, device: torch.device | None = None, *, second_order: bool = True
) -> Mapping:
    """The rule by which tasks are run when nothing else is asked for.

    ``"loop"`` for a model that ``vmap`` cannot run, or gets wrong. On a CPU, also for one with
    convolutions or attention: each task keeps a core busy, and what one task needs stays in its
    cache. Elsewhere, and for dense networks, ``"vmap"``: there the cost of starting each operation
    counts, which all tasks then share.

    Args:
        model: judged by what it was seen to do (see ``running.traits``), or, before it was first
            run, by the classes of its layers.
        device: where it runs; where its parameters are when not given.
        second_order: whether the inner loop is differentiated.
    """
    if device is None:
        device = next((parameter.device for parameter in model.parameters()), None)
    traits = seen_traits(model, device)
    vmap_fault = traits and (
        traits.vmap_failure
        or traits.vmap_fault
        or (second_order and traits.second_order_vmap_fault)
    )
    is_on_cpu = device is None or device.type == "cpu"
    return "loop" if vmap_fault or (is_on_cpu and is_heavy(model, device)) else "vmap"


def is_heavy(model: nn.Module, device: torch.device | None) -> bool:
    """Whether the operations of a single task are large, as convolutions and attention are."""
    if traits := seen_traits(model, device):
        return traits.is_heavy
    return any(isinstance(layer, _HEAVY) for layer in model.modules())


def check_mapping(mapping: str | None) -> None:
    """Refuse an unknown strategy.

    Raises:
        ValueError: the name is none of the strategies.
    """
    if mapping is not None and mapping not in get_args(Mapping):
        raise ValueError(
            f"unknown mapping {mapping!r}: use 'vmap' (all tasks at once) or 'loop' (one by one)"
        )


def over_tasks(
    function: Callable[..., Result], mapping: Mapping, chunk_size: int | None = None
) -> Callable[..., Result]:
    """Map a function of one task over the leading axis of its arguments.

    Args:
        function: takes tensors (or tuples, dicts of them) of one task and returns the same.
        mapping: ``"vmap"`` runs all tasks in one set of kernels, ``"loop"`` one task at a time.
        chunk_size: with ``"vmap"``, at most this many tasks at once (bounds the memory).

    Returns:
        The function of a batch; every output tensor gains a leading task axis.
    """
    if mapping == "vmap":
        mapped_function = torch.func.vmap(function, chunk_size=chunk_size, randomness="different")

        def run_at_once(*batches: Any) -> Result:
            try:
                return mapped_function(*batches)
            except RuntimeError as error:
                error.add_note(
                    "All tasks were run at once, by torch.func.vmap. If the model works on one "
                    "task by itself, give the learner mapping='loop'."
                )
                raise

        return run_at_once

    def run_one_by_one(*batches: Any) -> Result:
        count = pytree.tree_leaves(batches)[0].shape[0]
        results = [
            function(*pytree.tree_map(lambda leaf, i=i: leaf[i], batches)) for i in range(count)
        ]
        return pytree.tree_map(lambda *leaves: torch.stack(leaves), *results)  # type: ignore[no-any-return]

    return run_one_by_one


def over_batch(
    learner: PerTask, of_one: OfOne, support: Split, query: Split, *, low_rank_pays: bool = True
) -> Tensor:
    """Map a function of one task over a batch, with small input layers where that saves work.

    Args:
        learner: whose ``mapping`` is followed; one by one, tasks are run as they are.
        of_one: need not know how it is run.
        support: ``[tasks, items, ...]``.
        query: the same.
        low_rank_pays: whether ``of_one`` gains by a small input layer where the layer's shape
            promises it.

    Returns:
        What ``of_one`` returns, with a leading task axis.
    """
    watch_once(learner, support.x)  # for the rules below
    # Where a graph is kept, one of all chunks would bound nothing: see running.chunks.
    chunk_size = None if torch.is_grad_enabled() else learner.chunk_size
    if runs_low_rank(learner, support.x, pays=low_rank_pays):
        initial_weight, coordinates, query_in_basis = low_rank_tasks(learner, support.x, query.x)

        def of_task(initial_weight: Tensor, support: Split, query: Split) -> Tensor:
            return of_one(with_small_layer(learner, initial_weight), support, query)

        splits = Split(coordinates, support.y), Split(cast(Tensor, query_in_basis), query.y)
        return over_tasks(of_task, "vmap", chunk_size)(initial_weight, *splits)
    return over_tasks(partial(of_one, learner), learner.mapping, chunk_size)(support, query)
