"""Move where the rate of a descent begins, and the step size of the rate itself."""

from __future__ import annotations

import math

import torch

from metalearn_lab.experiments.hypergradient import Descent, hypergradient_descent
from metalearn_lab.explorers.controls import float_slider, log_slider
from metalearn_lab.explorers.explorer import Explorer, Table, View, picture_view
from metalearn_lab.figures.rate_and_loss import RateAndLoss, rate_and_loss_scene

LEARNED, CONSTANT, BEST = "learned rate", "constant rate α₀", "best constant rate"
_RATES, _LOSSES = (3e-3, 1.0), (1e-10, 1e3)


class HypergradientExplorer(Explorer):
    """Sliders for α₀ and κ; the rates and losses of a descent with a learned rate, and without.

    Args:
        curvatures: a of L(θ) = ½ Σ a θ², positive.
        steps: T; every descent begins at θ = (1, 1, …).

    Raises:
        ValueError: a curvature is not positive, or there is no step.
    """

    def __init__(self, curvatures: tuple[float, ...] = (1.0, 9.0), steps: int = 50) -> None:
        if min(curvatures) <= 0 or steps < 1:
            raise ValueError(
                f"curvatures must be positive, and steps 1 or more: got {curvatures} and {steps}"
            )
        self.curvatures = torch.tensor(curvatures, dtype=torch.float64)
        self.start = torch.ones_like(self.curvatures)
        self.steps = steps
        constant = torch.linspace(0, 2 / max(curvatures), 2001, dtype=torch.float64)
        none = torch.zeros((), dtype=torch.float64)
        ends = hypergradient_descent(self.curvatures, self.start, constant, none, steps).losses
        self.best = constant[ends[:, -1].argmin()].item()
        self.scene = rate_and_loss_scene(
            (LEARNED, CONSTANT, BEST),
            steps,
            _RATES,
            _LOSSES,
            (2 / max(curvatures), "above it, a constant rate diverges"),
        )
        super().__init__(
            {
                "first_rate": float_slider("first rate α₀", 0.02, 0, 0.25, 0.01),
                "kappa": log_slider("step size κ of the rate", 1e-3, -5, -2, 0.1),
            }
        )

    def descent(self, first_rate: float, kappa: float) -> Descent:
        """The descent with these settings."""
        rate, speed = torch.tensor([first_rate, kappa], dtype=torch.float64)
        return hypergradient_descent(self.curvatures, self.start, rate, speed, self.steps)

    def view(self, *, first_rate: float, kappa: float) -> View:
        """The three descents, and their losses in numbers."""
        descents = {
            LEARNED: self.descent(first_rate, kappa),
            CONSTANT: self.descent(first_rate, 0.0),
            BEST: self.descent(self.best, 0.0),
        }
        shown = [s for s in (10, 20, self.steps) if s <= self.steps]
        table = Table(
            f"Loss after steps, with α₀ = {first_rate:.2f} and κ = {kappa:.2g}",
            ("descent", *(f"after {step}" for step in shown), "last rate"),
            [
                [
                    name,
                    *(_text(each.losses[step].item()) for step in shown),
                    _text(each.rates[-1].item()),
                ]
                for name, each in descents.items()
            ],
        )
        picture = RateAndLoss(
            f"α₀ = {first_rate:.2f}, κ = {kappa:.2g}",
            {name: each.rates.tolist() for name, each in descents.items()},
            {name: each.losses.tolist() for name, each in descents.items()},
        )
        alt = f"{table.caption}: " + ", ".join(f"{row[0]} {row[-2]}" for row in table.rows) + "."
        return picture_view(self.scene.bundle(picture, alt), table)


def _text(value: float) -> str:
    return "runs away" if not math.isfinite(value) or abs(value) > 1e6 else f"{value:.3g}"
