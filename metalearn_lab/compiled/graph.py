"""What the compiler asks about the nodes of a traced graph."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch.fx import Node

VIEWS = frozenset(
    (
        *("permute", "t", "transpose", "view", "_unsafe_view", "reshape", "expand", "unsqueeze"),
        *("squeeze", "select", "slice", "broadcast_in_dim", "diagonal"),
    )
)
"""Operations that show the same numbers another way."""

REPEATING = frozenset({"expand", "broadcast_in_dim"})
"""Views that may show a number many times."""

SAME = frozenset({"detach", "alias", "clone", "lift_fresh_copy", "contiguous"})
"""Operations that change nothing here, where no number is ever written twice."""


def name(node: Node) -> str:
    """``aten.add_.Tensor`` is called ``add``; what is no operation has its kind for a name."""
    if node.op != "call_function":
        return str(node.op)
    operation = str(node.target).split(".")[1]
    return operation if operation.startswith("_") else operation.rstrip("_")


def is_in_place(node: Node) -> bool:
    """Whether the operation writes into its first argument."""
    return str(node.target).split(".")[1].endswith("_")


def shape(node: Any) -> torch.Size:
    """Of the tensor that the node stands for."""
    return node.meta["val"].shape  # type: ignore[no-any-return]


def users(node: Node) -> list[Node]:
    """Who computes with the node's numbers, seen through views."""
    direct = (users(user) if name(user) in VIEWS | SAME else [user] for user in node.users)
    return [user for nodes in direct for user in nodes]


def outputs(graph: torch.fx.Graph) -> list[Node]:
    """The nodes that the graph returns."""
    returned: Any = next(iter(reversed(graph.nodes))).args[0]
    return list(returned)


def argument(node: Node, position: int, default: Any = None) -> Any:
    """An argument given by its position; ``default`` where it is left out."""
    return node.args[position] if len(node.args) > position else default


def folded_axes(node: Node) -> list[int]:
    """The axes that a sum, mean or variance runs over: all of them when none is named."""
    sizes = len(shape(node.args[0]))
    axes = argument(node, 1)
    listed = [axes] if isinstance(axes, int) else axes or range(sizes)
    return [axis % sizes for axis in listed]


def folded_count(node: Node) -> int:
    """How many numbers a sum, mean or variance takes together."""
    return math.prod(shape(node.args[0])[axis] for axis in folded_axes(node))
