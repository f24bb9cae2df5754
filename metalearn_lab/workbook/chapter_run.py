"""What became of one chapter of a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from metalearn_lab.workbook.chapters import Chapter


@dataclass
class ChapterRun:
    """What became of one chapter.

    Attributes:
        chapter: which.
        started: when, in local time with its offset.
        seconds: how long it took, in seconds.
        parameters: every parameter with the value it ran with.
        error: why it failed in one line; None if it did not.
        headlines: its results, see `metalearn_lab.workbook.headline`.
    """

    chapter: Chapter
    started: str
    seconds: float
    parameters: dict[str, Any]
    error: str | None = None
    headlines: list[dict[str, Any]] = field(default_factory=list)

    @property
    def status(self) -> str:
        """``ok`` or ``failed``."""
        return "ok" if self.error is None else "failed"
