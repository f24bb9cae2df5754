"""A reader's own sentences in parquet files, for chapter 06."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

VERBS = ("open", "close", "find", "sell", "clean", "paint")
OF_OWN_TEXT: dict[str, Any] = {
    "source": "files",
    "ways": 3,
    "queries": 2,
    "iterations": 5,
    "test_episodes": 10,
}
"""The chapter's parameters for sentences so few; ``path`` is the folder of the files."""


def write_split(folder: Path, split: str, things: Iterable[str]) -> None:
    """One parquet file: a class for each thing, and six sentences about it."""
    from datasets import Dataset

    rows = [(f"please {verb} the {thing}", f"about {thing}") for thing in things for verb in VERBS]
    texts, intents = zip(*rows, strict=True)
    folder.mkdir(exist_ok=True)
    data = Dataset.from_dict({"text": list(texts), "intent": list(intents)})
    data.to_parquet(folder / f"{split}.parquet")


def write_class_split(folder: Path) -> None:
    """Three files that share no class: 7 to train on, 4 to validate, 5 to test."""
    write_split(folder, "train", things(0, 7))
    write_split(folder, "validation", things(7, 11))
    write_split(folder, "test", things(11, 16))


def things(first: int, last: int) -> list[str]:
    """Their names, in the order of the alphabet."""
    return [f"thing{number:02d}" for number in range(first, last)]


def class_counts(printed: str) -> dict[str, int]:
    """Classes in each part of the split, as the chapter prints them."""
    found = re.findall(r"^(train|validation|test) +(\d+) classes", printed, re.M)
    return {part: int(count) for part, count in found}
