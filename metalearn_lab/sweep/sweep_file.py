"""A sweep file: which chapters to run, and which values of their parameters to try.

It is a YAML list. Each entry names a chapter, as for `metalearn-lab run`, and gives parameters one
value or a list of values; the grid is their product::

    - chapter: 0
      parameters:
        iterations: 500
        seed: [0, 1, 2]
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from metalearn_lab.sweep.strict_yaml import load_yaml
from metalearn_lab.workbook.chapters import CHAPTERS, Chapter, select
from metalearn_lab.workbook.errors import WorkbookError

FORM = "a sweep file is a list of entries such as\n  - chapter: 0\n    parameters: {seed: [0, 1]}"


class Entry(NamedTuple):
    """One entry of a sweep file.

    Attributes:
        chapter: which.
        grid: the values to try of each parameter, as they stand in the file, in its order.
    """

    chapter: Chapter
    grid: dict[str, list[Any]]


def read_sweep_file(path: Path, chapters: Sequence[Chapter] = CHAPTERS) -> list[Entry]:
    """The entries of a sweep file, in its order.

    Raises:
        WorkbookError: the file cannot be read or is no such list, or an entry names no chapter or
            has no value for a parameter; the message says which entry.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text in UTF-8"
        raise WorkbookError(f"cannot read the sweep file {path}: {reason}") from None
    entries = load_yaml(text, str(path))
    if not isinstance(entries, list) or not entries:
        content = f"a {type(entries).__name__}, not a list" if entries else "nothing"
        raise WorkbookError(f"{path} holds {content}, but {FORM}")
    return [
        Entry(chapter, grid)
        for i, entry in enumerate(entries, 1)
        for chapter, grid in _entry(entry, f"{path}, entry {i}", chapters)
    ]


def _entry(
    entry: Any, place: str, chapters: Sequence[Chapter]
) -> Iterator[tuple[Chapter, dict[str, list[Any]]]]:
    """Each chapter that an entry names, with its grid."""
    if not isinstance(entry, dict) or "chapter" not in entry:
        raise WorkbookError(f"{place} does not name a chapter; {FORM}")
    if unknown := [name for name in entry if name not in ("chapter", "parameters")]:
        raise WorkbookError(
            f"{place}: '{unknown[0]}' means nothing here; an entry has `chapter` and `parameters`"
        )
    try:
        named = select([str(entry["chapter"])], chapters)
    except WorkbookError as error:
        raise WorkbookError(f"{place}: {error}") from None
    for chapter in named:
        yield chapter, _grid(entry.get("parameters"), place)


def _grid(parameters: Any, place: str) -> dict[str, list[Any]]:
    """The values of each parameter; one value is a list of one."""
    if parameters is None:
        return {}
    if not isinstance(parameters, dict):
        raise WorkbookError(
            f"{place}: `parameters` names parameters with their values, e.g. "
            f"{{seed: [0, 1]}}, and is not {parameters!r}"
        )
    grid = {
        name: values if isinstance(values, list) else [values]
        for name, values in parameters.items()
    }
    if empty := [name for name, values in grid.items() if not values]:
        raise WorkbookError(
            f"{place}: the list of values of '{empty[0]}' is empty, so there is nothing to run; "
            "give a value, or leave the parameter out to keep the chapter's own"
        )
    return grid
