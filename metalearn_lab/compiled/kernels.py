"""C text of the few loops that everything is made of.

A *vector* ``v`` holds the same number of 16 tasks (8 in double precision, fewer on machines with
short registers), so every loop is over the elements of one task and no loop needs to be
vectorised by the compiler.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch

from metalearn_lab.compiled.values import Buffer, Formula, Number, Stored, Value, index_text

TILE = 12
"""Accumulators of a matrix product: as many as leave registers for its operands."""


Source = tuple[Buffer, int]


@dataclass
class Step:
    """One call of a C function: writes ``target`` from ``sources``, each a buffer and an offset."""

    function: str
    target: Source
    sources: list[Source]
    operations: int


@dataclass
class Kernel:
    """One C function under construction.

    Attributes:
        target: what it writes.
        operations: how often its innermost line runs.
        sources: what it reads, each a buffer and the place in it where a pointer starts; so that
            the same loop over another part of a buffer is the same function.
    """

    target: Stored
    operations: int
    sources: list[Source] = field(default_factory=list)

    def element(self, value: Value, indices: list[str]) -> str:
        """C expression of one element, a vector over tasks."""
        if isinstance(value, Number):
            return number_text(value.value)
        if isinstance(value, Formula):
            return value.text.format(*(self.element(part, indices) for part in value.arguments))
        source = (value.buffer, value.first)
        if source not in self.sources:
            self.sources.append(source)
        place = f"p{self.sources.index(source)}[{index_text(value.layout, indices)}]"
        return place if value.buffer.place == "lanes" else f"S({place})"

    def step(self, body: str) -> Step:
        """A call of the finished function, whose text is what stands after its name."""
        kinds = ("v" if buffer.place == "lanes" else "real" for buffer, _ in self.sources)
        inputs = "".join(f", const {kind} *p{i}" for i, kind in enumerate(kinds))
        target = (self.target.buffer, self.target.first)
        return Step(f"(v *o{inputs}) {{\n{body}\n}}", target, self.sources, self.operations)


def number_text(value: float) -> str:
    """A number as a vector."""
    if value != value or value in (float("inf"), float("-inf")):
        return f"S({'-' if value < 0 else ''}(real){'NAN' if value != value else 'INFINITY'})"
    return f"S((real){float(value)!r})"


def elementwise(value: Value, target: Stored) -> Step:
    """``target = value``, element by element."""
    kernel = Kernel(target, target.shape.numel())
    indices = _names(target.shape)
    expression = kernel.element(value, indices)
    place = index_text(target.layout, indices)
    return kernel.step(loops(target.shape, indices, f"o[{place}] = {expression};"))


def reduction(
    value: Value, shape: torch.Size, axes: list[int], target: Stored, start: str, step: str
) -> Step:
    """``target`` = the value folded over some of its axes.

    Args:
        value: what is folded, of this shape.
        shape: of the value.
        axes: to fold; their size in ``target`` is 1.
        target: where the results go.
        start: C text of the first accumulator.
        step: C text of the next one, from ``a`` and an element ``{0}``.
    """
    kernel = Kernel(target, shape.numel())
    indices = _names(shape)
    expression = kernel.element(value, indices)
    folded = [size if axis in axes else 1 for axis, size in enumerate(shape)]
    inner = loops(folded, indices, f"a = {step.format(expression)};")
    place = index_text(target.layout, indices)
    body = f"v a = {start};\n{inner}\no[{place}] = a;"
    return kernel.step(loops(target.shape, indices, body))


def matrix_product(a: Stored, b: Stored, bias: Value | None, target: Stored) -> Step:
    """``target = a @ b + bias`` in tiles that stay in registers; all two-dimensional."""
    rows, columns = target.shape
    kernel = Kernel(target, rows * columns * a.shape[1])
    high, wide = _tile(rows, columns)
    text = []
    for first_row, count_rows, step_row in _runs(rows, high):
        for first_column, count_columns, step_column in _runs(columns, wide):
            tile = _tile_text(kernel, a, b, bias, step_row, step_column)
            text.append(
                f"for (int i={first_row}; i<{first_row + count_rows}; i+={step_row})\n"
                f"for (int j={first_column}; j<{first_column + count_columns}; "
                f"j+={step_column}) {{\n{tile}\n}}"
            )
    return kernel.step("\n".join(text))


def _tile_text(
    kernel: Kernel, a: Stored, b: Stored, bias: Value | None, high: int, wide: int
) -> str:
    cells = [(r, c) for r in range(high) for c in range(wide)]

    def at(value: Value, row: str, column: str) -> str:
        return kernel.element(value, [row, column])

    start = "\n".join(
        f"v c{r}_{c} = {at(bias, f'(i+{r})', f'(j+{c})') if bias is not None else '(v){0}'};"
        for r, c in cells
    )
    loads = "\n".join(
        [f"v a{r} = {at(a, f'(i+{r})', 'k')};" for r in range(high)]
        + [f"v b{c} = {at(b, 'k', f'(j+{c})')};" for c in range(wide)]
    )
    products = "\n".join(f"c{r}_{c} += a{r} * b{c};" for r, c in cells)
    layout = kernel.target.layout
    stores = "\n".join(
        f"o[{index_text(layout, [f'(i+{r})', f'(j+{c})'])}] = c{r}_{c};" for r, c in cells
    )
    head = f"for (int k=0; k<{a.shape[1]}; k++)"
    return f"{start}\n{head} {{\n{loads}\n{products}\n}}\n{stores}"


def _tile(rows: int, columns: int) -> tuple[int, int]:
    """The tile with the fewest loads for each product."""
    tiles = [
        (high, wide)
        for high in range(1, min(rows, TILE) + 1)
        for wide in range(1, min(columns, TILE // high) + 1)
    ]
    return min(tiles, key=lambda tile: _loads(rows, columns, *tile) * _kinds(rows, columns, *tile))


def _kinds(rows: int, columns: int, high: int, wide: int) -> float:
    """What each kind of left-over tile costs in text to compile, as a share of the loads."""
    return 1 + 0.1 * (len(_runs(rows, high)) * len(_runs(columns, wide)) - 1)


def _loads(rows: int, columns: int, high: int, wide: int) -> int:
    return sum(
        (count_rows // step_row) * (count_columns // step_column) * (step_row + step_column)
        for _, count_rows, step_row in _runs(rows, high)
        for _, count_columns, step_column in _runs(columns, wide)
    )


def _runs(size: int, step: int) -> list[tuple[int, int, int]]:
    """(first, count, step) of the whole tiles and of what is left over."""
    whole = size - size % step
    runs = [(0, whole, step), (whole, size - whole, size - whole)]
    return [run for run in runs if run[1]]


def loops(shape: torch.Size | list[int], indices: list[str], body: str) -> str:
    """The body inside a loop for every axis."""
    heads = "\n".join(
        f"for (int {index}=0; {index}<{size}; {index}++)"
        for index, size in zip(indices, shape, strict=True)
        if size != 1
    )
    return f"{heads} {{\n{body}\n}}"


def _names(shape: torch.Size) -> list[str]:
    return [f"i{axis}" for axis in range(len(shape))]
