"""States as JSON keeps them, and back: dictionaries whose keys are not text come through whole."""

from __future__ import annotations

from collections import Counter
from typing import Any

_PAIRS = "__pairs__"
_Scalar = (str, int, float, bool, type(None))


class NotJsonError(TypeError):
    """A state holds something that JSON cannot; the message says where."""


def to_json(value: Any, where: str) -> Any:
    """The value in the types of JSON; tuples become lists.

    Args:
        value: nested dictionaries, lists, tuples, numbers, text and None.
        where: name of the value, for the error.

    Raises:
        NotJsonError: names the part that is something else.
    """
    if isinstance(value, _Scalar):
        return value
    if isinstance(value, list | tuple):
        return [to_json(part, f"{where} {i}") for i, part in enumerate(value)]
    if not isinstance(value, dict) or not all(isinstance(key, _Scalar) for key in value):
        raise NotJsonError(f"{where} is a {type(value).__name__}: numbers, text and lists are kept")
    parts = {key: to_json(part, f"{where} {key}") for key, part in value.items()}
    if _PAIRS not in parts and all(isinstance(key, str) for key in parts):
        return parts
    # JSON would turn the milestones {50: 1} into {"50": 1}, which no step count ever meets.
    return {_PAIRS: list(map(list, parts.items())), "counts": isinstance(value, Counter)}


def from_json(value: Any) -> Any:
    """The value that ``to_json`` was given, tuples as lists."""
    if isinstance(value, list):
        return [from_json(part) for part in value]
    if not isinstance(value, dict):
        return value
    if _PAIRS not in value:
        return {key: from_json(part) for key, part in value.items()}
    pairs = {key: from_json(part) for key, part in value[_PAIRS]}
    return Counter(pairs) if value["counts"] else pairs
