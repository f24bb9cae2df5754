"""From a traced graph to a list of C loops and the buffers they read and write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.fx import GraphModule, Node

from metalearn_lab.compiled import graph as of
from metalearn_lab.compiled import kernels
from metalearn_lab.compiled.formulas import COSTLY, MASKS
from metalearn_lab.compiled.kernels import Step
from metalearn_lab.compiled.not_compilable import NotCompilable
from metalearn_lab.compiled.values import (
    Formula,
    Number,
    Stored,
    Value,
    constant,
    new_room,
)

Rule = Callable[["Lowering", Node], Value]
"""What an operation becomes."""


@dataclass
class Lowering:
    """Walks a graph, collecting the steps.

    Attributes:
        rules: by the name of the operation.
        steps: the loops in order.
        values: what each node of the graph became.
    """

    rules: dict[str, Rule]
    steps: list[Step] = field(default_factory=list)
    values: dict[Node, Value] = field(default_factory=dict)

    def run(self, graph: GraphModule, inputs: list[Stored]) -> list[Value]:
        """Lower every node; returns the values of the outputs.

        Raises:
            NotCompilable: an operation is not known.
        """
        next_input = iter(inputs)
        for node in graph.graph.nodes:
            if node.op == "placeholder":
                self.values[node] = next(next_input)
            elif node.op == "get_attr":
                self.values[node] = constant(getattr(graph, str(node.target)))
            elif node.op == "call_function":
                self.values[node] = self._lower(node)
        return [self.values[node] for node in of.outputs(graph.graph)]

    def _lower(self, node: Node) -> Value:
        name = of.name(node)
        if name not in self.rules:
            raise NotCompilable(
                f"the compiler does not know {node.target}: write it with element-wise "
                "operations, sums, @ of matrices, or others that compiled/rules.py lists, or run "
                "it in PyTorch with compiled=False"
            )
        value = self.rules[name](self, node)
        used_again = len(of.users(node)) > 1 or name in COSTLY
        if isinstance(value, Formula) and used_again and name not in MASKS:
            value = self.store(value, value.shape)
        if of.is_in_place(node) and name not in of.VIEWS:
            self._overwrite(node, value)
        return value

    def _overwrite(self, node: Node, value: Value) -> None:
        """After an in-place operation, its argument's name stands for the new numbers."""
        old: Node = of.argument(node, 0)
        if of.name(old) in of.VIEWS or any(of.name(user) in of.VIEWS for user in old.users):
            raise NotCompilable(f"{node.target} writes into a tensor that has other views")
        self.values[old] = value

    # ------------------------------------------------------------------ what the rules use
    def value(self, argument: Any) -> Value:
        """Of an argument of a node: another node, a value already, or a number."""
        if isinstance(argument, Stored | Formula | Number):
            return argument
        return self.values[argument] if isinstance(argument, Node) else Number(float(argument))

    def numbers(self, node: Node) -> Value:
        """The node's value with 0 and 1 in place of a mask."""
        value = self.values[node]
        if node.meta["val"].dtype != torch.bool:
            return value
        return Formula("W({0}, S(1), S(0))", (value,), of.shape(node))

    def formula(self, node: Node, text: str, *arguments: Any, masks: bool = False) -> Formula:
        """A formula of the node's arguments, each spread to the node's shape.

        Args:
            node: whose formula it is.
            text: the C expression.
            arguments: nodes and numbers.
            masks: whether the expression takes masks; else they become 0 and 1.
        """
        shape = of.shape(node)
        values = (
            self.numbers(argument) if isinstance(argument, Node) and not masks else argument
            for argument in arguments
        )
        return Formula(text, tuple(self.spread(value, shape) for value in values), shape)

    def spread(self, argument: Any, shape: torch.Size) -> Value:
        """An argument at a larger shape, repeated where it is smaller."""
        value = self.value(argument)
        if isinstance(value, Number) or value.shape == shape:
            return value
        if isinstance(argument, Node) and argument.meta["val"].dtype == torch.bool:
            # What is repeated is stored, and only numbers are.
            numbers = self.spread(self.numbers(argument), shape)
            return Formula("({0} != S(0))", (numbers,), shape)
        return self.view_as(value, lambda layout: layout.expand(shape), value.shape, repeats=True)

    def view_as(
        self,
        value: Value,
        view: Callable[[Tensor], Tensor],
        shape: torch.Size,
        repeats: bool = False,
    ) -> Value:
        """A view of a value of this shape; it is stored first where the view needs it."""
        # A formula that is repeated would be computed again for every repetition.
        if isinstance(value, Formula) and repeats:
            value = self.store(value, shape)
        try:
            return value.view_as(view)
        except RuntimeError:
            return self.copy(value, shape).view_as(view)

    def store(self, value: Value, shape: torch.Size) -> Stored:
        """The value in memory, computed now if it was not."""
        return value if isinstance(value, Stored) else self.copy(value, shape)

    def copy(self, value: Value, shape: torch.Size) -> Stored:
        """The value in a buffer of its own."""
        target = new_room(shape)
        self.steps.append(kernels.elementwise(value, target))
        return target

    def fold(
        self, value: Value, shape: torch.Size, axes: list[int], start: str, step: str
    ) -> Stored:
        """The value folded over some axes, which keep the size 1 (see ``kernels.reduction``)."""
        target = new_room(torch.Size(1 if axis in axes else n for axis, n in enumerate(shape)))
        self.steps.append(kernels.reduction(value, shape, axes, target, start, step))
        return target
