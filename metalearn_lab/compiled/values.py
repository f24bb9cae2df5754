"""What a traced tensor becomes in C: stored numbers, or a formula that is not stored."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

Place = Literal["lanes", "shared", "constant"]
"""Where a buffer lives: one number per task in the workspace; one number for all tasks, in an
input tensor; or one number for all tasks, in the C text."""


@dataclass(eq=False)
class Buffer:
    """Numbers in memory.

    Attributes:
        size: how many (per task, for ``"lanes"``).
        place: where they live.
        numbers: of a constant.
    """

    size: int
    place: Place = "lanes"
    numbers: tuple[float, ...] = ()


@dataclass(frozen=True, eq=False)
class Stored:
    """A strided view of a buffer.

    Attributes:
        buffer: where the numbers are.
        layout: a meta tensor with the view's shape, strides and offset, so that PyTorch's own
            view operations say what a view of it looks like.
    """

    buffer: Buffer
    layout: Tensor

    @property
    def shape(self) -> torch.Size:
        """Of the view."""
        return self.layout.shape

    @property
    def first(self) -> int:
        """Place of the view's first number in the buffer."""
        return int(self.layout.storage_offset())

    def view_as(self, view: Callable[[Tensor], Tensor]) -> Stored:
        """The same numbers, seen another way.

        Raises:
            RuntimeError: the strides allow no such view.
        """
        return Stored(self.buffer, view(self.layout))


@dataclass(frozen=True, eq=False)
class Formula:
    """Numbers computed where they are used.

    Attributes:
        text: a C expression with ``{0}``, ``{1}``, … for its arguments.
        arguments: values of the formula's shape.
        shape: of the result.
    """

    text: str
    arguments: tuple[Value, ...]
    shape: torch.Size

    def view_as(self, view: Callable[[Tensor], Tensor]) -> Formula:
        """The same formula of viewed arguments.

        Raises:
            RuntimeError: the strides of an argument allow no such view.
        """
        arguments = tuple(argument.view_as(view) for argument in self.arguments)
        return Formula(self.text, arguments, view(torch.empty(self.shape, device="meta")).shape)


@dataclass(frozen=True)
class Number:
    """One number, of any shape."""

    value: float

    def view_as(self, view: Callable[[Tensor], Tensor]) -> Number:
        """A number looks the same from everywhere."""
        return self


Value = Stored | Formula | Number


def new_room(shape: torch.Size) -> Stored:
    """Memory for a new value."""
    return contiguous(Buffer(math.prod(shape)), shape)


def constant(tensor: Tensor) -> Stored | Number:
    """Numbers that are known when the function is traced."""
    if tensor.ndim == 0:
        return Number(float(tensor))
    numbers = tuple(float(number) for number in tensor.reshape(-1).tolist())
    return contiguous(Buffer(tensor.numel(), "constant", numbers), tensor.shape)


def contiguous(buffer: Buffer, shape: torch.Size) -> Stored:
    """The whole of a buffer, row by row."""
    return Stored(buffer, torch.empty(shape, device="meta"))


def index_text(layout: Tensor, indices: list[str]) -> str:
    """C text of an element's distance from the view's first."""
    terms = [
        f"{index}*{stride}" if stride != 1 else index
        for index, stride, size in zip(indices, layout.stride(), layout.shape, strict=True)
        if stride and size != 1
    ]
    return "+".join(terms) or "0"
