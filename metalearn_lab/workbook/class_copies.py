"""`metalearn-lab student`: the chapters as copies for a class, made from their text sources."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from metalearn_lab.atomic_file import write_text
from metalearn_lab.workbook.chapters import CHAPTER_LINK, Chapter
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
    if release is not None and not re.fullmatch(r"[\w.-]+", out.resolve().name):
        raise WorkbookError(
            f"the copies are linked by the folder's name, and '{out.resolve().name}' holds what "
            "has no place in a link: use letters, digits, - and _"
        )
    notebooks = {
        out / view / f"{chapter.name}.ipynb": _copy(chapter, folder, view)
        for view in COPIES
        for chapter in chapters
    }
    if release is not None:
        copied = [f"{chapter.name}.ipynb" for chapter in chapters]
        for path, notebook in notebooks.items():
            home = f"{out.resolve().name}/{path.parent.name}"
            _open_on_colab(notebook, release, home, path.name, copied)
    texts = {path: _text(notebook) for path, notebook in notebooks.items()}
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, text)
    return {view: [path for path in texts if path.parent.name == view] for view in COPIES}


def _copy(chapter: Chapter, folder: Path, view: View) -> Any:
    """A chapter's notebook for such a reader."""
    source = read_source(source_path(folder / f"{chapter.name}.ipynb"))
    notebook: Any = view_of(source, view, chapter.name)
    notebook["metadata"] = dict(KERNEL_METADATA)
    return notebook


def _text(notebook: Any) -> str:
    import nbformat

    normalise(notebook)
    nbformat.validate(notebook)
    return f"{nbformat.writes(notebook)}\n"


def _open_on_colab(
    notebook: Any, release: Release, home: str, name: str, copied: Collection[str]
) -> None:
    """Let a copy install a release, begin with a link to itself, and lead to the other copies.

    A link to a chapter that was not copied becomes its words.
    """

    def renewed(link: re.Match[str]) -> str:
        if link["name"] not in copied:
            return link["text"]
        address = colab_address(*release, f"{home}/{link['name']}")
        return f"[{link['text']}]({address}{link['anchor']})"

    for cell in notebook["cells"]:
        if cell["source"] == COLAB_SETUP:
            cell["source"] = colab_setup(*release)
        elif cell["cell_type"] == "markdown":
            cell["source"] = CHAPTER_LINK.sub(renewed, cell["source"])
    address = colab_address(*release, f"{home}/{name}")
    notebook["cells"][0]["source"] = f"[Open in Colab]({address}) " + notebook["cells"][0]["source"]
