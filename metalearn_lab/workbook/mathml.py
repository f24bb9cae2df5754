"""Formulas of pages as MathML, which browsers draw by themselves, without a script."""

from __future__ import annotations

import re

_SPELLINGS = (
    (re.compile(r"\\[Bb]igg?[lr]?(?=\\[a-zA-Z])"), ""),  # sizes of delimiters that have a name
    (re.compile(r"\\arg\b"), r"\\operatorname{arg}"),
    (re.compile(r"\\_"), "_"),  # in words
)
"""What the library does not know, in its own spelling."""


def mathml(latex: str, *, display: bool) -> str:
    """A formula in MathML.

    Args:
        latex: without its dollar signs.
        display: whether it stands alone on its line.

    Raises:
        ValueError: something in it is not known, and would stand in the page as it is.
    """
    from latex2mathml.converter import convert

    known = latex
    for spelling, own in _SPELLINGS:
        known = spelling.sub(own, known)
    try:
        math = str(convert(known, display="block" if display else "inline"))
    except Exception as error:  # the library's own have no common kind
        raise ValueError(f"the formula {latex!r} cannot be drawn: {error!r}") from None
    if unknown := re.search(r"\\\w+", math):
        raise ValueError(f"the formula {latex!r} cannot be drawn: {unknown[0]} is not known")
    return math
