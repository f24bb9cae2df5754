"""A folder of results: the one that the command line names, and one command at a time in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Hold a folder for as long as we write into it.

    The operating system lets go of the lock when its process ends, however that ends, so none is
    left over from a run that was killed; the empty file ``.lock`` stays and means nothing.

    Args:
        folder: an existing folder.

    Raises:
        WorkbookError: another process holds it.
    """
    from filelock import FileLock, Timeout

    try:
        lock = FileLock(folder / ".lock").acquire(timeout=0)
    except Timeout:
        raise WorkbookError(
            f"another command is writing into {folder}: wait until it has ended, or name another "
            "folder with --out"
        ) from None
    with lock:
        yield
