"""A chapter's headline result: a line for the reader, and the same in a form `run` can collect."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from metalearn_lab.evaluation.adaptation_curves import AdaptationCurves
from metalearn_lab.evaluation.intervals import Interval

HEADLINE_MIME = "application/vnd.metalearn-lab.headline+json"

HALF_WIDTH = "_half_width"
"""What follows a value's name in the name of its 95 % half-width."""

Plain = bool | int | float | str
Value = Plain | Interval


def headline(
    text: str, curves: Mapping[str, AdaptationCurves] | None = None, **values: Value
) -> None:
    """Show a result in the notebook, and leave it where `run`, `sweep` and `report` find it.

    Args:
        text: one sentence that a reader understands by itself, with its numbers and units.
        curves: adaptation curves by learner, for the report's small multiples; accuracies where
            there are some, losses otherwise. They are kept, not shown.
        values: the numbers behind the text by name, e.g. ``accuracy=0.83, episodes=600``. An
            interval is kept as its mean, under the name, and its half-width, under the name
            with ``_half_width`` behind it.

    Raises:
        TypeError: a value is neither a plain number, string or bool nor the interval of a single
            number, or a curve is no `AdaptationCurves`.
        ValueError: two values have the same name once the half-widths are named.
    """
    from IPython.display import display

    display(headline_bundle(text, values, curves), raw=True)


def headline_bundle(
    text: str,
    values: Mapping[str, Value],
    curves: Mapping[str, AdaptationCurves] | None = None,
) -> dict[str, Any]:
    """What `headline` displays, by MIME type."""
    return {
        "text/plain": text,
        "text/html": f"<p><strong>{html.escape(text)}</strong></p>",
        HEADLINE_MIME: {
            "text": text,
            "values": _plain_values(values),
            "curves": {name: _plain_curve(name, each) for name, each in (curves or {}).items()},
        },
    }


def collect_headlines(notebook: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The headlines of an executed notebook, in order, as `headline_bundle` keeps them."""
    return [
        output["data"][HEADLINE_MIME]
        for cell in notebook["cells"]
        for output in cell.get("outputs", [])
        if HEADLINE_MIME in output.get("data", {})
    ]


def _plain_values(values: Mapping[str, Value]) -> dict[str, Plain]:
    plain: dict[str, Plain] = {}
    for name, value in values.items():
        for key, part in _parts(name, value).items():
            if key in plain:
                raise ValueError(
                    f"two headline values are called '{key}': an interval's half-width takes its "
                    f"name with '{HALF_WIDTH}' behind it; rename one"
                )
            plain[key] = part
    return plain


def _parts(name: str, value: Value) -> dict[str, Plain]:
    if isinstance(value, Interval) and _is_single(value):
        half = {name + HALF_WIDTH: _number(float(value.half_width))}
        return {name: _number(float(value.mean)), **half}
    if isinstance(value, float):
        return {name: _number(value)}
    if isinstance(value, bool | int | str):
        return {name: value}
    raise TypeError(
        f"headline value '{name}' is {_described(value)}; give a plain number, string or bool, "
        "e.g. tensor.item(), or the Interval of a single number"
    )


def _described(value: object) -> str:
    if isinstance(value, Interval):
        return f"an {value}"
    return f"a {type(value).__name__}"


def _is_single(value: Interval) -> bool:
    return all(not isinstance(part, Tensor) or part.numel() == 1 for part in value[:2])


def _plain_curve(name: str, curves: AdaptationCurves) -> dict[str, Any]:
    if not isinstance(curves, AdaptationCurves):
        raise TypeError(
            f"the curves of '{name}' are a {type(curves).__name__}; give what adaptation_curves "
            "returns"
        )
    kind = "loss" if curves.accuracy is None else "accuracy"
    interval = curves.mean_loss if curves.accuracy is None else curves.mean_accuracy
    mean, half = ([_number(each) for each in part.tolist()] for part in interval[:2])
    return {"kind": kind, "mean": mean, "half_width": half, "tasks": curves.tasks}


def _number(value: float) -> float | str:
    """The number, or for one that JSON has no form for its name, which ``float`` reads back."""
    return value if math.isfinite(value) else str(value)
