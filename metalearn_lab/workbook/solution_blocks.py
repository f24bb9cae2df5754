"""The solution blocks of an exercise cell, and what stands in their place for the reader.

A solution stands between two marker comments that have the indentation of its code; lines behind
a third marker, as comments, are the stub. Without them the stub raises ``NotImplementedError``::

    # <solution>
    my_answer = -0.9756
    # <stub>
    # my_answer = None  # a number
    # </solution>
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from metalearn_lab.workbook.errors import WorkbookError

YOUR_TURN = 'raise NotImplementedError("your turn")'

_OPEN, _STUB, _CLOSE = "# <solution>", "# <stub>", "# </solution>"
_MARK = re.compile(r"</?(solution|stub)>")


class Block(NamedTuple):
    """One solution block, or one line outside of all, which solution and stub share.

    Attributes:
        solution: its lines.
        stub: the lines that the reader finds in their place.
    """

    solution: list[str]
    stub: list[str]


def has_marker(text: str) -> bool:
    """Whether a text holds anything that looks like a marker."""
    return bool(_MARK.search(text))


def stub_of(text: str) -> str:
    """An exercise cell as the reader finds it.

    Raises:
        WorkbookError: the markers are malformed; see `parse`.
    """
    return "\n".join(line for block in parse(text) for line in block.stub)


def solution_of(text: str) -> str:
    """An exercise cell with its solutions, without the markers.

    Raises:
        WorkbookError: the markers are malformed; see `parse`.
    """
    return "\n".join(line for block in parse(text) for line in block.solution)


def parse(text: str) -> list[Block]:
    """The solution blocks of an exercise cell, and the lines around them.

    Raises:
        WorkbookError: no solution, one that is empty, unclosed or nested, a marker that stands
            elsewhere than alone on its line, or a solution at the left margin without a stub.
    """
    blocks: list[Block] = []
    lines = iter(text.splitlines())
    for line in lines:
        marker = _marker(line)
        if marker not in ("", _OPEN):
            raise WorkbookError(f"`{marker}` without a `{_OPEN}` before it")
        blocks.append(_block(line, lines) if marker else Block([line], [line]))
    if not has_marker(text):
        raise WorkbookError(
            f"an exercise cell needs its solution, between `{_OPEN}` and `{_CLOSE}`"
        )
    return blocks


def _marker(line: str) -> str:
    """The marker that stands on a line; empty if none does."""
    if not has_marker(line):
        return ""
    if line.strip() not in (_OPEN, _STUB, _CLOSE):
        raise WorkbookError(f"a marker stands alone on its line, like `{_OPEN}`: `{line.strip()}`")
    return line.strip()


def _block(opening: str, lines: Iterator[str]) -> Block:
    """The block whose opening line was read; takes its lines up to the closing one."""
    indent = opening[: opening.index("#")]
    solution: list[str] = []
    stub: list[str] | None = None
    for line in lines:
        marker = _marker(line)
        if marker == _CLOSE:
            return _checked_block(indent, solution, stub)
        if marker == _OPEN:
            raise WorkbookError(f"`{_OPEN}` inside a solution: close the first with `{_CLOSE}`")
        if marker and stub is not None:
            raise WorkbookError(f"a second `{_STUB}` in one solution")
        if marker:
            stub = []
        elif stub is None:
            solution.append(line)
        else:
            stub.append(_uncommented(line, indent))
    raise WorkbookError(f"a solution is not closed: `{_CLOSE}` is missing")


def _uncommented(line: str, indent: str) -> str:
    comment = re.fullmatch(rf"{indent}# ?(.*)", line)
    if comment is None:
        raise WorkbookError(f"a line of a stub is a comment, indented like its marker: `{line}`")
    return (indent + comment[1]).rstrip()


def _checked_block(indent: str, solution: list[str], stub: list[str] | None) -> Block:
    """The block; where it has no stub, the reader finds a line that raises."""
    if not any(line.strip() for line in solution):
        raise WorkbookError("a solution is empty")
    if stub is None and not indent:
        raise WorkbookError(
            f"a solution at the left margin needs `{_STUB}` lines: a cell that raises would end "
            "the reader's run"
        )
    if stub == []:
        raise WorkbookError(f"no line follows `{_STUB}`")
    return Block(solution, stub or [indent + YOUR_TURN])
