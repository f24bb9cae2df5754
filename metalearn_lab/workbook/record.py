"""The record of one executed chapter: what ran, with what, and what came of it."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, get_origin, get_type_hints

from metalearn_lab.atomic_file import write_text
from metalearn_lab.workbook.errors import WorkbookError
from metalearn_lab.workbook.facts import check_facts, unexpected_facts
from metalearn_lab.workbook.headline import HALF_WIDTH, check_headlines
from metalearn_lab.workbook.json_numbers import NOT_FINITE, with_names

_BUILT_IN: dict[Any, type] = {dict: dict, list: list}
FILE_NAME = re.compile(r"\w[\w.-]*")
"""A name that stays in its folder, and in a link is no address of another kind."""


def check_file_name(name: object) -> None:
    """See that a name read from a file, which anybody may have written, stays in its folder.

    Raises:
        ValueError: it is no plain name.
    """
    if not isinstance(name, str) or not FILE_NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a file of a run")


@dataclass
class Record:
    """What became of one chapter with one choice of parameters.

    Attributes:
        key: of the chapter, its code, its parameters and the package's code; see `run_key`.
        chapter: the chapter's name, e.g. ``06_few_shot_text``.
        title: its heading.
        parameters: every parameter with the value it ran with.
        changed: those that were given.
        error: why it failed, in one line; None if it did not.
        started: when, in local time with its offset.
        seconds: how long it took, in seconds.
        headlines: its results, each ``{"text", "values", "curves"}``; see `headline`.
        facts: its claims, and whether they hold; see `collect_facts`.
        code: see `code_version`.
        versions: of Python, this package and what it asks for.
        device: the best device that was available, in words.
        files: names of its web page and executed notebook; one that failed may lack them.
    """

    key: str
    chapter: str
    title: str
    parameters: dict[str, Any]
    changed: dict[str, Any]
    error: str | None
    started: str
    seconds: float
    headlines: list[dict[str, Any]] = field(default_factory=list)
    facts: list[dict[str, Any]] = field(default_factory=list)
    code: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    device: str = ""
    files: list[str] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Whether it did not come to its end."""
        return self.error is not None

    @property
    def false_facts(self) -> list[dict[str, Any]]:
        """The facts that do not hold, but for those that say in how many runs they do."""
        return unexpected_facts(self.facts)

    @property
    def status(self) -> str:
        """``ok``, ``false facts`` or ``failed``."""
        return "failed" if self.failed else "false facts" if self.false_facts else "ok"

    @property
    def verdict(self) -> str:
        """The status in words: what failed, which facts are False, which results no numbers."""
        if self.failed:
            return f"failed: {self.error}"
        faults = [f"False: {fact['claim']}" for fact in self.false_facts]
        if self.not_finite:
            faults.append(f"not finite: {', '.join(self.not_finite)}")
        return f"ok, but {'; '.join(faults)}" if faults else "ok"

    @property
    def not_finite(self) -> list[str]:
        """Names of its headline values that are no finite number; an interval may be missing."""
        return [
            name
            for line in self.headlines
            for name, value in line["values"].items()
            if str(value) in NOT_FINITE and not name.endswith(HALF_WIDTH)
        ]

    def to_json(self) -> str:
        """The record as JSON, for people too; a number that JSON cannot hold is its name."""
        values = with_names(asdict(self))
        return json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Record:
        """The record that `to_json` wrote.

        Raises:
            ValueError: the text is no record.
        """
        values, kinds = json.loads(text), get_type_hints(cls)
        if not isinstance(values, dict) or values.keys() != kinds.keys():
            raise ValueError(f"not a record with the fields {', '.join(sorted(kinds))}")
        for name, kind in kinds.items():
            if not isinstance(values[name], _BUILT_IN.get(get_origin(kind), kind)):
                raise ValueError(f"its {name} is a {type(values[name]).__name__}")
        for name in (values["chapter"], *values["files"]):
            check_file_name(name)
        check_headlines(values["headlines"])
        check_facts(values["facts"])
        return cls(**values)


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
