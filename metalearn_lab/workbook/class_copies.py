"""`metalearn-lab student`: the chapters as copies for a class, made from their text sources."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from metalearn_lab.atomic_file import write_text
from metalearn_lab.workbook.chapters import Chapter
from metalearn_lab.workbook.colab import COLAB_SETUP, colab_address, colab_setup
from metalearn_lab.workbook.errors import WorkbookError
from metalearn_lab.workbook.kernel import KERNEL_METADATA
from metalearn_lab.workbook.normalise import normalise
from metalearn_lab.workbook.source import read_source, source_path
from metalearn_lab.workbook.views import COPIES, View, view_of


class Release(NamedTuple):
    """What a class runs on Colab, so that nothing changes under it.

    Attributes:
        repository: on GitHub, ``OWNER/REPO``; it holds the package and, in a folder, the copies.
        tag: that is installed, and that the links open.
    """

    repository: str
    tag: str


def release_of(text: str) -> Release:
    """The release that ``OWNER/REPO@TAG`` names.

    Raises:
        WorkbookError: the text has another form.
    """
    named = re.fullmatch(r"([\w.-]+/[\w.-]+)@([\w.-]+)", text)
    if named is None:
        raise WorkbookError(
            f"--colab takes a repository on GitHub and a tag of it, OWNER/REPO@TAG, not '{text}'"
        )
    return Release(named[1], named[2])


def write_copies(
    chapters: Sequence[Chapter], folder: Path, out: Path, release: Release | None = None
) -> dict[View, list[Path]]:
    """Write ``OUT/student/NAME.ipynb``, and the same for the other copies; none is executed.

    Every copy is made before the first is written, so that a mistake in a chapter leaves nothing.

    Args:
        chapters: which.
        folder: where the notebooks are, with their text sources in ``source``.
        out: a new or empty folder.
        release: what the copies install on Colab, and where their links lead, in which they stand
            in a folder of the name of ``out``; None leaves the line of the workbook.

    Returns:
        The notebooks written, of each view.

    Raises:
        WorkbookError: a text source is missing or malformed, or the folder holds something.
    """
    if out.exists() and any(out.iterdir()):
        raise WorkbookError(f"the folder {out} is not empty: name a new one for the copies")
    texts = {
        out / view / f"{chapter.name}.ipynb": _copy(chapter, folder, view, out.name, release)
        for view in COPIES
        for chapter in chapters
    }
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, text)
    return {view: [path for path in texts if path.parent.name == view] for view in COPIES}


def _copy(chapter: Chapter, folder: Path, view: View, home: str, release: Release | None) -> str:
    """The text of a chapter's notebook."""
    import nbformat

    source = read_source(source_path(folder / f"{chapter.name}.ipynb"))
    notebook: Any = view_of(source, view, chapter.name)
    if release is not None:
        _open_on_colab(notebook, release, f"{home}/{view}", f"{chapter.name}.ipynb")
    notebook["metadata"] = dict(KERNEL_METADATA)
    normalise(notebook)
    nbformat.validate(notebook)
    return f"{nbformat.writes(notebook)}\n"


def _open_on_colab(notebook: Any, release: Release, folder: str, name: str) -> None:
    """Let a copy install a release, begin with a link to itself, and lead to other copies."""
    for cell in notebook["cells"]:
        if cell["source"] == COLAB_SETUP:
            cell["source"] = colab_setup(*release)
        elif cell["cell_type"] == "markdown":
            cell["source"] = re.sub(
                r"\]\((\d\d_\w+\.ipynb)",
                lambda link: f"]({colab_address(*release, f'{folder}/{link[1]}')}",
                cell["source"],
            )
    address = colab_address(*release, f"{folder}/{name}")
    notebook["cells"][0]["source"] = f"[Open in Colab]({address}) " + notebook["cells"][0]["source"]
