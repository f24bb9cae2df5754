"""What the processes of a test run tell each other: who runs which chapter, what was moved."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

MOVED = "controls moved by keyboard"
_CHAPTER = re.compile(r"tests/browser/.*\[(\d\d_\w+)\]$")


def chapter_of(test: str) -> str | None:
    """The chapter that a browser test opens, from the test's id: all of its tests go together."""
    found = _CHAPTER.search(test)
    return found[1] if found else None


def count(moves: Iterable[tuple[str, str, str]]) -> list[str]:
    """One line a chapter for moves of (chapter, explorer, control)."""
    by_chapter = defaultdict(list)
    for chapter, *control in moves:
        by_chapter[chapter].append(tuple(control))
    return [
        f"{chapter}: {len(set(moved))} controls of "
        f"{', '.join(sorted({explorer for explorer, _ in moved}))}, {len(moved)} moves"
        for chapter, moved in sorted(by_chapter.items())
    ]
