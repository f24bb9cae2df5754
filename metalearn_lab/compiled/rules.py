"""What each operation of PyTorch becomes; an operation without a rule is refused."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.fx import Node

from metalearn_lab.compiled import graph as of
from metalearn_lab.compiled import kernels
from metalearn_lab.compiled.formulas import FORMULAS, LOGIC
from metalearn_lab.compiled.lowering import Lowering, Rule
from metalearn_lab.compiled.not_compilable import NotCompilable
from metalearn_lab.compiled.values import (
    Formula,
    Number,
    Stored,
    Value,
    constant,
    new_room,
)

_ZERO, _PLUS = "(v){0}", "a + {0}"


def _view(lower: Lowering, node: Node) -> Value:
    def view(layout: Tensor) -> Tensor:
        operation: Any = node.target
        result: Tensor = operation(layout, *node.args[1:], **node.kwargs)
        return result

    source = of.argument(node, 0)
    repeats = of.name(node) in of.REPEATING
    return lower.viewed(lower.value(source), view, of.shape(source), repeats)


def _same(lower: Lowering, node: Node) -> Value:
    return lower.value(of.argument(node, 0))


def _to_copy(lower: Lowering, node: Node) -> Value:
    """Numbers of every type are held as floating-point numbers; a mask becomes 0 and 1."""
    return lower.numbers(of.argument(node, 0))


def _filled(place: int, lower: Lowering, node: Node) -> Value:
    return lower.value(node.args[place])


# ---------------------------------------------------------------------------- arithmetic
def _formula(text: str, lower: Lowering, node: Node) -> Value:
    return lower.formula(node, text, *node.args)


def _sum_of_two(sign: str, lower: Lowering, node: Node) -> Value:
    alpha = node.kwargs.get("alpha", 1)
    if alpha == 1:
        return lower.formula(node, f"({{0}} {sign} {{1}})", *node.args[:2])
    return lower.formula(node, f"({{0}} {sign} {{1}} * {{2}})", *node.args[:2], alpha)


def _subtracted_from(lower: Lowering, node: Node) -> Value:
    if of.argument(node, 2, 1) != 1:
        raise NotCompilable("the compiler does not know rsub with alpha")
    return lower.formula(node, "({1} - {0})", *node.args[:2])


def _power(lower: Lowering, node: Node) -> Value:
    base, exponent = of.argument(node, 0), of.argument(node, 1)
    if exponent == 0.5:
        return lower.formula(node, "F_sqrt({0})", base)
    if isinstance(exponent, Node) or exponent not in range(-4, 5):
        return lower.formula(node, "F_pow({0}, {1})", base, exponent)
    product = "*".join(["{0}"] * abs(int(exponent))) or "S(1)"
    return lower.formula(node, f"({product})" if exponent >= 0 else f"(S(1)/({product}))", base)


def _logic(text: str, lower: Lowering, node: Node) -> Value:
    if node.meta["val"].dtype != torch.bool:
        raise NotCompilable(f"the compiler knows {node.target} for true and false only")
    return lower.formula(node, text, *node.args, masks=True)


def _choice(text: str, lower: Lowering, node: Node) -> Value:
    return lower.formula(node, text, *node.args, masks=True)


# ---------------------------------------------------------------------------- folding
def _total(lower: Lowering, node: Node) -> Value:
    return _shaped(_folded(lower, node, lower.numbers(of.argument(node, 0))), node)


def _mean(lower: Lowering, node: Node) -> Value:
    total = _shaped(_folded(lower, node, lower.value(of.argument(node, 0))), node)
    return _scaled(total, 1 / of.folded_count(node))


def _variance(lower: Lowering, node: Node) -> Value:
    """The mean square of what is left when the mean is taken off."""
    source, count = of.argument(node, 0), of.folded_count(node)
    value, shape = lower.value(source), of.shape(source)
    total = _folded(lower, node, value)
    mean = lower.copied(_scaled(total, 1 / count), total.shape)
    off = Formula("({0} - {1})", (value, mean.viewed(lambda x: x.expand(shape))), shape)
    square = Formula("({0} * {0})", (lower.stored(off, shape),), shape)
    correction = of.argument(node, 2, node.kwargs.get("correction", 1))
    spread = _shaped(_folded(lower, node, square), node)
    return _scaled(spread, 1 / (count - correction))


def _largest(lower: Lowering, node: Node) -> Value:
    source = of.argument(node, 0)
    start, step = "S(-(real)INFINITY)", "W(({0} <= a) | (a != a), a, {0})"
    value = lower.value(source)
    return _shaped(lower.folded(value, of.shape(source), of.folded_axes(node), start, step), node)


def _folded(lower: Lowering, node: Node, value: Value) -> Stored:
    return lower.folded(value, of.shape(of.argument(node, 0)), of.folded_axes(node), _ZERO, _PLUS)


def _scaled(value: Stored, factor: float) -> Formula:
    return Formula("({0} * {1})", (value, Number(factor)), value.shape)


def _shaped(value: Stored, node: Node) -> Stored:
    return value.viewed(lambda layout: layout.view(of.shape(node)))


# ---------------------------------------------------------------------------- products
def _matrix_product(lower: Lowering, node: Node) -> Value:
    return _product(lower, node, of.argument(node, 0), of.argument(node, 1), None)


def _matrix_product_with_bias(lower: Lowering, node: Node) -> Value:
    if node.kwargs:
        raise NotCompilable("the compiler does not know addmm with alpha or beta")
    bias = lower.spread(of.argument(node, 0), of.shape(node))
    return _product(lower, node, of.argument(node, 1), of.argument(node, 2), bias)


def _product(lower: Lowering, node: Node, left: Any, right: Any, bias: Value | None) -> Value:
    a = lower.stored(lower.value(left), of.shape(left))
    b = lower.stored(lower.value(right), of.shape(right))
    target = new_room(of.shape(node))
    lower.write(kernels.matrix_product(a, b, bias, target), target)
    return target


# ---------------------------------------------------------------------------- choosing
def _gather(lower: Lowering, node: Node) -> Value:
    """x[i, index[i]]: the sum over j of x[i, j] where j is the index; NaN where no j is."""
    source, index = of.argument(node, 0), of.argument(node, 2)
    shape, axis = of.shape(source), _axis_of_one(node)
    chosen = (lower.spread(index, shape), _count(shape, axis), lower.value(source))
    value = Formula("W({0} == {1}, {2}, S(0))", chosen, shape)
    there = lower.folded(value, shape, [axis], _ZERO, _PLUS)
    outside = f"W(({{0}} < S(0)) | ({{0}} >= S({shape[axis]})), S(NAN), {{1}})"
    return Formula(outside, (lower.value(index), there), of.shape(index))


def _scatter(text: str, lower: Lowering, node: Node) -> Value:
    base, _, index, source = node.args
    shape = of.shape(node)
    parts = (index, base, source)
    at, into, given = (lower.spread(part, shape) for part in parts)
    return Formula(text, (at, _count(shape, _axis_of_one(node)), into, given), shape)


def _axis_of_one(node: Node) -> int:
    """The axis along which one place is chosen in each row."""
    index = of.argument(node, 2)
    axis: int = of.argument(node, 1) % len(of.shape(index))
    if of.shape(index)[axis] != 1:
        raise NotCompilable(f"the compiler knows {node.target} for one index a row")
    return axis


def _count(shape: torch.Size, axis: int) -> Value:
    """0, 1, 2, … along one axis."""
    ahead = [-1 if d == axis else 1 for d in range(len(shape))]
    counted = constant(torch.arange(shape[axis]))
    return counted.viewed(lambda layout: layout.view(ahead).expand(shape))


def _rows(lower: Lowering, node: Node) -> Value:
    """x[rows] for rows known beforehand, such as a minibatch."""
    source, indices = of.argument(node, 0), of.argument(node, 1)
    rows = lower.value(indices[0]) if len(indices) == 1 else None
    if not isinstance(rows, Stored) or rows.buffer.place != "constant":
        raise NotCompilable("the compiler knows x[rows] only for rows that are known beforehand")
    value, shape = lower.value(source), of.shape(source)
    chosen = [int(row) for row in rows.buffer.numbers]
    if chosen == list(range(chosen[0], chosen[0] + len(chosen))):
        return lower.viewed(value, _run(0, chosen[0], len(chosen)), shape)
    target = new_room(of.shape(node))
    for place, row in enumerate(chosen):
        part = target.viewed(_run(0, place, 1))
        lower.write(kernels.elementwise(lower.viewed(value, _run(0, row, 1), shape), part), part)
    return target


def _joined(lower: Lowering, node: Node) -> Value:
    axis = of.argument(node, 1, 0)
    target, first = new_room(of.shape(node)), 0
    for part in of.argument(node, 0):
        size = of.shape(part)[axis]
        place = target.viewed(_run(axis, first, size))
        lower.write(kernels.elementwise(lower.value(part), place), place)
        first += size
    return target


def _run(axis: int, first: int, size: int) -> Callable[[Tensor], Tensor]:
    """A run of places along an axis."""
    return lambda layout: layout.narrow(axis, first, size)


RULES: dict[str, Rule] = {
    **{name: partial(_formula, text) for name, text in FORMULAS.items()},
    **{name: partial(_logic, text) for name, text in LOGIC.items()},
    **dict.fromkeys(of.VIEWS, _view),
    **dict.fromkeys(of.SAME, _same),
    **dict.fromkeys(("full", "full_like"), partial(_filled, 1)),
    "scalar_tensor": partial(_filled, 0),
    "new_full": partial(_filled, 2),
    **dict.fromkeys(("zeros", "zeros_like", "new_zeros"), lambda lower, node: Number(0)),
    **dict.fromkeys(("ones", "ones_like", "new_ones"), lambda lower, node: Number(1)),
    "_to_copy": _to_copy,
    "where": partial(_choice, "W({0}, {1}, {2})"),
    "masked_fill": partial(_choice, "W({1}, {2}, {0})"),
    "add": partial(_sum_of_two, "+"),
    "sub": partial(_sum_of_two, "-"),
    "rsub": _subtracted_from,
    "pow": _power,
    "sum": _total,
    "mean": _mean,
    "var": _variance,
    "amax": _largest,
    "mm": _matrix_product,
    "addmm": _matrix_product_with_bias,
    "gather": _gather,
    "scatter": partial(_scatter, "W({0} == {1}, {3}, {2})"),
    "scatter_add": partial(_scatter, "({2} + W({0} == {1}, {3}, S(0)))"),
    "index": _rows,
    "cat": _joined,
}
