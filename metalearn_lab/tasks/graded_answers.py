"""Five questions with nine answers each, three of each grade 0, 1 and 2; graded by one person.

Questions, answers and grades are made up for this workbook: they show how a grader of few examples
is built, and say nothing about how well one does.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

GRADED_ANSWERS = Path(__file__).parent / "graded_answers.csv"
"""Columns ``question``, ``grade`` and ``answer``."""

GRADES = 3


class GradedAnswer(NamedTuple):
    """One answer.

    Attributes:
        question: what was asked.
        grade: 0 (wrong), 1 (in part) or 2 (right and complete).
        answer: what was written.
    """

    question: str
    grade: int
    answer: str


def graded_answers() -> list[GradedAnswer]:
    """All 45 answers, question after question."""
    with GRADED_ANSWERS.open(encoding="utf-8", newline="") as file:
        return [
            GradedAnswer(row["question"], int(row["grade"]), row["answer"])
            for row in csv.DictReader(file)
        ]
