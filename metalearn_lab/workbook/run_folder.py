"""The folder that one run writes into."""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path

from metalearn_lab.workbook.errors import WorkbookError


def make_run_folder(out: Path | None, notebooks: Path) -> Path:
    """Make the folder of a run and see that it can be written, before anything runs.

    Args:
        out: the folder; None makes ``runs/<time>`` beside the folder of notebooks, and
            ``runs/<time>-2`` if another run began in that second.
        notebooks: the folder of notebooks.

    Raises:
        WorkbookError: it cannot be created or written.
    """
    runs = notebooks.parent / "runs"
    try:
        folder = _named_by_the_time(runs) if out is None else out
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        raise WorkbookError(
            f"cannot write into the output folder {out or runs}: {error.strerror}. "
            "Name another with --out."
        ) from None


def _named_by_the_time(runs: Path) -> Path:
    """A folder that nobody else has, even in the same second."""
    now = datetime.now().astimezone().strftime("%Y-%m-%dT%H-%M-%S")
    runs.mkdir(parents=True, exist_ok=True)
    folder, place = runs / now, 1
    while True:
        try:
            folder.mkdir()
        except FileExistsError:
            place += 1
            folder = runs / f"{now}-{place}"
        else:
            return folder
