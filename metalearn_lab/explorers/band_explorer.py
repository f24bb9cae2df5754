"""Draw points: learners adapt to them, and two of the curves say how sure they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from metalearn_lab.experiments.sinusoid_process import posterior
from metalearn_lab.explorers.draw_task_explorer import Adapted, DrawTaskExplorer
from metalearn_lab.figures.drawing import Curve, Mark, curve_look
from metalearn_lab.learners.learner import Learner
from metalearn_lab.learners.neural_process import NeuralProcess
from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.tasks.types import Split

PROCESS = "Gaussian process"
"""Under which name it is drawn."""

_IN_95 = 1.96


class BandExplorer(DrawTaskExplorer):
    """A ``DrawTaskExplorer`` with bands: of each neural process, and of an exact Gaussian process.

    Args:
        learners: trained, by their names in the figures' style.
        family: where unseen tasks come from.
        most_steps: the last inner step that can be shown.
        noise: of the Gaussian process, which has the mean and covariance of the sinusoids.

    Attributes:
        widths: the standard deviation along the curve, ``[grid]``, by name.
    """

    def __init__(
        self,
        learners: Mapping[str, Learner],
        family: Sinusoids,
        *,
        most_steps: int,
        noise: float = 0.1,
    ) -> None:
        self.noise = noise
        self.widths: dict[str, Tensor] = {}
        super().__init__(learners, family, most_steps=most_steps)

    def _adapt(self, points: Tensor) -> Adapted:
        adapted = super()._adapt(points)
        x, y = points.unbind(1)
        mean, self.widths[PROCESS] = posterior(x, y, self.x, self.noise)
        at_points, _ = posterior(x, y, x, self.noise)
        error = ((at_points - y) ** 2).mean()
        # It adapts at once and takes no inner steps, as the neural process.
        adapted.curves[PROCESS] = mean.float().expand(self.most_steps + 1, -1)
        adapted.errors[PROCESS] = error.float().expand(self.most_steps + 1)
        for name, learner in self.learners.items():
            if isinstance(learner, NeuralProcess):
                self.widths[name] = self._width(learner, points)
        return adapted

    @torch.no_grad()
    def _width(self, learner: NeuralProcess, points: Tensor) -> Tensor:
        weight = next(learner.parameters())
        x, y = points.to(weight)[:, :, None].unbind(1)
        [adapted] = learner.trajectory(Split(x, y), 0)
        return learner.call(adapted, self.x.to(weight)[:, None])[:, 1].cpu()

    def _marks(self, steps: int, truth: Tensor | None, points: bool) -> Iterator[Mark]:
        yield from super()._marks(steps, truth, points)
        for name, width in self.widths.items():
            look = curve_look(name) | {"label": "", "dash": (1, 2)}
            middle = self.adapted.curves[name][steps]
            for sign in (-1, 1):
                yield Curve(self.x, middle + sign * _IN_95 * width, width=1.0, **look)
