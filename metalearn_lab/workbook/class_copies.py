"""`metalearn-lab student`: the chapters as copies for a class, made from their text sources."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from metalearn_lab.atomic_file import write_text
from metalearn_lab.workbook.chapters import Chapter
from metalearn_lab.workbook.errors import WorkbookError
from metalearn_lab.workbook.kernel import KERNEL_METADATA
from metalearn_lab.workbook.normalise import normalise
from metalearn_lab.workbook.source import read_source, source_path
from metalearn_lab.workbook.views import COPIES, View, view_of


def write_copies(chapters: Sequence[Chapter], folder: Path, out: Path) -> dict[View, list[Path]]:
    """Write ``OUT/student/NAME.ipynb``, and the same for the other copies; none is executed.

    Every copy is made before the first is written, so that a mistake in a chapter leaves nothing.

    Args:
        chapters: which.
        folder: where the notebooks are, with their text sources in ``source``.
        out: a new or empty folder.

    Returns:
        The notebooks written, of each view.

    Raises:
        WorkbookError: a text source is missing or malformed, or the folder holds something.
    """
    if out.exists() and any(out.iterdir()):
        raise WorkbookError(f"the folder {out} is not empty: name a new one for the copies")
    texts = {
        out / view / f"{chapter.name}.ipynb": _copy(chapter, folder, view)
        for view in COPIES
        for chapter in chapters
    }
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, text)
    return {view: [path for path in texts if path.parent.name == view] for view in COPIES}


def _copy(chapter: Chapter, folder: Path, view: View) -> str:
    """The text of a chapter's notebook."""
    import nbformat

    source = read_source(source_path(folder / f"{chapter.name}.ipynb"))
    notebook: Any = view_of(source, view, chapter.name)
    notebook["metadata"] = dict(KERNEL_METADATA)
    normalise(notebook)
    nbformat.validate(notebook)
    return f"{nbformat.writes(notebook)}\n"
