"""The notebooks: whether all are there, and their folder can be written."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from metalearn_lab.workbook.chapters import CHAPTERS
from metalearn_lab.workbook.doctor.finding import Finding, fail, ok


def notebooks(folder: Path) -> Finding:
    """Every chapter of the workbook in a folder where changes can be saved."""
    missing = [each.name for each in CHAPTERS if not (folder / f"{each.name}.ipynb").is_file()]
    if missing:
        return fail(
            "notebooks",
            f"{', '.join(missing)} not in {folder}",
            "git restore notebooks, or clone again",
        )
    if broken := [each.name for each in CHAPTERS if not _has_cells(folder / f"{each.name}.ipynb")]:
        return fail(
            "notebooks",
            f"{', '.join(broken)} in {folder} cannot be read as a notebook",
            "git restore notebooks, or clone again; save a copy first if you have worked in it",
        )
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        return fail(
            "notebooks",
            f"nothing can be saved in {folder}: {error.strerror}",
            "copy the clone to a folder of your own, such as your home folder, and go on there",
        )
    return ok("notebooks", f"all {len(CHAPTERS)} chapters in {folder}, which can be written")


def _has_cells(path: Path) -> bool:
    """Whether a file holds a notebook: one that is cut short or has merge marks holds none."""
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return False
    return isinstance(read, dict) and bool(read.get("cells"))
