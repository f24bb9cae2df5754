"""Where the notebooks are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from metalearn_lab.workbook.chapters import CHAPTERS, Chapter, select
from metalearn_lab.workbook.errors import WorkbookError


def notebooks_folder(start: Path | None = None) -> Path:
    """The folder of notebooks of the clone that we are in, or that the package runs from.

    Args:
        start: where to look first, and then in each folder above it; default: the current folder.

    Raises:
        WorkbookError: there is none, because the package was installed without a clone.
    """
    here = (start or Path.cwd()).resolve()
    package = Path(__file__).resolve().parents[2]
    for parent in (here, *here.parents, package):
        for folder in (parent, parent / "notebooks"):
            if (folder / f"{CHAPTERS[0].name}.ipynb").is_file():
                return folder
    raise WorkbookError(
        f"no notebooks in {here} or above it. They come with a clone of the repository, not with "
        "the installed package: clone it, and run this command inside the clone."
    )


def chosen_chapters(names: Sequence[str]) -> tuple[Chapter, ...]:
    """The chapters that a command names, see `select`.

    Raises:
        WorkbookError: a name is no chapter's, or the path of another notebook, in whose place the
            chapter's own would run.
    """
    for path in map(Path, names):
        if path.parent != Path() and path.resolve().parent != notebooks_folder().resolve():
            raise WorkbookError(
                f"{path} lies not among the notebooks of {notebooks_folder()}, whose own would "
                "run: give the chapter's number, or run another notebook by papermill"
            )
    return select(names)


def notebook_path(chapter: Chapter, folder: Path) -> Path:
    """The chapter's notebook.

    Raises:
        WorkbookError: the file is missing.
    """
    path = folder / f"{chapter.name}.ipynb"
    if not path.is_file():
        raise WorkbookError(
            f"chapter {chapter.name} has no notebook in {folder}: rebuild it with "
            f"`make notebooks CHAPTERS={chapter.number:02d}`, or restore it with git."
        )
    return path


def notebook_paths(chapters: Sequence[Chapter], folder: Path) -> dict[Chapter, Path]:
    """The notebooks of these chapters, in their order; see `notebook_path`."""
    return {chapter: notebook_path(chapter, folder) for chapter in chapters}
