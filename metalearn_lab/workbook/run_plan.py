"""What a run's folder is for, so that the same command goes on in it and no other does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from metalearn_lab.atomic_file import remove_leftovers, write_text
from metalearn_lab.workbook.errors import WorkbookError
from metalearn_lab.workbook.record import Record, read_record

PLAN_FILE = "plan.json"
FOREIGN = ("table.csv", "index.html", "*.ipynb")


class Planned(NamedTuple):
    """One chapter of a run.

    Attributes:
        key: see `run_key`.
        parameters: all of them with the values to run with.
    """

    key: str
    parameters: dict[str, Any]


def begin_or_go_on(folder: Path, plan: Mapping[str, Planned]) -> dict[str, Record]:
    """Make the folder ours, or see that it is, and tidy up after a run that was killed.

    Args:
        folder: an existing folder that we hold; see `folder_lock`.
        plan: the chapters to run by name.

    Returns:
        The records of the chapters that have ended well, by name: they need not run again.

    Raises:
        WorkbookError: it holds another run, or notebooks or pages of nobody knows whom.
    """
    path = folder / PLAN_FILE
    if path.is_file():
        _compare(folder, _read(path), _parsed(_as_text(plan)))
    elif any(any(folder.glob(name)) for name in FOREIGN):
        raise WorkbookError(
            f"the folder {folder} already holds notebooks or pages that are no run's: name a new "
            "one with --out, or leave --out away to get one by the time"
        )
    else:
        write_text(path, _as_text(plan))
    remove_leftovers(folder)
    return _ended_well(folder, plan)


def record_path(folder: Path, chapter: str) -> Path:
    """Where the record of a chapter is."""
    return folder / f"{chapter}.json"


def _as_text(plan: Mapping[str, Planned]) -> str:
    facts = {name: planned._asdict() for name, planned in plan.items()}
    return json.dumps(facts, indent=2, ensure_ascii=False) + "\n"


def _parsed(text: str) -> dict[str, Planned]:
    plan = {name: Planned(**planned) for name, planned in json.loads(text).items()}
    if not all(isinstance(planned.parameters, dict) for planned in plan.values()):
        raise ValueError("parameters have names")
    return plan


def _read(path: Path) -> dict[str, Planned]:
    try:
        return _parsed(path.read_text(encoding="utf-8"))
    except (ValueError, TypeError, AttributeError):
        raise WorkbookError(
            f"{path} is not the plan of a run: name a new folder with --out"
        ) from None


def _compare(folder: Path, there: Mapping[str, Planned], plan: Mapping[str, Planned]) -> None:
    if difference := _difference(there, plan):
        raise WorkbookError(
            f"the folder {folder} holds a run {difference}. Give the command that began it, and it "
            "goes on where it was; or name a new folder with --out."
        )


def _difference(there: Mapping[str, Planned], plan: Mapping[str, Planned]) -> str | None:
    """In which way a run is another one; None if it is the same."""
    if set(there) != set(plan):
        return f"of other chapters ({', '.join(there)})"
    for name, planned in plan.items():
        other = there[name].parameters
        for each in sorted(set(other) | set(planned.parameters)):
            if other.get(each) != planned.parameters.get(each):
                return f"with other parameters ({name}: {each} = {other.get(each)!r})"
        if there[name].key != planned.key:
            return f"by another version of the package, of torch or of the notebook ({name})"
    return None


def _ended_well(folder: Path, plan: Mapping[str, Planned]) -> dict[str, Record]:
    found: dict[str, Record] = {}
    for name, planned in plan.items():
        path = record_path(folder, name)
        record = read_record(path) if path.is_file() else None
        if record is not None and record.key == planned.key and record.stands(folder):
            found[name] = record
    return found
