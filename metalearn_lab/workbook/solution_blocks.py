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
    """One solution block.

    Attributes:
        indent: the spaces before its markers.
        solution: its lines.
        stub: the lines that stand for it, as code; None is a line that raises.
    """

    indent: str
    solution: list[str]
    stub: list[str] | None

    @property
    def stub_lines(self) -> list[str]:
        """The lines that the reader finds in the solution's place."""
        return [self.indent + YOUR_TURN] if self.stub is None else self.stub


def has_marker(text: str) -> bool:
    """Whether a text holds anything that looks like a marker."""
    return bool(_MARK.search(text))


def stub_of(text: str) -> str:
    """An exercise cell as the reader finds it.

    Raises:
        WorkbookError: the markers are malformed; see `parse`.
    """
    return _render([p.stub_lines if isinstance(p, Block) else [p] for p in parse(text)])


def solution_of(text: str) -> str:
    """An exercise cell with its solutions, without the markers.

    Raises:
        WorkbookError: the markers are malformed; see `parse`.
    """
    return _render([p.solution if isinstance(p, Block) else [p] for p in parse(text)])


def _render(parts: list[list[str]]) -> str:
    return "\n".join(line for part in parts for line in part)


def parse(text: str) -> list[str | Block]:
    """The lines of an exercise cell, with a block in the place of each solution.

    Raises:
        WorkbookError: no solution, one that is empty, unclosed or nested, a marker that stands
            elsewhere than alone on its line, or a solution at the left margin without a stub.
    """
    parts: list[str | Block] = []
    lines = iter(text.splitlines())
    for line in lines:
        if _marker(line) == _OPEN:
            parts.append(_block(line, lines))
        elif _marker(line):
            raise WorkbookError(f"`{line.strip()}` without a `{_OPEN}` before it")
        else:
            parts.append(line)
    if not any(isinstance(part, Block) for part in parts):
        raise WorkbookError(
            f"an exercise cell needs its solution, between `{_OPEN}` and `{_CLOSE}`"
        )
    return parts


def _marker(line: str) -> str:
    """The marker that stands on a line; empty if none does."""
    if not _MARK.search(line):
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
            return _checked(Block(indent, solution, stub))
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


def _checked(block: Block) -> Block:
    if not any(line.strip() for line in block.solution):
        raise WorkbookError("a solution is empty")
    if block.stub is None and not block.indent:
        raise WorkbookError(
            f"a solution at the left margin needs `{_STUB}` lines: a cell that raises would end "
            "the reader's run"
        )
    if block.stub == []:
        raise WorkbookError(f"no line follows `{_STUB}`")
    return block
