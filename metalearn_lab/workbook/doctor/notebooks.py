"""The notebooks: whether all are there, and their folder can be written."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from metalearn_lab.workbook.chapters import CHAPTERS
from metalearn_lab.workbook.doctor.finding import Finding, fail, ok

NO_CLONE = "git clone the repository and run this inside it"


def notebooks(folder: Path) -> Finding:
    """Every chapter of the workbook in a folder where changes can be saved."""
    paths = {chapter.name: folder / f"{chapter.name}.ipynb" for chapter in CHAPTERS}
    if missing := [name for name, path in paths.items() if not path.is_file()]:
        return fail(
            "notebooks",
            f"{', '.join(missing)} not in {folder}",
            "git restore notebooks, or clone again",
        )
    if broken := [name for name, path in paths.items() if not _has_cells(path)]:
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
        notebook = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return False
    return isinstance(notebook, dict) and bool(notebook.get("cells"))
