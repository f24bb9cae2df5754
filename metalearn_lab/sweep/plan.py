"""What a run or a sweep is to run, kept in its folder: a report says how much of it is done."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from metalearn_lab.atomic_file import write_text
from metalearn_lab.sweep.points import Point
from metalearn_lab.workbook.errors import WorkbookError
from metalearn_lab.workbook.record import check_file_name

PLAN = "plan.json"


class PlannedRun(NamedTuple):
    """One point of a sweep.

    Attributes:
        name: of its folder.
        chapter: the chapter's name.
        title: its heading.
        parameters: all of them with the values to run with.
        changed: names of those that the sweep file gives.
    """

    name: str
    chapter: str
    title: str
    parameters: dict[str, Any]
    changed: list[str]


def write_plan(folder: Path, points: Sequence[Point]) -> None:
    """Keep the points of a sweep in their order, in the place of an earlier plan."""
    runs = [
        PlannedRun(p.name, p.chapter.name, p.chapter.title, p.parameters, list(p.changed))
        for p in points
    ]
    facts = [run._asdict() for run in runs]
    write_text(folder / PLAN, json.dumps(facts, indent=1, ensure_ascii=False) + "\n")


def read_plan(folder: Path) -> list[PlannedRun]:
    """The runs that a sweep consists of, in the order of its file.

    Raises:
        WorkbookError: the folder is not that of a sweep.
    """
    path = folder / PLAN
    try:
        return [_planned(facts) for facts in json.loads(path.read_text(encoding="utf-8"))]
    except FileNotFoundError:
        raise WorkbookError(
            f"{folder} is not the folder of a run or a sweep: it has no {PLAN}. Name the folder "
            "that was given to `metalearn-lab run` or `sweep` as --out"
        ) from None
    except (ValueError, TypeError) as error:
        raise WorkbookError(
            f"{path} is damaged ({error}): give the same command again, and it is written anew"
        ) from None


def _planned(facts: Any) -> PlannedRun:
    """One run of a plan, of which anybody may have written the file."""
    run = PlannedRun(**facts)
    check_file_name(run.name)
    check_file_name(run.chapter)
    if not isinstance(run.parameters, dict) or not set(run.changed) <= set(run.parameters):
        raise ValueError(f"the parameters of {run.name} are not those of a run")
    return run
