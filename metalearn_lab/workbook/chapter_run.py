"""What became of one chapter of a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from metalearn_lab.workbook.chapters import Chapter


@dataclass
class ChapterRun:
    """What became of one chapter.

    Attributes:
        chapter: which.
        notebook: where the executed notebook is, with its web page beside it.
        started: when, in local time with its offset.
        seconds: how long it took, in seconds.
        parameters: every parameter with the value it ran with.
        error: why it failed in one line; None if it did not.
        headlines: its results, see `metalearn_lab.workbook.headline`.
    """

    chapter: Chapter
    notebook: Path
    started: str
    seconds: float
    parameters: dict[str, Any]
    error: str | None = None
    headlines: list[dict[str, Any]] = field(default_factory=list)

    @property
    def files(self) -> tuple[Path, Path]:
        """The web page and the executed notebook; a chapter that failed may lack them."""
        return self.notebook.with_suffix(".html"), self.notebook

    @property
    def status(self) -> str:
        """``ok`` or ``failed``."""
        return "ok" if self.error is None else "failed"
