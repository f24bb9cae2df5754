"""What a run or a sweep says before and while it runs: its plan, a line a point, the time left."""

from __future__ import annotations

import time
from collections.abc import Sequence

from tqdm import tqdm

from metalearn_lab.sweep.counted import counted
from metalearn_lab.sweep.points import Point
from metalearn_lab.workbook.doctor.speed import chapter_times
from metalearn_lab.workbook.record import Record


def plan_in_words(points: Sequence[Point], workers: int) -> str:
    """The points, one a line, and the sum of their times on the machine of the committed table.

    Args:
        points: of the run or the sweep.
        workers: how many run at a time.
    """
    seconds_of = {row.chapter: row.seconds for row in chapter_times()}
    seconds = [seconds_of.get(f"{point.chapter.number:02d}") for point in points]
    lines = [
        f"{point.words}: " + ("time unknown" if number is None else f"about {number:.0f} s")
        for point, number in zip(points, seconds, strict=True)
    ]
    minutes = sum(number or 0 for number in seconds) / max(1, min(workers, len(points))) / 60
    total = (
        f"{counted(len(points), 'point')}, about {minutes:.0f} min with "
        f"{counted(workers, 'worker')}, at the chapters' own parameters on a laptop with two "
        "cores; nothing was run"
    )
    return "\n".join([*lines, total])


class Progress:
    """The points of a run or a sweep, and the records of those that have ended.

    Attributes:
        points: all of them.
        records: by key; when it begins, those that are in the folder.
        waiting_points: the points that are not there or failed.
        kept_count: how many are there already.
        ran_count: how many ended since.
    """

    def __init__(self, points: Sequence[Point], records: dict[str, Record]) -> None:
        self.points, self.records = points, records
        self.waiting_points = [p for p in points if p.key not in records or records[p.key].failed]
        self.kept_count, self.ran_count = len(points) - len(self.waiting_points), 0
        self._start_seconds = time.monotonic()

    @property
    def seconds(self) -> float:
        """Since it began."""
        return time.monotonic() - self._start_seconds

    @property
    def ended_records(self) -> list[Record]:
        """The records that are there, in the order of the points."""
        return [self.records[point.key] for point in self.points if point.key in self.records]

    @property
    def failed_count(self) -> int:
        """How many of them failed."""
        return sum(record.failed for record in self.ended_records)

    @property
    def false_fact_count(self) -> int:
        """How many facts do not hold in them, see `Record.false_facts`."""
        return sum(len(record.false_facts) for record in self.ended_records)

    def first_line(self) -> str:
        """The first line."""
        return f"{counted(len(self.points), 'point')}, {self.kept_count} there already"

    def count_run(self, point: Point, record: Record) -> str:
        """Count a run that has ended; its line."""
        self.records[point.key] = record
        self.ran_count += 1
        number = f"[{self.kept_count + self.ran_count}/{len(self.points)}]"
        line = f"{number} {point.words}: {record.verdict} ({record.seconds:.1f} s)"
        if left := len(self.waiting_points) - self.ran_count:
            line += f", about {tqdm.format_interval(self.seconds / self.ran_count * left)} left"
        return line

    def total_line(self) -> str:
        """The last line."""
        return (
            f"{counted(len(self.points), 'point')}: {self.ran_count} ran in {self.seconds:.1f} s, "
            f"{self.kept_count} there already, {self.failed_count} failed"
            + (f"; {counted(self.false_fact_count, 'fact')} False" if self.false_fact_count else "")
        )
