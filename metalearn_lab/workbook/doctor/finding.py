"""What one check of a machine found, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import partial


class State(Enum):
    """How it stands: fine, usable with a drawback, or in the way of the workbook."""

    OK = "ok"
    WARN = "warn"
    FAIL = "FAIL"


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Attributes:
        state: how it stands.
        subject: what was looked at, in a word or two.
        found: what is there.
        to_do: what to do about it; empty where nothing is to be done.
    """

    state: State
    subject: str
    found: str
    to_do: str = ""

    def __str__(self) -> str:
        advice = f"\n{'':21}-> {self.to_do}" if self.to_do else ""
        return f"{self.state.value:<5} {self.subject:<14} {self.found}{advice}"


ok = partial(Finding, State.OK)
"""All is well: takes subject and found."""
warn = partial(Finding, State.WARN)
"""The workbook runs, but something will be slow, missing or surprising: takes what to do, too."""
fail = partial(Finding, State.FAIL)
"""The workbook, or a part of every class, does not run: takes what to do, too."""
