"""What one check of a machine found, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


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


def ok(subject: str, found: str) -> Finding:
    """All is well."""
    return Finding(State.OK, subject, found)


def warn(subject: str, found: str, to_do: str) -> Finding:
    """The workbook runs, but something will be slow, missing or surprising."""
    return Finding(State.WARN, subject, found, to_do)


def fail(subject: str, found: str, to_do: str) -> Finding:
    """The workbook, or a part of every class, does not run."""
    return Finding(State.FAIL, subject, found, to_do)
