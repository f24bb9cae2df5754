"""How a function of one task is mapped over a batch of tasks.

The learners are written for one task; the strategy here decides how a batch is run, and the
formula does not know which one it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, get_args

import torch
from torch import nn
from torch.utils import _pytree as pytree

from metalearn_lab.models.transformer import SelfAttention

Mapping = Literal["vmap", "loop"]

_LOOPED_ON_CPU = (nn.modules.conv._ConvNd, nn.MultiheadAttention, SelfAttention)


def mapping_for(model: nn.Module, device: torch.device | None = None) -> Mapping:
    """The rule by which tasks are run when nothing else is asked for.

    On a CPU, ``"loop"`` for a model with convolutions or attention: each task keeps a core busy,
    and what one task needs stays in its cache. Elsewhere, and for dense networks, ``"vmap"``:
    there the cost of starting each operation counts, which all tasks then share.

    Args:
        model: looked through for layers of these classes.
        device: where it runs; where its parameters are when not given.
    """
    if device is None:
        device = next((parameter.device for parameter in model.parameters()), None)
    on_cpu = device is None or device.type == "cpu"
    heavy = any(isinstance(layer, _LOOPED_ON_CPU) for layer in model.modules())
    return "loop" if on_cpu and heavy else "vmap"


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
    function: Callable[..., Any], mapping: Mapping, chunk_size: int | None = None
) -> Callable[..., Any]:
    """Map a function of one task over the leading axis of its arguments.

    Args:
        function: takes tensors (or tuples, dicts of them) of one task and returns the same.
        mapping: ``"vmap"`` runs all tasks in one set of kernels, ``"loop"`` one task at a time.
        chunk_size: with ``"vmap"``, at most this many tasks at once (bounds the memory).

    Returns:
        The function of a batch; every output tensor gains a leading task axis.
    """
    if mapping == "vmap":
        return torch.func.vmap(function, chunk_size=chunk_size, randomness="different")

    def looped(*batches: Any) -> Any:
        leaves, _ = pytree.tree_flatten(batches)
        results = [
            function(*pytree.tree_map(lambda leaf, i=i: leaf[i], batches))
            for i in range(leaves[0].shape[0])
        ]
        flat = [pytree.tree_flatten(result)[0] for result in results]
        stacked = [torch.stack(parts) for parts in zip(*flat, strict=True)]
        return pytree.tree_unflatten(stacked, pytree.tree_flatten(results[0])[1])

    return looped
