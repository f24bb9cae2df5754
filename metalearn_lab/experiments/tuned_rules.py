"""Rules written by hand, tuned: every setting on a grid, chosen on problems of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import NamedTuple

import torch

from metalearn_lab.experiments.train_update_rule import run_rule
from metalearn_lab.learners.update_rules import Adam, Momentum, UpdateRule
from metalearn_lab.tasks.optimizees import Optimizees

RATES = tuple(10 ** (power / 4) for power in range(-16, 5))
"""α that are tried: four to a power of ten, 0.0001 to 10."""
MOMENTA = (0.5, 0.7, 0.8, 0.9, 0.95, 0.98)
BETAS_1 = (0.0, 0.5, 0.8, 0.9, 0.95)
BETAS_2 = (0.9, 0.95, 0.99, 0.999)

GRIDS: dict[str, tuple[Callable[..., UpdateRule], dict[str, Sequence[float]]]] = {
    "SGD": (Momentum, {"rate": RATES}),
    "momentum, rate tuned": (Momentum, {"rate": RATES, "momentum": (0.9,)}),
    "momentum, all tuned": (Momentum, {"rate": RATES, "momentum": MOMENTA}),
    "Adam, rate tuned": (Adam, {"rate": RATES}),
    "Adam, all tuned": (Adam, {"rate": RATES, "beta_1": BETAS_1, "beta_2": BETAS_2}),
}
"""By name a rule, and by setting what is tried; settings that are not named keep their defaults."""


class Tuned(NamedTuple):
    """The setting with the lowest score.

    Attributes:
        rule: with this setting.
        settings: by name.
        trials: how many were compared.
        score: of this setting, on the problems that it was chosen on.
    """

    rule: UpdateRule
    settings: dict[str, float]
    trials: int
    score: float


@torch.no_grad()
def tune(name: str, problems: Optimizees, steps: int, *, last: bool = False) -> Tuned:
    """Run every setting of a grid on the same problems, side by side, and keep the best.

    Args:
        name: of ``GRIDS``.
        problems: to choose on; judge the choice on others.
        steps: that each runs.
        last: choose by the mean loss after the last step. When not, by the mean over all steps,
            the loss that learned rules are trained with.

    Raises:
        ValueError: an unknown name, or no setting keeps the loss finite.
    """
    if name not in GRIDS:
        raise ValueError(f"unknown rule {name!r}: use one of {', '.join(GRIDS)}")
    make, grid = GRIDS[name]
    every = list(product(*grid.values()))
    columns = torch.tensor(every).T.to(problems.start.device)
    side_by_side = make(*columns[:, :, None, None])
    losses = run_rule(side_by_side, problems, steps)[1:].mean(-1)
    scores = losses[-1] if last else losses.mean(0)
    scores = torch.where(losses.isfinite().all(0), scores, torch.inf)
    best = int(scores.argmin())
    if not scores[best].isfinite():
        raise ValueError(f"no setting of {name!r} keeps the loss finite: widen its grid downward")
    settings: Mapping[str, float] = dict(zip(grid, every[best], strict=True))
    return Tuned(make(**settings), dict(settings), len(every), scores[best].item())
