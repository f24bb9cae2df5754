"""The controls of the explorers: widgets that ipywidgets 7.7 and 8 share, with their labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ipywidgets import (
    BoundedIntText,
    Checkbox,
    Dropdown,
    FloatLogSlider,
    FloatSlider,
    IntSlider,
    Layout,
    SelectionSlider,
)

from metalearn_lab.figures.style import label_of

_WHOLE_LABEL = {"description_width": "initial"}


def slider(label: str, value: int, least: int, most: int) -> Any:
    """A slider of whole numbers; the picture follows while it moves."""
    return IntSlider(value=value, min=least, max=most, description=label, style=_WHOLE_LABEL)


def float_slider(label: str, value: float, least: float, most: float, step: float) -> Any:
    """A slider of numbers a step apart; the picture follows while it moves."""
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
    return SelectionSlider(options=options, value=value, description=label, style=_WHOLE_LABEL)


def number(label: str, value: int, least: int, most: int) -> Any:
    """A field for a whole number."""
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
    pairs = list(options.items()) if isinstance(options, Mapping) else options
    return Dropdown(options=pairs, value=value, description=label, style=_WHOLE_LABEL)


def learner_choice(label: str, learners: Mapping[str, object]) -> Any:
    """A drop-down list of learners, by their names; it begins with the first.

    Raises:
        ValueError: no learners.
    """
    if not learners:
        raise ValueError("no learners to explore: give at least one, trained")
    return choice(label, {label_of(name): name for name in learners}, next(iter(learners)))


def toggle(label: str, value: bool) -> Any:
    """A box to tick."""
    return Checkbox(value=value, description=label, indent=False, layout=Layout(width="auto"))
