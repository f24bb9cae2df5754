"""The folder that one run writes into."""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path

from metalearn_lab.workbook.errors import WorkbookError

MARKS_OF_A_RUN = ("summary.json", "table.csv", "index.html", "*.ipynb")


def new_run_folder(notebooks: Path) -> Path:
    """``runs/<time>`` beside the folder of notebooks; nothing is created."""
    now = datetime.now().astimezone()
    return notebooks.parent / "runs" / now.strftime("%Y-%m-%dT%H-%M-%S")


def prepare_run_folder(out: Path) -> None:
    """Create the folder and see that it can be written, before anything runs.

    Raises:
        WorkbookError: it holds a run already, or cannot be created or written.
    """
    if out.is_dir() and any(any(out.glob(mark)) for mark in MARKS_OF_A_RUN):
        raise WorkbookError(
            f"the output folder {out} already holds notebooks or a run: name a new one with --out, "
            "or leave --out away to get one by the time"
        )
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise WorkbookError(
            f"cannot write into the output folder {out}: {error.strerror}. Name another with --out."
        ) from None
