"""Sinusoid tasks whose points lie where one wants them: spread, in one half, in a cluster."""

from __future__ import annotations

from torch import Tensor

from metalearn_lab.tasks.types import Split

REGIONS: dict[str, tuple[float, float]] = {
    "spread": (-5.0, 5.0),
    "left half": (-5.0, 0.0),
    "right half": (0.0, 5.0),
    "one cluster": (-0.5, 0.5),
}
"""Ends of the inputs x, by name."""


def squeezed(x: Tensor, region: str) -> Tensor:
    """Inputs from [−5, 5] moved into a region, in the same order and proportion.

    Args:
        x: any shape.
        region: a name in ``REGIONS``.

    Raises:
        ValueError: an unknown region.
    """
    if region not in REGIONS:
        raise ValueError(f"unknown region {region!r}: use one of {', '.join(REGIONS)}")
    left, right = REGIONS[region]
    return left + (x + 5) / 10 * (right - left)


def points_of(curves: tuple[Tensor, Tensor], x: Tensor) -> Split:
    """The points of each sinusoid A·sin(x − p) at its inputs.

    Args:
        curves: amplitudes A and phases p, ``[tasks]`` each, as ``Sinusoids.curves`` gives them.
        x: ``[tasks, items, 1]``.
    """
    amplitude, phase = (values[:, None, None] for values in curves)
    return Split(x, amplitude * (x - phase).sin())
