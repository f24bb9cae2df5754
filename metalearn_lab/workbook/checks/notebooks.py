"""The notebooks: whether all are there, and their folder can be written."""

from __future__ import annotations

import tempfile
from pathlib import Path

from metalearn_lab.workbook.chapters import CHAPTERS
from metalearn_lab.workbook.checks.finding import Finding, fail, ok


def notebooks(folder: Path) -> Finding:
    """Every chapter of the workbook in a folder where changes can be saved."""
    missing = [each.name for each in CHAPTERS if not (folder / f"{each.name}.ipynb").is_file()]
    if missing:
        return fail(
            "notebooks",
            f"{', '.join(missing)} not in {folder}",
            "git restore notebooks, or clone again",
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
