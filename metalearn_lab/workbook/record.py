"""The record of one executed chapter: what ran, with what, and what came of it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from metalearn_lab.atomic_file import write_text
from metalearn_lab.workbook.errors import WorkbookError


@dataclass
class Record:
    """What became of one chapter with one choice of parameters.

    Attributes:
        key: of the chapter, its code, its parameters and the package's code; see `run_key`.
        chapter: the chapter's name, e.g. ``06_few_shot_text``.
        title: its heading.
        parameters: every parameter with the value it ran with.
        changed: those that were given.
        status: ``ok`` or ``failed``.
        error: why it failed, in one line; None if it did not.
        started: when, in local time with its offset.
        seconds: how long it took, in seconds.
        headlines: its results, each ``{"text", "values", "curves"}``; see `headline`.
        versions: of Python, this package and what it asks for.
        device: the best device that was available, in words.
        files: names of its web page and executed notebook; one that failed may lack them.
    """

    key: str
    chapter: str
    title: str
    parameters: dict[str, Any]
    changed: dict[str, Any]
    status: str
    error: str | None
    started: str
    seconds: float
    headlines: list[dict[str, Any]] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)
    device: str = ""
    files: list[str] = field(default_factory=list)

    def stands(self, folder: Path) -> bool:
        """Whether its run need not be made again: it went well, and its files are in the folder."""
        return self.status == "ok" and all((folder / file).is_file() for file in self.files)

    def to_json(self) -> str:
        """The record as JSON, for people too."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Record:
        """The record that `to_json` wrote.

        Raises:
            ValueError: the text is no record.
        """
        found = json.loads(text)
        names = {each.name for each in fields(cls)}
        if not isinstance(found, dict) or set(found) != names:
            raise ValueError(f"not a record with the fields {', '.join(sorted(names))}")
        return cls(**found)


def write_record(path: Path, record: Record) -> None:
    """Write a record; it is the last file of a run, because a run without one is not finished."""
    write_text(path, record.to_json())


def read_record(path: Path) -> Record:
    """Read a record.

    Raises:
        WorkbookError: the file is no record.
        OSError: it cannot be read, e.g. there is none.
    """
    try:
        return Record.from_json(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise WorkbookError(
            f"{path} is not the record of a run ({error}): delete it, and that chapter runs again"
        ) from None
