"""Exceptions that a widget's callback swallowed.

A callback that raises inside `interactive_output` or ``with Output():`` does not stop the notebook:
the traceback lands in the Output widget's state, and papermill reports success.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

WIDGET_STATE = "application/vnd.jupyter.widget-state+json"


def widget_errors(notebook: Mapping[str, Any]) -> list[str]:
    """One line for each exception in the outputs or the widget state of an executed notebook."""
    return [
        f"{output.get('ename', 'Error')} in a widget: {output.get('evalue', '')}"
        for output in _widget_outputs(notebook)
        if output.get("output_type") == "error"
    ]


def _widget_outputs(notebook: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    widgets = notebook["metadata"].get("widgets", {}).get(WIDGET_STATE, {})
    for model in widgets.get("state", {}).values():
        yield from model.get("state", {}).get("outputs") or ()
