"""Which code computed a result: one short word that changes whenever the code does."""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
from functools import cache
from pathlib import Path

from packaging.version import Version

PACKAGE = Path(__file__).resolve().parents[1]
SUFFIXES = frozenset({".py", ".c", ".js", ".css", ".json", ".csv", ".yml"})


@cache
def code_version() -> str:
    """Twelve hexadecimal digits of this package's files, torch's version and Python's.

    Whether torch was built for the CPU or for CUDA makes no difference: the version after the plus
    sign is left out, so that a laptop can hand work to machines with a GPU.
    """
    torch = Version(importlib.metadata.version("torch")).public
    return version_of(PACKAGE, f"torch {torch}, Python {platform.python_version()}")


def version_of(folder: Path, others: str) -> str:
    """Twelve hexadecimal digits of a package's files, by name and content, and of a text."""
    digest = hashlib.sha256(others.encode())
    for path in sorted(path for path in folder.rglob("*") if path.suffix in SUFFIXES):
        digest.update(f"\0{path.relative_to(folder).as_posix()}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:12]
