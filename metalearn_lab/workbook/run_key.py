"""The key of a run: the same for the same chapter, code and parameters, and for nothing else.

The code has a short word of its own, which changes whenever the code does.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from packaging.version import Version

from metalearn_lab.workbook.errors import WorkbookError
from metalearn_lab.workbook.notebook_file import parse_notebook

PACKAGE = Path(__file__).resolve().parents[1]
SUFFIXES = frozenset({".py", ".c", ".js", ".css", ".json", ".csv", ".yml"})


def run_key(notebook: Path, parameters: Mapping[str, Any]) -> str:
    """Twelve hexadecimal digits that say which run this is; its name among finished ones.

    Args:
        notebook: the chapter's; its name and its code count, prose and outputs do not.
        parameters: all of them with the values to run with, in any order.
    """
    facts = [notebook.stem, code_of(notebook.read_bytes()), dict(parameters), code_version()]
    text = json.dumps(facts, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@lru_cache  # a grid has many points of one notebook
def code_of(notebook: bytes) -> str:
    """Twelve digits of a notebook's code; of all that is there, if it is no notebook."""
    try:
        cells = parse_notebook(notebook, "it")["cells"]
    except WorkbookError:
        return hashlib.sha256(notebook).hexdigest()[:12]
    code = [cell["source"] for cell in cells if cell["cell_type"] == "code"]
    return hashlib.sha256(json.dumps(code).encode()).hexdigest()[:12]


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
