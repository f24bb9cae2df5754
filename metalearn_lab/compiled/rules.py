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

_SUM = ("(v){0}", "a + {0}")
_LARGEST = ("S(-(real)INFINITY)", "W(({0} <= a) | (a != a), a, {0})")


def _view(lower: Lowering, node: Node) -> Value:
    operation: Any = node.target
    source = of.argument(node, 0)
    return lower.view_as(
        lower.value(source),
        lambda layout: operation(layout, *node.args[1:], **node.kwargs),
        of.shape(source),
        repeats=of.name(node) in of.REPEATING,
    )


def _made_of_sizes(lower: Lowering, node: Node) -> Value:
    """Numbers that depend on sizes alone, which are known when the function is traced."""
    operation: Any = node.target
    return constant(operation(*node.args))


def _argument(position: int, lower: Lowering, node: Node) -> Value:
    return lower.value(node.args[position])


# ---------------------------------------------------------------------------- arithmetic
def _formula(text: str, lower: Lowering, node: Node, masks: bool = False) -> Value:
    return lower.formula(node, text, *node.args, masks=masks)


def _sum_of_two(sign: str, lower: Lowering, node: Node) -> Value:
    alpha = node.kwargs.get("alpha", 1)
    second = "{1}" if alpha == 1 else "{1} * {2}"
    return lower.formula(node, f"({{0}} {sign} {second})", *node.args[:2], alpha)


def _reversed_difference(lower: Lowering, node: Node) -> Value:
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
    return _formula(text, lower, node, masks=True)


# ---------------------------------------------------------------------------- folding
def _fold(start: str, step: str, lower: Lowering, node: Node) -> Stored:
    source = of.argument(node, 0)
    value, shape = lower.numbers(source), of.shape(source)
    return _reshape(lower.fold(value, shape, of.folded_axes(node), start, step), node)


def _mean(lower: Lowering, node: Node) -> Value:
    total = _fold(*_SUM, lower, node)
    return _scale(total, 1 / of.folded_count(node))


def _variance(lower: Lowering, node: Node) -> Value:
    """The mean square of what is left when the mean is taken off."""
    source, count, axes = of.argument(node, 0), of.folded_count(node), of.folded_axes(node)
    value, shape = lower.value(source), of.shape(source)
    total = lower.fold(value, shape, axes, *_SUM)
    mean = lower.copy(_scale(total, 1 / count), total.shape)
    deviation = Formula("({0} - {1})", (value, mean.view_as(lambda x: x.expand(shape))), shape)
    square = Formula("({0} * {0})", (lower.store(deviation, shape),), shape)
    correction = of.argument(node, 2, node.kwargs.get("correction", 1))
    folded_squares = _reshape(lower.fold(square, shape, axes, *_SUM), node)
    return _scale(folded_squares, 1 / (count - correction))


def _scale(value: Stored, factor: float) -> Formula:
    return Formula("({0} * {1})", (value, Number(factor)), value.shape)


def _reshape(value: Stored, node: Node) -> Stored:
    return value.view_as(lambda layout: layout.view(of.shape(node)))


# ---------------------------------------------------------------------------- products
def _matrix_product(lower: Lowering, node: Node) -> Value:
    """Of ``mm``, or of ``addmm``, whose first argument is a bias."""
    if node.kwargs:
        raise NotCompilable("the compiler does not know addmm with alpha or beta")
    *bias, left, right = node.args
    spread_bias = lower.spread(bias[0], of.shape(node)) if bias else None
    a, b = (lower.store(lower.value(factor), of.shape(factor)) for factor in (left, right))
    target = new_room(of.shape(node))
    lower.steps.append(kernels.matrix_product(a, b, spread_bias, target))
    return target


# ---------------------------------------------------------------------------- choosing
def _gather(lower: Lowering, node: Node) -> Value:
    """x[i, index[i]]: the sum over j of x[i, j] where j is the index; NaN where no j is."""
    source, index = of.argument(node, 0), of.argument(node, 2)
    shape, axis = of.shape(source), _axis_of_one(node)
    arguments = (lower.spread(index, shape), _count_along(shape, axis), lower.value(source))
    value = Formula("W({0} == {1}, {2}, S(0))", arguments, shape)
    chosen_numbers = lower.fold(value, shape, [axis], *_SUM)
    outside = f"W(({{0}} < S(0)) | ({{0}} >= S({shape[axis]})), S(NAN), {{1}})"
    return Formula(outside, (lower.value(index), chosen_numbers), of.shape(index))


def _scatter(text: str, lower: Lowering, node: Node) -> Value:
    base, _, index, source = node.args
    shape = of.shape(node)
    positions, into, given = (lower.spread(argument, shape) for argument in (index, base, source))
    return Formula(text, (positions, _count_along(shape, _axis_of_one(node)), into, given), shape)


def _axis_of_one(node: Node) -> int:
    """The axis along which one place is chosen in each row."""
    index = of.argument(node, 2)
    axis: int = of.argument(node, 1) % len(of.shape(index))
    if of.shape(index)[axis] != 1:
        raise NotCompilable(f"the compiler knows {node.target} for one index a row")
    return axis


def _count_along(shape: torch.Size, axis: int) -> Value:
    """0, 1, 2, … along one axis."""
    ahead = [-1 if d == axis else 1 for d in range(len(shape))]
    counted = constant(torch.arange(shape[axis]))
    return counted.view_as(lambda layout: layout.view(ahead).expand(shape))


def _rows(lower: Lowering, node: Node) -> Value:
    """x[rows] for rows known beforehand, such as a minibatch."""
    source, indices = of.argument(node, 0), of.argument(node, 1)
    rows = lower.value(indices[0]) if len(indices) == 1 else None
    if not isinstance(rows, Stored) or rows.buffer.place != "constant":
        raise NotCompilable("the compiler knows x[rows] only for rows that are known beforehand")
    value, shape = lower.value(source), of.shape(source)
    numbers = [int(row) for row in rows.buffer.numbers]
    if numbers == list(range(numbers[0], numbers[0] + len(numbers))):
        return lower.view_as(value, _narrow(0, numbers[0], len(numbers)), shape)
    parts = [(lower.view_as(value, _narrow(0, row, 1), shape), 1) for row in numbers]
    return _join(lower, node, 0, parts)


def _concatenated(lower: Lowering, node: Node) -> Value:
    axis = of.argument(node, 1, 0)
    parts = [(lower.value(part), of.shape(part)[axis]) for part in of.argument(node, 0)]
    return _join(lower, node, axis, parts)


def _embed_in_zeros(view: Callable[..., Tensor], lower: Lowering, node: Node) -> Stored:
    """0 everywhere but in a view of the result, where the gradient of that view stands."""
    gradient, _, *where = node.args
    target = new_room(of.shape(node))
    target_view = target.view_as(lambda layout: view(layout, *where))
    for value, part in ((Number(0), target), (lower.value(gradient), target_view)):
        lower.steps.append(kernels.elementwise(value, part))
    return target


def _join(lower: Lowering, node: Node, axis: int, parts: list[tuple[Value, int]]) -> Stored:
    """Values one after the other along an axis, each with its size there."""
    target, first = new_room(of.shape(node)), 0
    for value, size in parts:
        target_view = target.view_as(_narrow(axis, first, size))
        lower.steps.append(kernels.elementwise(value, target_view))
        first += size
    return target


def _narrow(axis: int, first: int, size: int) -> Callable[[Tensor], Tensor]:
    """A run of places along an axis."""
    return lambda layout: layout.narrow(axis, first, size)


RULES: dict[str, Rule] = {
    **{name: partial(_formula, text) for name, text in FORMULAS.items()},
    **{name: partial(_logic, text) for name, text in LOGIC.items()},
    **dict.fromkeys(of.VIEWS, _view),
    **dict.fromkeys((*of.SAME, "scalar_tensor"), partial(_argument, 0)),
    **dict.fromkeys(("full", "full_like"), partial(_argument, 1)),
    "new_full": partial(_argument, 2),
    **dict.fromkeys(("arange", "eye"), _made_of_sizes),
    **dict.fromkeys(("zeros", "zeros_like", "new_zeros"), lambda lower, node: Number(0)),
    **dict.fromkeys(("ones", "ones_like", "new_ones"), lambda lower, node: Number(1)),
    # Numbers of every type are held as floating-point numbers; a mask becomes 0 and 1.
    "_to_copy": lambda lower, node: lower.numbers(of.argument(node, 0)),
    "where": partial(_formula, "W({0}, {1}, {2})", masks=True),
    "masked_fill": partial(_formula, "W({1}, {2}, {0})", masks=True),
    "add": partial(_sum_of_two, "+"),
    "sub": partial(_sum_of_two, "-"),
    "rsub": _reversed_difference,
    "pow": _power,
    "sum": partial(_fold, *_SUM),
    "mean": _mean,
    "var": _variance,
    "amax": partial(_fold, *_LARGEST),
    **dict.fromkeys(("mm", "addmm"), _matrix_product),
    "gather": _gather,
    "scatter": partial(_scatter, "W({0} == {1}, {3}, {2})"),
    "scatter_add": partial(_scatter, "({2} + W({0} == {1}, {3}, S(0)))"),
    "index": _rows,
    "cat": _concatenated,
    "select_backward": partial(_embed_in_zeros, torch.ops.aten.select.int),
    "slice_backward": partial(_embed_in_zeros, torch.ops.aten.slice.Tensor),
}
