"""The controls of the explorers: widgets that ipywidgets 7.7 and 8 share, with their labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_WHOLE_LABEL = {"description_width": "initial"}


def slider(label: str, value: int, least: int, most: int) -> Any:
    """A slider of whole numbers; the picture follows while it moves."""
    from ipywidgets import IntSlider

    return IntSlider(value=value, min=least, max=most, description=label, style=_WHOLE_LABEL)


def float_slider(label: str, value: float, least: float, most: float, step: float) -> Any:
    """A slider of numbers a step apart; the picture follows while it moves."""
    from ipywidgets import FloatSlider

    return FloatSlider(
        value=value, min=least, max=most, step=step, description=label, style=_WHOLE_LABEL
    )


def log_slider(label: str, value: float, least: float, most: float, step: float) -> Any:
    """A slider over powers of ten.

    Args:
        label: what it sets.
        value: at the start, the number itself.
        least: smallest exponent.
        most: largest exponent.
        step: between exponents.
    """
    from ipywidgets import FloatLogSlider

    return FloatLogSlider(
        value=value,
        base=10,
        min=least,
        max=most,
        step=step,
        description=label,
        readout_format=".3g",
        style=_WHOLE_LABEL,
    )


def stops_slider(label: str, options: Sequence[int], value: int) -> Any:
    """A slider over given whole numbers, in their order; the picture follows while it moves."""
    from ipywidgets import SelectionSlider

    return SelectionSlider(options=options, value=value, description=label, style=_WHOLE_LABEL)


def number(label: str, value: int, least: int, most: int) -> Any:
    """A field for a whole number."""
    from ipywidgets import BoundedIntText, Layout

    return BoundedIntText(
        value=value,
        min=least,
        max=most,
        description=label,
        continuous_update=False,
        style=_WHOLE_LABEL,
        layout=Layout(width="13em"),
    )


def choice(label: str, options: Mapping[str, str] | list[str], value: str) -> Any:
    """A drop-down list: options, or values by the name they are shown under."""
    from ipywidgets import Dropdown

    pairs = list(options.items()) if isinstance(options, Mapping) else options
    return Dropdown(options=pairs, value=value, description=label, style=_WHOLE_LABEL)


def toggle(label: str, value: bool) -> Any:
    """A box to tick."""
    from ipywidgets import Checkbox, Layout

    return Checkbox(value=value, description=label, indent=False, layout=Layout(width="auto"))
