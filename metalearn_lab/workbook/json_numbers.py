"""Numbers that JSON has no form for."""

from __future__ import annotations

import math
from typing import Any

NOT_FINITE = frozenset({"nan", "inf", "-inf"})


def with_names(value: Any) -> Any:
    """Plain data, in which a number that JSON has no form for is its name: ``float`` reads it."""
    if isinstance(value, dict):
        return {key: with_names(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [with_names(item) for item in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
