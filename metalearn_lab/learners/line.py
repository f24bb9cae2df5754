"""How a learner is drawn, which it says itself."""

from __future__ import annotations

from typing import NamedTuple


class Line(NamedTuple):
    """Colour, dashes and marker of a curve; no two learners share the colour or the dashes.

    Attributes:
        color: hexadecimal; at least 3:1 against white.
        linestyle: as matplotlib takes it.
        marker: as matplotlib takes it.
    """

    color: str
    linestyle: str | tuple[int, tuple[int, ...]]
    marker: str
