"""Writing a file so that a reader sees the old one or the new one, never half of one."""

from __future__ import annotations

import glob
import os
from pathlib import Path


def write_text(path: Path, text: str) -> None:
    """Write the whole text beside the file, then put it in the file's place."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write the whole content beside the file, then put it in the file's place.

    It is on the disk before it takes that place, so that a loss of power leaves no empty file.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def remove_leftovers(folder: Path, name: str | None = None) -> None:
    """Remove what a killed process left of the file of this name, or of any, in a folder.

    Nobody else may write there now.
    """
    for path in folder.glob(f".{'*' if name is None else glob.escape(name)}.*.tmp"):
        if path.name.removesuffix(".tmp").rpartition(".")[2].isdigit():
            path.unlink()
