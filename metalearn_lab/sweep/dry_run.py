"""What a run or a sweep would do, and about how long it would take."""

from __future__ import annotations

from collections.abc import Sequence

from metalearn_lab.sweep.counted import counted
from metalearn_lab.sweep.points import Point
from metalearn_lab.workbook.doctor.speed import chapter_times


def dry_run(points: Sequence[Point], workers: int) -> str:
    """The points, one a line, and the sum of their times on the machine of the committed table.

    Args:
        points: of the run or the sweep.
        workers: how many run at a time.
    """
    seconds = {time.chapter: time.seconds for time in chapter_times()}
    times = [seconds.get(f"{point.chapter.number:02d}") for point in points]
    lines = [
        f"{point.words}: " + ("time unknown" if time is None else f"about {time:.0f} s")
        for point, time in zip(points, times, strict=True)
    ]
    minutes = sum(time or 0 for time in times) / max(1, min(workers, len(points))) / 60
    return "\n".join(
        [
            *lines,
            f"{counted(len(points), 'point')}, about {minutes:.0f} min with "
            f"{counted(workers, 'worker')}, at the chapters' own parameters on a laptop with two "
            "cores; nothing was run",
        ]
    )
