"""Play a stream of bowls: tasks arrive, four starts follow them, and their regret grows."""

from __future__ import annotations

import torch

from metalearn_lab.experiments.bowl_stream import (
    NEWEST,
    RULES,
    BowlStream,
    regret,
    starts,
    steep_and_flat,
)
from metalearn_lab.explorers.controls import choice, float_slider, stops_slider, toggle
from metalearn_lab.explorers.drag_explorer import DragExplorer, drag_view
from metalearn_lab.explorers.explorer import Table, View
from metalearn_lab.figures.drawing import Curve, Dot, Drawing, Handle, Mark, Panel, Place
from metalearn_lab.figures.style import GREY, INK

TASKS, STEEP, FLAT, SPREAD = 200, 9.0, 1.0, 0.3
REACH, TOP = 2.4, 218.0
STOPS = (0, 1, 2, 3, *range(5, TASKS + 1, 5))
OPENED_AT = 40
ORDERS = ["as they come", "shuffled", "flat ones first", "steep ones first"]
LOOKS = dict(
    zip(
        RULES,
        (("#0072b2", ()), ("#b34d00", (6, 3)), ("#117733", (2, 2)), (GREY, (8, 2, 2, 2))),
        strict=True,
    )
)
"""Colour and dash of each rule."""

_SHOWN = 25  # the newest tasks that are drawn
_STEEP_COLOR, _FLAT_COLOR = INK, "#8a6d00"


class StreamPlayerExplorer(DragExplorer):
    """Steep and flat bowls around two handles; controls play them, reorder them, and set α.

    It opens after some tasks, so that there are curves to see, and without an inner step: then the
    first two rules are one.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "tasks": stops_slider("tasks so far", STOPS, OPENED_AT),
                "inner_lr": float_slider("inner step size α", 0.0, 0.0, 0.2, 0.01),
                "order": choice("order", ORDERS, "as they come"),
                "equal": toggle("all equally steep", False),
            },
            handles={"steep": (1.0, 210.0), "flat": (-1.0, 210.0)},
        )

    def view(
        self, *, tasks: int, inner_lr: float, order: str, equal: bool, steep: Place, flat: Place
    ) -> View:
        """The starts against the tasks so far, and the regret of each rule."""
        stream = the_stream(steep[0], flat[0], order, equal)
        marks: list[Mark] = [*_newest(stream, tasks)]
        rows, ends = [], [0.0, 1e-3]
        counted = list(range(tasks + 1))
        for rule in reversed(RULES):  # the meta-leader is drawn last
            color, dash = LOOKS[rule]
            points = starts(rule, stream, inner_lr)
            regrets = torch.cat([torch.zeros(1).double(), regret(rule, stream, inner_lr)])
            ends += regrets[: tasks + 1].tolist()  # below 0 where a rule beats a fixed start
            first = max(0, tasks - _SHOWN) if rule == NEWEST else 0  # it leaps about
            path = points[first : tasks + 1]
            marks.append(Curve(path, counted[first:], color, rule, 2.2, dash))
            marks.append(Curve(counted, regrets[: tasks + 1], color, rule, 2.2, dash, panel=1))
            marks.append(Dot(points[tasks].item(), tasks, color, size=7))
            values = (points[tasks], regrets[tasks])
            rows.append([rule, *(f"{value.item() + 0.0:.3f}" for value in values)])
        table = Table(
            f"After {tasks} of {TASKS} tasks, {order}, α = {inner_lr:.2f}",
            ("rule", "start now", "regret so far"),
            rows[::-1],
        )
        alt = f"{table.caption}. " + " ".join(
            f"{row[0]}: start {row[1]}, regret {row[2]}." for row in rows
        )
        low, high = (1.05 * end for end in (min(ends), max(ends)))
        panels = (
            Panel((-REACH, REACH), (0, TOP), "start w", "tasks so far", "where the starts are"),
            Panel((0, TASKS), (low, high), "tasks so far", "regret", "what they cost"),
        )
        handles = (
            Handle("steep", *steep, _STEEP_COLOR, "steep tasks: drag", "x"),
            Handle("flat", *flat, _FLAT_COLOR, "flat tasks: drag", "x"),
        )
        return drag_view(Drawing(panels, marks, handles), table, alt)


def the_stream(steep: float, flat: float, order: str, equal: bool) -> BowlStream:
    """What is played: 200 bowls around two places, in an order.

    Args:
        steep: where the steep ones are.
        flat: where the flat ones are.
        order: one of ``ORDERS``.
        equal: give all the curvature of the flat ones; the centres stay.
    """
    stream = steep_and_flat(TASKS, steep=STEEP, flat=FLAT, at=(steep, flat), spread=SPREAD, seed=1)
    if order == "shuffled":
        ranks = torch.randperm(TASKS, generator=torch.Generator().manual_seed(0))
    elif order == "as they come":
        ranks = torch.arange(TASKS)
    else:
        ranks = stream.curvatures.argsort(stable=True, descending=order == "steep ones first")
    stream = stream.in_order(ranks)
    return stream._replace(curvatures=torch.full((TASKS,), FLAT).double()) if equal else stream


def _newest(stream: BowlStream, tasks: int) -> list[Dot]:
    """The centres of the last tasks; a disc is steep, a ring is flat."""
    first = max(0, tasks - _SHOWN)
    dots, named = [], set[bool]()
    for t in range(first, tasks):
        steep = stream.curvatures[t].item() > FLAT
        color = _STEEP_COLOR if steep else _FLAT_COLOR
        label = "" if steep in named else ("lowest point, steep" if steep else "lowest point, flat")
        named.add(steep)
        dots.append(Dot(stream.centres[t].item(), t + 1, color, label, 5, filled=steep))
    return dots
