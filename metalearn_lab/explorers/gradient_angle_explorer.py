"""Choose activation, start and inner steps; see how far the first-order gradient points away."""

from __future__ import annotations

import math
from collections.abc import Mapping

from torch import Tensor

from metalearn_lab.evaluation.intervals import Interval, interval_over_tasks
from metalearn_lab.experiments.gradient_angle import GradientAngles
from metalearn_lab.explorers.controls import choice, slider
from metalearn_lab.explorers.explorer import Explorer, Table, View, picture_view
from metalearn_lab.figures.gradient_angle import GradientAnglePicture, gradient_angle_scene

ACTIVATIONS = ("ReLU", "tanh")
STARTS = ("untrained", "pretrained", "meta-trained")
_DIVERGED = "diverged"


class GradientAngleExplorer(Explorer):
    """Controls for the activation, the start and k, over angles that were measured beforehand.

    Args:
        measured: angles by activation (``"ReLU"``, ``"tanh"``) and start (``"untrained"``,
            ``"pretrained"``, ``"meta-trained"``), all at the same rates, steps and tasks.

    Raises:
        ValueError: one of the six is missing, or they differ in rates or shape.
    """

    def __init__(self, measured: Mapping[tuple[str, str], GradientAngles]) -> None:
        wanted = {(activation, start) for activation in ACTIVATIONS for start in STARTS}
        if measured.keys() != wanted:
            raise ValueError(f"give the angles of {sorted(wanted)}, got {sorted(measured)}")
        kinds = {(angles.rates, tuple(angles.degrees.shape)) for angles in measured.values()}
        if len(kinds) != 1:
            raise ValueError(f"rates, steps and tasks must be the same in all, got {kinds}")
        self.measured = dict(measured)
        self.rates, (_, steps, _) = kinds.pop()
        self.scene = gradient_angle_scene(self.rates)
        super().__init__(
            {
                "activation": choice("activation", list(ACTIVATIONS), "ReLU"),
                "start": choice("start", list(STARTS), "meta-trained"),
                "k": slider("inner steps k", 1, 1, steps),
            }
        )

    def view(self, *, activation: str, start: str, k: int) -> View:
        """The angle at every α for this choice."""
        angles = {name: self.measured[name, start].degrees[:, k - 1] for name in ACTIVATIONS}
        intervals = {name: interval_over_tasks(degrees.T) for name, degrees in angles.items()}
        curvature = self.measured[activation, start].curvature.mean().item()
        tasks = intervals[activation].tasks
        picture = GradientAnglePicture(
            f"{start}, k = {k}, {tasks} tasks",
            activation,
            {name: interval.mean for name, interval in intervals.items()},
            {name: interval.half_width for name, interval in intervals.items()},
            1 / curvature,
        )
        [other] = set(ACTIVATIONS) - {activation}
        rows = zip(
            (f"{rate:g}" for rate in self.rates),
            _angle_texts(intervals[activation]),
            map(_share_over_90, angles[activation]),
            _angle_texts(intervals[other]),
            strict=True,
        )
        table = Table(
            f"Angle, mean and 95 % interval over {tasks} tasks: {start} network, k = {k}",
            ("α", f"{activation}, degrees", "tasks over 90°", f"{other}, degrees"),
            list(rows),
        )
        finite = [row for row in table.rows if row[1] != _DIVERGED]
        first, last = finite[0], finite[-1]
        alt = (
            f"{activation}, {start}: the angle grows from {first[1]} degrees at α = {first[0]} to "
            f"{last[1]} at α = {last[0]}. The largest curvature λ is {curvature:.0f} on the mean "
            f"task: an inner step overshoots from α = 1/λ = {1 / curvature:.3f} on."
        )
        return picture_view(self.scene.bundle(picture, alt), table, alt)


def _angle_texts(interval: Interval) -> list[str]:
    """Mean and half-width at each rate."""
    return [
        _DIVERGED if math.isnan(mean) else f"{mean:.1f} ± {half:.1f}"
        for mean, half in zip(interval.mean.tolist(), interval.half_width.tolist(), strict=True)
    ]


def _share_over_90(degrees: Tensor) -> str:
    """Share of the tasks where a step against the first-order gradient raises MAML's loss."""
    if not degrees.isfinite().all():
        return _DIVERGED
    return f"{(degrees > 90).double().mean().item():.0%}"
