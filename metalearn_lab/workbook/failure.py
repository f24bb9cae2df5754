"""A step that may fail in any way, and why it did in one line."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import ParamSpec

from metalearn_lab.workbook.errors import WorkbookError

Arguments = ParamSpec("Arguments")

COLOUR = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
"""What a terminal takes for a colour or a movement, and a page or a table cannot show."""


def failure_of(
    step: Callable[Arguments, object], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> str | None:
    """Take a step; None if it succeeded, or else the reason in one line.

    Whatever goes wrong in one chapter must not keep the others from their turn, so every exception
    is caught, but not Ctrl-C.
    """
    try:
        step(*args, **kwargs)
    except Exception as error:
        if isinstance(error.__context__, KeyboardInterrupt):
            raise error.__context__ from None  # it came up while Ctrl-C was on its way
        return one_line(_reason(error))
    return None


def one_line(text: str) -> str:
    """The text in one line of characters that can be shown and written anywhere."""
    line = " ".join(COLOUR.sub("", text).split())
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in line)


def _reason(error: Exception) -> str:
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    if isinstance(error, PapermillExecutionError):
        return f"{error.ename} in cell {error.cell_index}: {error.evalue}"
    if isinstance(error, DeadKernelError):
        return "the kernel died (out of memory?)"
    if isinstance(error, CellTimeoutError | WorkbookError):
        return next(iter(str(error).splitlines()), "")
    return f"{type(error).__name__}: {error}"
