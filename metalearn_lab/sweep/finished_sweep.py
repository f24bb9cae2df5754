"""What is there of a sweep: its runs by chapter, with their records."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metalearn_lab.sweep.results import headline_columns, taken_names
from metalearn_lab.sweep.run_folder import RECORD, PlannedRun, read_plan
from metalearn_lab.workbook.headline import HALF_WIDTH
from metalearn_lab.workbook.record import Record, read_record


@dataclass(frozen=True)
class EndedRun:
    """A run of a sweep that has ended.

    Attributes:
        planned: what was to run.
        record: what became of it.
        columns: its headline values, see `headline_columns`.
    """

    planned: PlannedRun
    record: Record
    columns: dict[str, Any]


@dataclass(frozen=True)
class ChapterRuns:
    """The runs of one chapter.

    Attributes:
        planned: all of them.
        ended: those that have ended, in the order of the plan.
    """

    planned: list[PlannedRun]
    ended: list[EndedRun]

    @property
    def name(self) -> str:
        """The chapter's name."""
        return self.planned[0].chapter

    @property
    def title(self) -> str:
        """The chapter's number and heading."""
        return f"{self.name.partition('_')[0]} {self.planned[0].title}"

    @property
    def good(self) -> list[EndedRun]:
        """The runs that did not fail."""
        return [run for run in self.ended if not run.record.failed]

    @property
    def varied(self) -> list[str]:
        """The parameters that differ between its runs."""
        return [name for name in self.planned[0].parameters if len(self.values_of(name)) > 1]

    @property
    def fixed(self) -> dict[str, Any]:
        """The other parameters, with the value of all runs."""
        parameters = self.planned[0].parameters
        return {name: parameters[name] for name in parameters if name not in self.varied}

    @property
    def results(self) -> list[str]:
        """The headline values of its runs by name, without those that only repeat a parameter."""
        names = dict.fromkeys(name for run in self.good for name in run.columns)
        half_widths = {name + HALF_WIDTH for name in names}
        parameters = self.planned[0].parameters
        repeats = {*parameters, *(f"headline_{name}" for name in parameters)}
        return [name for name in names if name not in half_widths | repeats]

    def values_of(self, parameter: str) -> list[Any]:
        """The different values of a parameter: numbers in their order, others as they come."""
        given = [run.parameters[parameter] for run in self.planned]
        values = list({json.dumps(value): value for value in given}.values())
        return sorted(values) if all(isinstance(value, int | float) for value in values) else values


@dataclass(frozen=True)
class FinishedSweep:
    """A sweep, or as much as there is of it.

    Attributes:
        planned: its runs.
        chapters: the same by chapter.
    """

    planned: list[PlannedRun]
    chapters: list[ChapterRuns]

    @property
    def ended(self) -> list[EndedRun]:
        """The runs that have ended."""
        return [run for chapter in self.chapters for run in chapter.ended]

    @property
    def failed(self) -> list[EndedRun]:
        """The runs that failed."""
        return [run for run in self.ended if run.record.failed]


def read_sweep(folder: Path) -> FinishedSweep:
    """Read the plan and the records of a sweep.

    Raises:
        WorkbookError: the folder is not that of a sweep, or a record is damaged.
    """
    plan = read_plan(folder)
    taken = taken_names(plan)
    chapters: dict[str, ChapterRuns] = {}
    for planned in plan:
        chapter = chapters.setdefault(planned.chapter, ChapterRuns([], []))
        chapter.planned.append(planned)
        with suppress(FileNotFoundError):
            record = read_record(folder / "runs" / planned.name / RECORD)
            chapter.ended.append(EndedRun(planned, record, headline_columns(record, taken)))
    return FinishedSweep(plan, list(chapters.values()))
