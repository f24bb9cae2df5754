"""The points of a run or a sweep: each one chapter with one choice of its parameters."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from metalearn_lab.sweep.sweep_file import Entry
from metalearn_lab.workbook.chapters import Chapter
from metalearn_lab.workbook.errors import WorkbookError
from metalearn_lab.workbook.folder import notebook_path, notebook_paths
from metalearn_lab.workbook.parameters import (
    Parameter,
    assign,
    defaults,
    listing,
    parameters_if_readable,
    parameters_of,
    typed_value,
)
from metalearn_lab.workbook.run_key import run_key

SEED = "seed"
"""The parameter that sets repetitions of one setting apart."""
CLASS_SPLITS = ("split_seed", "class_split")
"""Parameters that say which class-disjoint split is drawn."""


@dataclass(frozen=True)
class Point:
    """One run of a sweep.

    Attributes:
        chapter: which.
        notebook: where it is.
        parameters: all of them with the values to run with.
        changed: those that the sweep file gives.
        key: see `run_key`.
        help: what the chapter says of each parameter.
    """

    chapter: Chapter
    notebook: Path
    parameters: dict[str, Any]
    changed: dict[str, Any]
    key: str
    help: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Name of its folder."""
        return f"{self.chapter.name}-{self.key}"

    @property
    def words(self) -> str:
        """The point for a reader: its chapter and what was given."""
        given = (f"{name}={value}" for name, value in self.changed.items())
        return " ".join([self.chapter.name, *given])


def points_of_run(
    chapters: Sequence[Chapter], given: Sequence[tuple[str, str]], folder: Path
) -> list[Point]:
    """One point a chapter.

    Args:
        chapters: in their order.
        given: parameters as typed on the command line; each goes to the chapters that have it.
        folder: where the notebooks are.

    Raises:
        WorkbookError: a missing notebook, or a parameter that none of the chapters has, that is
            given twice or that is not of its type.
    """
    paths = notebook_paths(chapters, folder)
    known = {chapter: parameters_if_readable(path) for chapter, path in paths.items()}
    try:
        changed = assign(given, known)
    except WorkbookError:
        for path in paths.values():
            parameters_of(path)  # one that cannot be read is the better reason
        raise
    return [
        _point(chapter, path, known[chapter], changed[chapter]) for chapter, path in paths.items()
    ]


def points_of_seeds(chapters: Sequence[Chapter], seeds: int, folder: Path) -> list[Point]:
    """Each chapter with seed 0, 1, …, and with as many class splits where it draws classes.

    A chapter without a seed has one point: it trains nothing, or reads saved tables.

    Args:
        chapters: in their order.
        seeds: how many.
        folder: where the notebooks are.

    Raises:
        WorkbookError: a notebook is missing or is none.
    """
    points: list[Point] = []
    for chapter, path in notebook_paths(chapters, folder).items():
        known = parameters_of(path)
        drawn = [name for name in (SEED, *CLASS_SPLITS) if name in known]
        points += [
            _point(chapter, path, known, dict.fromkeys(drawn, seed))
            for seed in range(seeds if drawn else 1)
        ]
    return points


def grid_points(entries: Sequence[Entry], folder: Path) -> list[Point]:
    """The points of each entry, the last parameter changing fastest.

    Args:
        entries: of a sweep file.
        folder: where the notebooks are.

    Raises:
        WorkbookError: a missing notebook, a parameter that the chapter does not have, a value that
            is not of its type, or a point that is there twice.
    """
    points: dict[str, Point] = {}
    for entry in entries:
        for point in _points(entry, notebook_path(entry.chapter, folder)):
            if point.key in points:
                raise WorkbookError(
                    f"the sweep has '{point.words}' twice; each point runs once, so take the "
                    "second away"
                )
            points[point.key] = point
    return list(points.values())


def _points(entry: Entry, notebook: Path) -> Iterator[Point]:
    chapter, known = entry.chapter, parameters_of(notebook)
    if unknown := [name for name in entry.grid if name not in known]:
        raise WorkbookError(
            f"chapter {chapter.name} has no parameter '{unknown[0]}'.\n{listing({chapter: known})}"
        )
    try:
        axes = {
            name: [typed_value(value, known[name]) for value in values]
            for name, values in entry.grid.items()
        }
    except WorkbookError as error:
        raise WorkbookError(f"chapter {chapter.name}: {error}") from None
    for values in itertools.product(*axes.values()):
        yield _point(chapter, notebook, known, dict(zip(axes, values, strict=True)))


def _point(
    chapter: Chapter, notebook: Path, known: Mapping[str, Parameter], changed: dict[str, Any]
) -> Point:
    parameters = defaults(known) | changed
    return Point(
        chapter,
        notebook,
        parameters,
        changed,
        key=run_key(notebook, parameters),
        help={name: parameter.help for name, parameter in known.items()},
    )
