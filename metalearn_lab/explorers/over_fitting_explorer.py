"""Move the step: when does getting better at the support stop making the answers better?"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from metalearn_lab.evaluation.intervals import interval_over_tasks
from metalearn_lab.experiments.over_fitting import OverFitting
from metalearn_lab.explorers.controls import choice, stops_slider
from metalearn_lab.explorers.explorer import Explorer, Table, View, picture_view
from metalearn_lab.figures.over_fitting import OverFittingAt, over_fitting_scene
from metalearn_lab.figures.shots import label

_STOPS = (0, 1, 2, 3, 5, 8, 12, 20, 30, 50, 80, 120, 200, 300, 500, 1000)


class OverFittingExplorer(Explorer):
    """Controls for the method, K and the inner step; losses and accuracies on both sides.

    Args:
        traces: by method, LoRA under ``lora_RANK``, and number of shots; all of one length.
        chance: accuracy of a guess.

    Raises:
        ValueError: no traces, traces of different lengths, or a method without one of the K.
    """

    def __init__(self, traces: Mapping[str, Mapping[int, OverFitting]], *, chance: float) -> None:
        self.traces = {name: dict(by_shots) for name, by_shots in traces.items()}
        every = [trace for by_shots in self.traces.values() for trace in by_shots.values()]
        shots = {tuple(sorted(by_shots)) for by_shots in self.traces.values()}
        shapes = {tuple(trace.query_loss.shape) for trace in every}
        if len(shots) != 1 or len(shapes) != 1:
            raise ValueError(
                "every method needs a trace at every number of shots, all of one length on as "
                f"many episodes: got shots {sorted(shots)} and traces {sorted(shapes)}"
            )
        (self.episodes, length), self.shots = shapes.pop(), shots.pop()
        most = max(trace.query_loss.mean(0).max().item() for trace in every)
        self.scene = over_fitting_scene(length - 1, most_loss=1.05 * most, chance=chance)
        stops = [*(stop for stop in _STOPS if stop < length - 1), length - 1]
        super().__init__(
            {
                "method": choice(
                    "method", {label(name): name for name in traces}, next(iter(traces))
                ),
                "shots": stops_slider("shots K", self.shots, self.shots[0]),
                "step": stops_slider("inner step", stops, stops[len(stops) // 2]),
            }
        )

    def view(self, *, method: str, shots: int, step: int) -> View:
        """Where support and query stand after ``step`` steps, at the turn, and at the end."""
        trace = self.traces[method][shots]
        turn, last = trace.turning_step, trace.query_loss.shape[1] - 1
        table = Table(
            f"{label(method)}, {shots}-shot: mean over {self.episodes} unseen-class episodes, "
            "with its 95 % interval",
            ("where", "step", "support loss", "query loss", "support accuracy", "query accuracy"),
            [
                ["the marked step", *_cells(trace, step)],
                ["least query loss", *_cells(trace, turn)],
                ["the last step", *_cells(trace, last)],
            ],
        )
        alt = (
            f"Loss and accuracy against the inner step, {label(method)}, {shots}-shot. After "
            f"step {step} the support loss is {_mean_text(trace.support_loss, step)} and the query "
            f"loss {_mean_text(trace.query_loss, step)}; the query loss is least at step {turn}, "
            f"{_mean_text(trace.query_loss, turn)}, and ends at "
            f"{_mean_text(trace.query_loss, last)}."
        )
        picture = OverFittingAt(trace, step, f"{label(method)}, K = {shots}")
        return picture_view(self.scene.bundle(picture, alt), table)


def _cells(trace: OverFitting, step: int) -> list[str]:
    return [str(step), *(_mean_text(curves, step) for curves in trace)]


def _mean_text(curves: Tensor, step: int) -> str:
    mean, half, _ = interval_over_tasks(curves[:, step])
    return f"{mean:.3f} ± {half:.3f}"
