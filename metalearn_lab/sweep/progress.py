"""What a sweep says while it runs: one line a run, with a running total and the time left."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from metalearn_lab.sweep.counted import counted
from metalearn_lab.sweep.grid import Point
from metalearn_lab.workbook.record import Record


@dataclass
class Progress:
    """Counts the runs of a sweep.

    Attributes:
        points: how many the sweep has.
        kept: how many were there already when it began.
        ran: how many ended since.
        failed: how many of those failed.
    """

    points: int
    kept: int
    ran: int = 0
    failed: int = 0
    begin: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """Since the sweep began."""
        return time.monotonic() - self.begin

    def first(self) -> str:
        """The first line."""
        return f"{counted(self.points, 'point')}, {self.kept} there already"

    def line(self, point: Point, record: Record) -> str:
        """Count a run that has ended; its line."""
        self.ran += 1
        self.failed += record.status == "failed"
        became = f"failed: {record.error}" if record.error else _ended_well(record)
        place = f"[{self.kept + self.ran}/{self.points}]"
        return f"{place} {point.words}: {became} ({record.seconds:.1f} s){self._left()}"

    def _left(self) -> str:
        from tqdm import tqdm

        left = self.points - self.kept - self.ran
        if not left:
            return ""
        return f", about {tqdm.format_interval(self.seconds / self.ran * left)} left"

    def total(self) -> str:
        """The last line."""
        return (
            f"{counted(self.points, 'point')}: {self.ran} ran in {self.seconds:.1f} s, "
            f"{self.kept} there already, {self.failed} failed"
        )


def _ended_well(record: Record) -> str:
    names = ", ".join(record.not_finite)
    return f"ok, but not finite: {names}" if names else "ok"
