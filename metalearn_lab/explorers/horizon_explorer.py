"""Move how far ahead a learner of rates looks, and see which rates it finds."""

from __future__ import annotations

import numpy as np

from metalearn_lab.experiments.short_horizon import NoisyBowl, best_constant_rate, looking_ahead
from metalearn_lab.explorers.controls import stops_slider
from metalearn_lab.explorers.explorer import Explorer, Table, View, picture_view
from metalearn_lab.figures.rate_and_loss import RateAndLoss, rate_and_loss_scene

CHOSEN, WHOLE, CONSTANT = "chosen horizon", "horizon of all steps", "best constant rate"


class HorizonExplorer(Explorer):
    """A slider for the horizon; its rates and losses beside those of the whole horizon.

    All schedules are found at the start.

    Args:
        bowl: seen through noisy gradients.
        steps: T.
        horizons: that can be chosen, each a divisor of T.

    Raises:
        ValueError: a horizon does not divide the steps.
    """

    def __init__(
        self,
        bowl: NoisyBowl,
        steps: int = 100,
        horizons: tuple[int, ...] = (1, 2, 5, 10, 20, 25, 50, 100),
    ) -> None:
        self.bowl = bowl
        self.steps = steps
        self.rates = {h: looking_ahead(bowl, steps, h) for h in horizons}
        self.constant = np.full(steps, best_constant_rate(bowl, steps))
        whole = max(horizons)
        self.fixed = {WHOLE: self.rates[whole], CONSTANT: self.constant}
        steepest = bowl.curvatures.max()
        self.scene = rate_and_loss_scene(
            (CHOSEN, *self.fixed),
            steps,
            (5e-3, 30.0),
            (3e-3, 100.0),
            (2 / steepest, f"2 / {steepest:g}: above it the steep axis diverges"),
        )
        super().__init__({"horizon": stops_slider("horizon T", horizons, min(horizons))})

    def view(self, *, horizon: int) -> View:
        """The schedule of this horizon, and its losses in numbers."""
        schedules = {CHOSEN: self.rates[horizon], **self.fixed}
        losses = {name: self.bowl.losses(rates) for name, rates in schedules.items()}
        shown = [s for s in (1, 5, 20, self.steps) if s <= self.steps]
        table = Table(
            f"Mean loss with the horizon T = {horizon}",
            ("schedule", "first rate", *(f"after {step}" for step in shown)),
            [
                [name, f"{rates[0]:.3g}", *(f"{losses[name][step]:.5f}" for step in shown)]
                for name, rates in schedules.items()
            ],
        )
        picture = RateAndLoss(
            f"horizon T = {horizon}",
            {name: rates.tolist() for name, rates in schedules.items()},
            {name: each.tolist() for name, each in losses.items()},
        )
        alt = f"{table.caption}: after {self.steps} steps " + ", ".join(
            f"{row[0]} {row[-1]}" for row in table.rows
        )
        return picture_view(self.scene.bundle(picture, alt), table)
