"""A number of things in words."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """The number with its noun, in the plural where it is not one: ``1 run``, ``3 runs``."""
    return f"{number} {noun}" + "s" * (number != 1)
