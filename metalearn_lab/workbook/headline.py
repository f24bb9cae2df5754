"""A chapter's headline result: a line for the reader, and the same in a form `run` can collect."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

HEADLINE_MIME = "application/vnd.metalearn-lab.headline+json"

Value = bool | int | float | str


def headline(text: str, **values: Value) -> None:
    """Show a result in the notebook, and leave it where `metalearn-lab run` finds it.

    Args:
        text: one sentence that a reader understands by itself, with its numbers and units.
        values: the numbers behind it by name, e.g. ``accuracy=0.83, episodes=600``.

    Raises:
        TypeError: a value is not a plain number, string or bool.
    """
    from IPython.display import display

    display(headline_bundle(text, values), raw=True)


def headline_bundle(text: str, values: Mapping[str, Value]) -> dict[str, Any]:
    """What `headline` displays, by MIME type."""
    for name, value in values.items():
        if not isinstance(value, (bool, int, float, str)):
            raise TypeError(
                f"headline value '{name}' is a {type(value).__name__}; give a plain number, "
                "string or bool, e.g. tensor.item()"
            )
    return {
        "text/plain": text,
        "text/html": f"<p><strong>{html.escape(text)}</strong></p>",
        HEADLINE_MIME: {"text": text, "values": dict(values)},
    }


def collect_headlines(notebook: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The headlines of an executed notebook, in order, as ``{"text": ..., "values": {...}}``."""
    return [
        output["data"][HEADLINE_MIME]
        for cell in notebook["cells"]
        for output in cell.get("outputs", [])
        if HEADLINE_MIME in output.get("data", {})
    ]
