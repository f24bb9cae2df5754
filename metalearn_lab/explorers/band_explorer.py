"""Draw points: learners adapt to them, and some of the curves say how sure they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor

from metalearn_lab.experiments.sinusoid_process import posterior
from metalearn_lab.explorers.draw_task_explorer import Adapted, DrawTaskExplorer
from metalearn_lab.figures.drawing import Curve, Mark, curve_look
from metalearn_lab.learners.learner import Learner
from metalearn_lab.tasks.sinusoids import Sinusoids
from metalearn_lab.tasks.types import Split

PROCESS, EXACT = "Gaussian process", "exact posterior"
"""Under which names they are drawn."""

Rule = Callable[[Tensor, Tensor, Tensor, float], tuple[Tensor, Tensor]]
"""Maps x, y, where to predict and σ of the noise to means and standard deviations there."""

_IN_95 = 1.96


class BandExplorer(DrawTaskExplorer):
    """A ``DrawTaskExplorer`` with bands: of each learner that gives a width, and of an exact rule.

    Args:
        learners: trained, by their names in the figures' style.
        family: where unseen tasks come from.
        most_steps: the last inner step that can be shown.
        noise: of the rule, which knows the family.
        rule: by its name; the Gaussian process with the mean and covariance of the sinusoids when
            not given.

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
        rule: tuple[str, Rule] = (PROCESS, posterior),
    ) -> None:
        self.noise, (self.rule_name, self.rule) = noise, rule
        self.widths: dict[str, Tensor] = {}
        super().__init__(learners, family, most_steps=most_steps)

    def _adapt(self, points: Tensor) -> Adapted:
        adapted = super()._adapt(points)
        x, y = points.unbind(1)
        mean, width = self.rule(x, y, torch.cat([self.x, x]), self.noise)
        along, at_points = mean.float().tensor_split([len(self.x)])
        # It adapts at once and takes no inner steps, as the learners with a width.
        adapted.curves[self.rule_name] = along.expand(self.most_steps + 1, -1)
        error = ((at_points - y) ** 2).mean()
        adapted.errors[self.rule_name] = error.expand(self.most_steps + 1)
        self.widths = {self.rule_name: width[: len(self.x)]}
        for name, learner in self.learners.items():
            outputs = self._at_once(learner, points)
            if outputs.shape[1] == 2:
                self.widths[name] = outputs[:, 1]
        return adapted

    @torch.no_grad()
    def _at_once(self, learner: Learner, points: Tensor) -> Tensor:
        weight = next(learner.parameters())
        x, y = points.to(weight)[:, :, None].unbind(1)
        [adapted] = learner.trajectory(Split(x, y), 0)
        return learner.call(adapted, self.x.to(weight)[:, None]).cpu()

    def _marks(self, steps: int, truth: Tensor | None, points: bool) -> Iterator[Mark]:
        yield from super()._marks(steps, truth, points)
        for name, width in self.widths.items():
            look = curve_look(name) | {"dash": (1, 2)}
            look["label"] += ": 95 % band"
            middle = self.adapted.curves[name][steps]
            for sign in (-1, 1):
                yield Curve(self.x, middle + sign * _IN_95 * width, width=1.0, **look)

    def _takes_steps(self, name: str) -> bool:
        return name not in self.widths
