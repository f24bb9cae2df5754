"""Race update rules: move the step, the scale of the loss and the size of the problem."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from metalearn_lab.experiments.train_update_rule import run_rule
from metalearn_lab.explorers.controls import log_slider, stops_slider
from metalearn_lab.explorers.explorer import Explorer, Table, View, picture_view
from metalearn_lab.figures.optimizer_race import MOST, RaceAt, optimizer_race_scene
from metalearn_lab.learners.update_rules import UpdateRule
from metalearn_lab.tasks.optimizees import Quadratics, random_quadratics

SIZES = (3, 10, 30)
"""n that can be chosen."""
_DECADES = (-2, -1, 0, 1, 2)
_TRAINED = (0, 10)  # scale 10⁰, n = 10
_STOPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


class OptimizerRaceExplorer(Explorer):
    """Controls for step, scale and size; the loss that each rule leaves on unseen quadratics.

    Every rule is run on every scale and size at the start.

    Args:
        rules: by name, six or fewer; trained or tuned on scale 1 and n = 10.
        horizon: the last step that their training or tuning saw.
        steps: the last step that can be shown.
        problems: quadratics of each scale and size.
        seed: of the problems.
        device: where the rules are.

    Raises:
        ValueError: no rules or too many, or fewer steps than the horizon.
    """

    def __init__(
        self,
        rules: Mapping[str, UpdateRule],
        *,
        horizon: int = 100,
        steps: int = 500,
        problems: int = 24,
        seed: int = 0,
        device: torch.device | str = "cpu",
    ) -> None:
        if not 1 <= horizon <= steps:
            raise ValueError(f"steps must be at least the horizon {horizon}, got {steps}")
        self.rules, self.horizon, self.problems = dict(rules), horizon, problems
        self.scene = optimizer_race_scene(list(rules), steps, horizon)
        self.shares: dict[tuple[int, int], Tensor] = {}
        for size in SIZES:
            scaled = [
                random_quadratics("race", problems, size=size, scale=10.0**decade, seed=seed)
                for decade in _DECADES
            ]
            together = Quadratics(
                *(torch.cat(part).to(device) for part in zip(*scaled, strict=True))
            )
            losses = torch.stack([run_rule(r, together, steps) for r in self.rules.values()]).cpu()
            by_scale = losses.unflatten(-1, (len(_DECADES), problems)).mean(-1)
            by_scale = torch.where(by_scale.isfinite(), by_scale, torch.inf)
            for i, decade in enumerate(_DECADES):
                self.shares[decade, size] = by_scale[..., i] / by_scale[:, :1, i]
        stops = sorted({*(stop for stop in _STOPS if stop <= steps), horizon, steps})
        super().__init__(
            {
                "step": stops_slider("step", stops, horizon),
                "scale": log_slider("scale of the loss", 1.0, _DECADES[0], _DECADES[-1], 1),
                "size": stops_slider("numbers n in θ", SIZES, _TRAINED[1]),
            }
        )

    def view(self, *, step: int, scale: float, size: int) -> View:
        """The race on problems of this scale and size, and what is left at the step."""
        decade = round(math.log10(scale))
        shares, trained = self.shares[decade, size], self.shares[_TRAINED]
        what = f"{self.problems} unseen quadratics, loss × {10.0**decade:g}, n = {size}"
        table = Table(
            f"Mean loss left after step {step}, as a share of the first: {what}",
            ("rule", "here", "as trained (loss × 1, n = 10)"),
            [
                [name, _text(here), _text(there)]
                for name, here, there in zip(
                    self.rules, shares[:, step], trained[:, step], strict=True
                )
            ],
        )
        alt = f"Loss against the step on {what}. After step {step} is left: " + "; ".join(
            f"{name} {_text(share)}"
            for name, share in zip(self.rules, shares[:, step], strict=True)
        )
        beyond = f" Step {step} lies beyond training." if step > self.horizon else ""
        return picture_view(self.scene.bundle(RaceAt(shares, step, what), f"{alt}.{beyond}"), table)


def _text(share: Tensor) -> str:
    value = share.item()
    return f"{value:.4f}" if value <= MOST else f"above {MOST:g}"
