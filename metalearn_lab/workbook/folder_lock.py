"""One command at a time in a folder of results."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from metalearn_lab.workbook.errors import WorkbookError

LOCK_FILE = ".lock"


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

    lock = FileLock(folder / LOCK_FILE)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise WorkbookError(
            f"another command is writing into {folder}: wait until it has ended, or name another "
            "folder with --out"
        ) from None
    try:
        yield
    finally:
        lock.release()
