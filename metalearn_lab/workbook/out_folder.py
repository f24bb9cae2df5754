"""A folder as it is named on the command line: written exactly there, or refused."""

from __future__ import annotations

from pathlib import Path

from metalearn_lab.workbook.errors import WorkbookError


def out_folder(text: str) -> Path:
    """The folder that is meant.

    Raises:
        WorkbookError: the name is empty, begins with a ~ that the shell has left, or is no text.
    """
    if not text:
        raise WorkbookError("the name of a folder is empty: name one, or `.` for the current one")
    if text.split("/")[0] == "~":
        raise WorkbookError(f"{text} would be a folder called `~` here: write out your home folder")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise WorkbookError(f"the name of the folder {text!a} is no text in UTF-8") from None
    return Path(text)
