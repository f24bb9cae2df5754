"""Move the inner step size and the number of steps of trained learners, up to the cliff."""

from __future__ import annotations

import math
from collections.abc import Mapping

from metalearn_lab.experiments.rate_steps import RateSteps, rate_steps
from metalearn_lab.explorers.controls import learner_choice, log_slider, slider
from metalearn_lab.explorers.explorer import Explorer, Table, View, picture_view
from metalearn_lab.figures.rate_steps import MOST, RateStepMap, rate_steps_scene
from metalearn_lab.figures.style import label_of
from metalearn_lab.learners.gradient_learner import GradientLearner
from metalearn_lab.tasks.types import Task

_LEAST, _MOST, _STEP = -4.0, -1.0, 0.125
INNER_LRS = tuple(10 ** (_LEAST + _STEP * i) for i in range(round((_MOST - _LEAST) / _STEP) + 1))
"""The inner step sizes α that can be chosen: eight to a power of ten."""


class RateStepsExplorer(Explorer):
    """Controls for learner, α and k; a map of the query loss, and its values at the chosen place.

    All of the map is computed at the start.

    Args:
        learners: trained with one α and k, by their names in the figures' style.
        tasks: unseen, every tensor ``[tasks, items, ...]``.
        most_steps: the largest k.

    Raises:
        ValueError: no learners, or an unknown one.
    """

    def __init__(
        self, learners: Mapping[str, GradientLearner], tasks: Task, *, most_steps: int = 20
    ) -> None:
        choices = learner_choice("learner", learners)
        self.maps = {
            name: rate_steps(learner, tasks, INNER_LRS, most_steps)
            for name, learner in learners.items()
        }
        first = next(iter(learners.values()))
        self.trained = (_index(first.inner_lr), min(first.inner_steps, most_steps))
        self.scene = rate_steps_scene(INNER_LRS, most_steps, self.trained, list(learners))
        super().__init__(
            {
                "learner": choices,
                "inner_lr": log_slider(
                    "inner step size α", INNER_LRS[self.trained[0]], _LEAST, _MOST, _STEP
                ),
                "step": slider("inner steps k", self.trained[1], 0, most_steps),
            }
        )

    def view(self, *, learner: str, inner_lr: float, step: int) -> View:
        """The map of the learner, and both learners' losses at the chosen α and k."""
        index, tasks = _index(inner_lr), self.maps[learner].tasks
        losses = {name: losses.loss for name, losses in self.maps.items()}
        picture = RateStepMap(losses, learner, index, step, tasks)
        table = Table(
            f"Mean query loss over {tasks} unseen tasks, with its 95 % interval; "
            f"the map is that of {label_of(learner)}",
            ("learner", "no step", "as trained", "chosen α and k", "largest α that helps at k"),
            [self._row(name, index, step) for name in self.maps],
        )
        _, _, trained, chosen, _ = self._row(learner, index, step)
        alt = (
            f"Map of the mean query loss of {label_of(learner)} over inner step size and inner "
            f"steps. At α = {INNER_LRS[index]:.3g} and k = {step} it is {chosen}; "
            f"as trained it is {trained}."
        )
        return picture_view(self.scene.bundle(picture, alt), table)

    def _row(self, name: str, index: int, step: int) -> list[str]:
        losses = self.maps[name]
        largest = losses.largest_useful_inner_lr(step) if step else None
        return [
            label_of(name),
            *(_loss_text(losses, *at) for at in ((index, 0), self.trained, (index, step))),
            "–" if largest is None else f"{largest:.3g}",
        ]


def _index(inner_lr: float) -> int:
    """The index into ``INNER_LRS`` of the nearest to an α."""
    index = round((math.log10(inner_lr) - _LEAST) / _STEP) if inner_lr > 0 else 0
    return min(max(index, 0), len(INNER_LRS) - 1)


def _loss_text(losses: RateSteps, index: int, step: int) -> str:
    loss, half = losses.loss[index, step].item(), losses.half_width[index, step].item()
    if loss > MOST or not math.isfinite(half):
        return f"above {MOST:g}"
    return f"{loss:.3f} ± {half:.3f}"
