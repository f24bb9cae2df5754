"""Reading a notebook, and saying in plain words when a file is none."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from metalearn_lab.workbook.errors import WorkbookError

_MERGE_MARK = re.compile(r"^(<<<<<<<|>>>>>>>)", re.MULTILINE)


def read_notebook(path: Path) -> Any:
    """The notebook in a file, in the format of today.

    Raises:
        WorkbookError: the file is no notebook; the message says why and what to do.
        OSError: it cannot be read.
    """
    return parse_notebook(path.read_bytes(), path.name)


def parse_notebook(content: bytes, name: str) -> Any:
    """The same of a file's content.

    Args:
        content: of the file.
        name: for the message.
    """
    import nbformat

    try:
        text = content.decode()
        if "nbformat" not in dict(json.loads(text)):
            raise ValueError("it does not say its format")
        notebook = nbformat.reads(text, as_version=4)
        nbformat.validate(notebook)
    # A library's reader fails in many ways on what is no notebook: all mean the same here.
    except Exception as error:
        raise WorkbookError(
            f"{name} is no notebook: {_reason(content, error)}. Restore it with git, or "
            "rebuild it with `make notebooks`."
        ) from None
    return notebook


def outputs_of_type(notebook: Mapping[str, Any], mime: str) -> Iterator[Any]:
    """The outputs of an executed notebook that have something of a MIME type, in order."""
    for cell in notebook["cells"]:
        yield from (out for out in cell.get("outputs", ()) if mime in out.get("data", ()))


def _reason(content: bytes, error: Exception) -> str:
    text = content.decode(errors="replace")
    if not text.strip():
        return "the file is empty"
    if _MERGE_MARK.search(text):
        return "it has the marks of a merge that was not finished (<<<<<<<)"
    if isinstance(error, UnicodeDecodeError):
        return "it is no text in UTF-8"
    return " ".join(str(error).split())[:200] or type(error).__name__
