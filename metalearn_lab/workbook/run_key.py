"""The key of a run: the same for the same chapter, code and parameters, and for nothing else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from metalearn_lab.workbook.code_version import code_version
from metalearn_lab.workbook.errors import WorkbookError
from metalearn_lab.workbook.notebook_file import parse_notebook


def run_key(notebook: Path, parameters: Mapping[str, Any]) -> str:
    """Twelve hexadecimal digits that say which run this is; its name among finished ones.

    Args:
        notebook: the chapter's; its name and its code count, prose and outputs do not.
        parameters: all of them with the values to run with, in any order.
    """
    facts = [notebook.stem, _code(notebook.read_bytes()), dict(parameters), code_version()]
    text = json.dumps(facts, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@lru_cache  # a grid has many points of one notebook
def _code(notebook: bytes) -> str:
    """Of a notebook's code; of all that is there, if it is no notebook."""
    try:
        cells = parse_notebook(notebook, "it")["cells"]
    except WorkbookError:
        return hashlib.sha256(notebook).hexdigest()
    code = [cell["source"] for cell in cells if cell["cell_type"] == "code"]
    return hashlib.sha256(json.dumps(code).encode()).hexdigest()
