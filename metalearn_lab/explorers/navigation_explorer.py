"""Drag a goal that the policy does not see; watch REINFORCE find it in a few inner steps."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from metalearn_lab.experiments.navigation import Policy, Walks, adapt, drawn_noise, walk
from metalearn_lab.explorers.controls import choice, log_slider, slider
from metalearn_lab.explorers.drag_explorer import DragExplorer, drag_view
from metalearn_lab.explorers.explorer import Table, View
from metalearn_lab.figures.drawing import Curve, Dot, Drawing, Handle, Mark, Panel, Place
from metalearn_lab.figures.style import GREY
from metalearn_lab.tasks.navigation import HALF_SIDE, HORIZON, moved, rewards_of, straight_places
from metalearn_lab.tasks.seeds import generator

MOST_STEPS = 5
SHOWN_WALKS = 8
REACH = 0.7

_BEFORE, _ONE, _AFTER, _GOAL = "#56b4e9", "#0072b2", "#d55e00", "#009e73"


class NavigationExplorer(DragExplorer):
    """A goal to drag, and the paths without noise before and after inner steps.

    The noise of the exploring walks stays the same while the goal moves. Controls are the start,
    α, and the number of inner steps.

    Args:
        starts: by name, weights of one policy, on the CPU.
        first: the start that is shown at first.
        inner_lr: α at first.
        steps: inner steps at first.
    """

    def __init__(
        self,
        starts: Mapping[str, Policy],
        first: str,
        inner_lr: float = 1.0,
        steps: int = 0,
    ) -> None:
        self.starts = dict(starts)
        numbers = generator("navigation explorer", 0)
        like = torch.zeros(0)
        self.noises = [drawn_noise(1, numbers, like) for _ in range(MOST_STEPS)]
        super().__init__(
            {
                "start": choice("start", list(self.starts), first),
                "inner_lr": log_slider("inner step size α", inner_lr, -2, 1, 0.25),
                "steps": slider("inner steps", steps, 0, MOST_STEPS),
            },
            handles={"goal": (0.3, 0.2)},
        )

    def view(self, *, start: str, inner_lr: float, steps: int, goal: Place) -> View:
        """Paths on the left, and the reward per step after 0, 1, … inner steps on the right.

        Only the inner steps that the reader asked for are shown: the others answer questions.
        """
        place = torch.tensor([goal], dtype=torch.float32)
        policies = adapt(self.starts[start], place, inner_lr, self.noises[:steps])
        read = walk(policies[0], place, self.noises[0])
        silent = torch.zeros(1, 1, HORIZON, 2)
        silent_walks = [walk(policy, place, silent) for policy in policies]
        rewards = [silent_walk.rewards.mean().item() for silent_walk in silent_walks]
        still = -place.norm().item()
        seen = rewards_of(straight_places(place), place[:, None]).mean().item()
        table = Table(
            f"{start}, α = {inner_lr:.3g}: reward per step",
            ("inner steps", "reward"),
            [[str(count), f"{reward:.3f}"] for count, reward in enumerate(rewards)]
            + [["stand still", f"{still:.3f}"], ["see the goal", f"{seen:.3f}"]],
        )
        alt = f"{table.caption}. Goal at {goal[0]:.2f}, {goal[1]:.2f}. " + " ".join(
            f"{name}: {reward}." for name, reward in table.rows
        )
        side = HALF_SIDE
        marks: list[Mark] = [
            Curve((-side, side, side, -side, -side), (-side, -side, side, side, -side), GREY, "", 1)
        ]
        for path in _ends(read)[0, :SHOWN_WALKS]:
            marks.append(Curve(path[:, 0], path[:, 1], "#bbbbbb", "walks that step 1 reads", 0.8))
        shown: dict[int, tuple[str, str, tuple[int, ...]]] = {}
        shown |= {0: ("before", _BEFORE, (2, 2)), 1: ("after 1 step", _ONE, (6, 3))}
        shown[steps] = (f"after {steps} steps", _AFTER, ()) if steps > 1 else shown[steps]
        for step, (name, color, dash) in shown.items():
            if step <= steps:
                path = _ends(silent_walks[step])[0, 0]
                marks.append(Curve(path[:, 0], path[:, 1], color, name, 2.4, dash))
                x, y = path[-1].tolist()
                marks.append(Dot(x, y, color, size=5))
        low = 1.1 * min(*rewards, still)
        counts = list(range(steps + 1))
        ends = (0, MOST_STEPS)
        marks.append(Curve(ends, (still, still), GREY, "stand still", 1.5, (1, 2), panel=1))
        marks.append(Curve(ends, (seen, seen), _GOAL, "see the goal", 1.5, (8, 3), panel=1))
        marks.append(Curve(counts, rewards, _AFTER, "reward per step", 2.2, panel=1))
        marks.append(Dot(steps, rewards[steps], _AFTER, size=8, panel=1))
        panels = (
            Panel((-REACH, REACH), (-REACH, REACH), "x", "y", "", True),
            Panel((0, MOST_STEPS), (low, 0), "inner steps", "reward per step"),
        )
        handle = Handle("goal", *goal, _GOAL, "goal: drag it")
        return drag_view(Drawing(panels, marks, [handle]), table, alt)


def _ends(walks: Walks) -> Tensor:
    """All places of a walk with its start, ``[goals, walks, HORIZON + 1, 2]``."""
    ends = moved(walks.places, walks.actions)
    return torch.cat([walks.places[:, :, :1], ends], 2)
