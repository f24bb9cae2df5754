"""Two bowls and an inner loop to move: pretraining, MAML, first-order MAML, Reptile part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

import torch

from metalearn_lab.experiments.two_bowls import Bowls, Ending, Settled, losses_along, settled
from metalearn_lab.explorers.controls import float_slider, slider
from metalearn_lab.explorers.explorer import Explorer, Table, View, picture_view
from metalearn_lab.figures.style import label_of
from metalearn_lab.figures.two_bowls import REACH, TwoBowls, two_bowls_scene
from metalearn_lab.tasks.quadratics import Algorithm

_ENDINGS = {
    Ending.SETTLES: "{:.4f}",
    Ending.FLEES: "flees {:.4f}",
    Ending.DRIFTS: "drifts for ever",
    Ending.STAYS: "never moves",
}
_REASONS = {
    Ending.FLEES: "has weights that sum to less than zero: it is driven away from its point",
    Ending.DRIFTS: "has weights that sum to zero: it is pushed one way for ever",
    Ending.STAYS: "has no weights left: it stays where it starts",
}
_NEAR = 1e-9


class TwoBowlsExplorer(Explorer):
    """Controls for the curvatures, the centres, α and k; a marker where each algorithm settles.

    Args:
        bowls: at the start.
    """

    def __init__(self, bowls: Bowls) -> None:
        self.scene = two_bowls_scene()
        (a_1, a_2), (c_1, c_2) = bowls.curvatures, bowls.centres
        super().__init__(
            {
                "a_1": float_slider("curvature a₁", a_1, 0.5, 10, 0.5),
                "a_2": float_slider("curvature a₂", a_2, 0.5, 10, 0.5),
                "c_1": float_slider("centre c₁", c_1, -2, 2, 0.25),
                "c_2": float_slider("centre c₂", c_2, -2, 2, 0.25),
                "inner_lr": float_slider("inner rate α", bowls.inner_lr, 0, 0.3, 0.01),
                "inner_steps": slider("inner steps k", bowls.inner_steps, 1, 10),
            }
        )

    def view(
        self, *, a_1: float, a_2: float, c_1: float, c_2: float, inner_lr: float, inner_steps: int
    ) -> View:
        """The curves, the markers, and in words what the inner loop does in each bowl."""
        bowls = Bowls((a_1, a_2), (c_1, c_2), inner_lr, inner_steps)
        ends = {algorithm: settled(algorithm, bowls) for algorithm in get_args(Algorithm)}
        theta = torch.linspace(-REACH, REACH, 181)
        points = {
            name: end.point if end.ending is Ending.SETTLES else None for name, end in ends.items()
        }
        picture = TwoBowls(
            bowls,
            theta,
            losses_along(bowls, theta, 0),
            losses_along(bowls, theta, inner_steps).mean(0),
            points,
        )
        table = Table(
            "Each settles at the mean of c₁ and c₂ by its weights",
            (
                "algorithm",
                "weight of c₁",
                "weight of c₂",
                "settles at θ",
                "mean loss after k steps",
            ),
            [_row(name, end, bowls) for name, end in ends.items()],
        )
        places = "; ".join(f"{label_of(name)}: {_place(end)}" for name, end in ends.items())
        alt = (
            f"Bowls of curvature {a_1:g} around {c_1:g} and {a_2:g} around {c_2:g}, "
            f"α = {inner_lr:.2f}, k = {inner_steps}. Where they settle: {places}."
        )
        return picture_view(self.scene.bundle(picture, alt), table, _note(bowls, ends))


def _row(name: str, end: Settled, bowls: Bowls) -> list[str]:
    loss = "–"
    if end.ending is Ending.SETTLES:
        theta = torch.tensor([end.point], dtype=torch.float64)
        loss = f"{losses_along(bowls, theta, bowls.inner_steps).mean().item():.4g}"
    return [label_of(name), *(f"{weight:.4g}" for weight in end.weights), _place(end), loss]


def _place(end: Settled) -> str:
    return _ENDINGS[end.ending].format(round(end.point or 0.0, 4) + 0.0)  # no "-0.0000"


def _note(bowls: Bowls, ends: Mapping[Algorithm, Settled]) -> str:
    """What an inner step does in each bowl, and what is unusual about an algorithm."""
    steps = [
        f"Bowl {number}: αa = {bowls.inner_lr * a:.3g}, {_step(bowls.inner_lr * a)}."
        for number, a in enumerate(bowls.curvatures, 1)
    ]
    titles = {name: label_of(name) for name, end in ends.items() if end.ending in _REASONS}
    unusual = [
        # At the beginning of a sentence.
        f"{title[0].upper()}{title[1:]} {_REASONS[ends[name].ending]}."
        for name, title in titles.items()
    ]
    return " ".join(steps + unusual)


def _step(rate: float) -> str:
    """What an inner step does to the distance from the centre, for αa."""
    if rate < _NEAR:
        return "an inner step does nothing"
    if abs(rate - 1) < _NEAR:
        return "one inner step ends exactly in the centre"
    if rate < 1:
        return f"an inner step leaves {1 - rate:.2g} of the distance to the centre"
    if abs(rate - 2) < _NEAR:
        return "an inner step jumps to the other side, as far away as before"
    if rate < 2:
        return f"an inner step jumps over the centre and leaves {rate - 1:.2g} of the distance"
    return f"the inner loop diverges: each step makes the distance {rate - 1:.2g} times as large"
