"""A chapter's headline result: a line for the reader, and the same in a form `run` can collect."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from metalearn_lab.evaluation.adaptation_curves import AdaptationCurves
from metalearn_lab.evaluation.intervals import Interval
from metalearn_lab.workbook.json_numbers import NOT_FINITE, with_names
from metalearn_lab.workbook.notebook_file import outputs_of_type

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
        HEADLINE_MIME: with_names(
            {
                "text": text,
                "values": _plain_values(values),
                "curves": {name: _plain_curve(name, one) for name, one in (curves or {}).items()},
            }
        ),
    }


def collect_headlines(notebook: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The headlines of an executed notebook, in order, as `headline_bundle` keeps them.

    Raises:
        ValueError: one has another form; `headline` makes none like that.
    """
    found = outputs_of_type(notebook, HEADLINE_MIME)
    headlines = [output["data"][HEADLINE_MIME] for output in found]
    check_headlines(headlines)
    return headlines


def check_headlines(headlines: Sequence[Any]) -> None:
    """See that headlines read from a file have the form of `headline_bundle`.

    Raises:
        ValueError: one has not.
    """
    for line in headlines:
        if not _is_headline(line):
            raise ValueError(f"not a headline with a text, values and curves: {str(line)[:80]}")


def _is_headline(line: Any) -> bool:
    return (
        isinstance(line, dict)
        and isinstance(line.get("text"), str)
        and isinstance(line.get("values"), dict)
        and all(isinstance(value, Plain) for value in line["values"].values())
        and isinstance(line.get("curves"), dict)
        and all(_is_curve(curve) for curve in line["curves"].values())
    )


def _is_curve(curve: Any) -> bool:
    return (
        isinstance(curve, dict)
        and set(curve) == {"kind", "mean", "half_width", "tasks"}
        and isinstance(curve["kind"], str)
        and isinstance(curve["tasks"], int)
        and isinstance(curve["mean"], list)
        and isinstance(curve["half_width"], list)
        and len(curve["mean"]) == len(curve["half_width"])
        and all(
            isinstance(number, int | float) or number in NOT_FINITE
            for number in curve["mean"] + curve["half_width"]
        )
    )


def _plain_values(values: Mapping[str, Value]) -> dict[str, Plain]:
    plain: dict[str, Plain] = {}
    for name, value in values.items():
        if isinstance(value, Plain):
            named: dict[str, Plain] = {name: value}
        elif isinstance(value, Interval) and _is_single(value):
            named = {name: float(value.mean), name + HALF_WIDTH: float(value.half_width)}
        else:
            raise TypeError(
                f"headline value '{name}' is {_described(value)}; give a plain number, string or "
                "bool, e.g. tensor.item(), or the Interval of a single number"
            )
        if twice := plain.keys() & named.keys():
            raise ValueError(
                f"two headline values are called '{min(twice)}': an interval's half-width takes "
                f"its name with '{HALF_WIDTH}' behind it; rename one"
            )
        plain |= named
    return plain


def _is_single(value: Interval) -> bool:
    return all(not isinstance(part, Tensor) or part.numel() == 1 for part in value[:2])


def _described(value: object) -> str:
    if isinstance(value, Interval):
        return f"an Interval of shape {tuple(value.mean.shape)}"
    return f"a {type(value).__name__}"


def _plain_curve(name: str, curves: AdaptationCurves) -> dict[str, Any]:
    if not isinstance(curves, AdaptationCurves):
        raise TypeError(
            f"the curves of '{name}' are a {type(curves).__name__}; give what adaptation_curves "
            "returns"
        )
    kind = "loss" if curves.accuracy is None else "accuracy"
    interval = curves.mean_loss if curves.accuracy is None else curves.mean_accuracy
    mean, half = (part.tolist() for part in interval[:2])
    return {"kind": kind, "mean": mean, "half_width": half, "tasks": curves.tasks}
