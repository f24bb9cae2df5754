"""Choose activation, start and inner steps; see how far the first-order gradient points away."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from metalearn_lab.evaluation.intervals import interval_over_tasks
from metalearn_lab.experiments.gradient_angle import GradientAngles
from metalearn_lab.explorers.controls import choice, slider
from metalearn_lab.explorers.explorer import Explorer, Table, View, picture_view
from metalearn_lab.figures.gradient_angle import GradientAnglePicture, gradient_angle_scene

ACTIVATIONS = ("ReLU", "tanh")
STARTS = ("untrained", "trained")
_DIVERGED = "diverged"


class GradientAngleExplorer(Explorer):
    """Controls for the activation, the start and k, over angles that were measured beforehand.

    Args:
        measured: angles by activation (``"ReLU"``, ``"tanh"``) and start (``"untrained"``,
            ``"trained"``), all at the same rates, numbers of steps and tasks.

    Raises:
        ValueError: one of the four is missing, or they differ in rates or shape.
    """

    def __init__(self, measured: Mapping[tuple[str, str], GradientAngles]) -> None:
        self.measured = dict(measured)
        self.rates, steps = _common(self.measured)
        self.scene = gradient_angle_scene(self.rates)
        super().__init__(
            {
                "activation": choice("activation", list(ACTIVATIONS), "ReLU"),
                "start": choice("start", list(STARTS), "untrained"),
                "k": slider("inner steps k", 1, 1, steps),
            }
        )

    def view(self, *, activation: str, start: str, k: int) -> View:  # type: ignore[override]
        """The angle at every α for this choice."""
        degrees = {each: self.measured[each, start].degrees[:, k - 1] for each in ACTIVATIONS}
        known = {each: interval_over_tasks(values.T) for each, values in degrees.items()}
        curvature = self.measured[activation, start].curvature.mean().item()
        tasks = known[activation].tasks
        picture = GradientAnglePicture(
            f"{start}, k = {k}, {tasks} tasks",
            activation,
            {each: interval.mean for each, interval in known.items()},
            {each: interval.half_width for each, interval in known.items()},
            1 / curvature,
        )
        [other] = set(ACTIVATIONS) - {activation}
        table = Table(
            f"Angle, mean and 95 % interval over {tasks} tasks: {start} network, k = {k}",
            ("α", f"{activation}, degrees", "tasks over 90°", f"{other}, degrees"),
            [
                [f"{rate:g}", _angle(picture, activation, i), _over(row), _angle(picture, other, i)]
                for i, (rate, row) in enumerate(zip(self.rates, degrees[activation], strict=True))
            ],
        )
        alt = self._alt(table, curvature, start)
        return picture_view(self.scene.bundle(picture, alt), table, alt)

    def _alt(self, table: Table, curvature: float, start: str) -> str:
        known = [row for row in table.rows if row[1] != _DIVERGED]
        first, last = known[0], known[-1]
        name = table.columns[1].split(",")[0]
        return (
            f"{name}, {start}: the angle grows from {first[1]} degrees at α = {first[0]} to "
            f"{last[1]} at α = {last[0]}. The largest curvature λ is {curvature:.0f} on the mean "
            f"task: an inner step overshoots from α = 1/λ = {1 / curvature:.3f} on."
        )


def _angle(picture: GradientAnglePicture, activation: str, place: int) -> str:
    mean = picture.mean[activation][place].item()
    half = picture.half_width[activation][place].item()
    return _DIVERGED if mean != mean else f"{mean:.1f} ± {half:.1f}"


def _over(degrees: Tensor) -> str:
    """Share of the tasks where a step against the first-order gradient raises MAML's loss."""
    if not degrees.isfinite().all():
        return _DIVERGED
    return f"{(degrees > 90).double().mean().item():.0%}"


def _common(
    measured: Mapping[tuple[str, str], GradientAngles],
) -> tuple[tuple[float, ...], int]:
    """The rates and the number of steps that all share."""
    wanted = {(activation, start) for activation in ACTIVATIONS for start in STARTS}
    if measured.keys() != wanted:
        raise ValueError(f"give the angles of {sorted(wanted)}, got {sorted(measured)}")
    kinds = {(each.rates, tuple(each.degrees.shape)) for each in measured.values()}
    if len(kinds) != 1:
        raise ValueError(f"rates, steps and tasks must be the same in all four, got {kinds}")
    [(rates, shape)] = kinds
    return rates, shape[1]
