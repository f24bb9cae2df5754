"""Drag a sentence on the circle: who pushes it, how hard, at which temperature."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from metalearn_lab.experiments.contrastive import alignment, contrastive_loss, uniformity
from metalearn_lab.explorers.controls import float_slider, log_slider, stops_slider
from metalearn_lab.explorers.drag_explorer import DragExplorer, drag_view
from metalearn_lab.explorers.explorer import Table, View
from metalearn_lab.figures.drawing import (
    Arrow,
    Curve,
    Dot,
    Drawing,
    Handle,
    Mark,
    Panel,
    Place,
    place_of,
)
from metalearn_lab.figures.style import GREY, INK

REACH = 1.6
_OWN, _OTHER = "#0072b2", "#d55e00"
_GRID = 181
_MOST_SIZE = 26.0


class ContrastiveExplorer(DragExplorer):
    """N sentences on a circle: temperature, negatives, spread, and the gap between two views.

    The reader drags one view h of sentence 1. The arrow is the direction in which a step of
    gradient descent moves it; discs are the other views, as large as their softmax weight.

    Args:
        counts: the N to choose from; from 2.
    """

    def __init__(self, counts: tuple[int, ...] = (2, 4, 8, 16, 32)) -> None:
        super().__init__(
            {
                "count": stops_slider("sentences N", counts, counts[len(counts) // 2]),
                "temperature": log_slider("temperature τ", 0.3, -1.3, 0.3, 0.05),
                "spread": float_slider("spread of the sentences", 1.0, 0.0, 1.0, 0.05),
                "gap": float_slider("degrees between two views", 20.0, 0.0, 90.0, 5.0),
            },
            handles={"h": (0.8, -0.6)},
        )

    def view(self, *, count: int, temperature: float, spread: float, gap: float, h: Place) -> View:
        """The circle, the loss of h against its angle, and both measures of quality."""
        first, second = views(count, spread, gap)
        at = torch.tensor(h, dtype=torch.float64)
        if at.norm() < 1e-9:
            at = at + first[0]  # the centre has no direction
        at = F.normalize(at, dim=0)
        scores = second @ at / temperature
        weights = scores.softmax(0)
        angles = torch.linspace(-math.pi, math.pi, _GRID, dtype=torch.float64)
        losses = _losses(_on_circle(angles), second, temperature)
        loss = _losses(at[None], second, temperature)[0].item()
        angle = math.degrees(math.atan2(at[1].item(), at[0].item()))
        moved = torch.cat([at[None], first[1:]])
        everything = contrastive_loss(moved, second, temperature).item()
        others = weights[1:]
        share = others.max() / others.sum() if others.sum() > 0 else others.new_tensor(0.0)
        rows = [
            ("loss of h", f"{loss:.4g}"),
            ("log N", f"{math.log(count):.4f}"),
            ("mean loss of all sentences", f"{everything:.4g}"),
            ("weight of its own second view", f"{weights[0]:.3f}"),
            ("strongest other view, its share of the push", f"{share:.3f}"),
            ("alignment: squared distance of two views", f"{alignment(moved, second):.3f}"),
            ("uniformity: 0 at collapse, lower is better", f"{uniformity(moved):.3f}"),
        ]
        caption = f"N = {count}, τ = {temperature:.3g}, h at {angle:.0f}°"
        alt = f"{caption}. " + "; ".join(f"{name} {value}" for name, value in rows)
        circle = _on_circle(torch.linspace(0, 2 * math.pi, 91, dtype=torch.float64)).T
        marks: list[Mark] = [Curve(circle[0], circle[1], GREY, width=0.8)]
        for j in reversed(range(count)):
            size = 4 + _MOST_SIZE * weights[j].item() ** 0.5
            look = (_OTHER, "second views of the others") if j else (_OWN, "its own second view")
            marks.append(Dot(*place_of(second[j]), *look, size=size, filled=j == 0))
        step = -_gradient(at, second, weights, temperature)
        length = step.norm().item()
        if length > 1e-9:
            end = at + step / length * min(0.9, 0.3 * length)
            marks.append(Arrow(place_of(at), place_of(end), INK, "where a step moves h", 2.6))
        marks.append(Dot(*place_of(at), INK, size=7))
        top = 1.05 * max(math.log(count), losses.max().item())
        degrees = torch.rad2deg(angles)
        marks += [
            Curve(degrees, losses, INK, "loss of h by its angle", 2.0, panel=1),
            Curve((-180, 180), 2 * (math.log(count),), GREY, "log N", 1.2, (4, 3), panel=1),
            Dot(angle, loss, INK, size=8, panel=1),
        ]
        panels = (
            Panel((-REACH, REACH), (-REACH, REACH), "", "", "unit circle: drag h", True),
            Panel((-180, 180), (0, top), "angle of h, degrees", "loss", "the loss of h"),
        )
        handle = Handle("h", *h, INK, "h, before it is normalised: drag it")
        table = Table(caption, ("what", "value"), rows)
        return drag_view(Drawing(panels, marks, (handle,)), table, alt)


def views(count: int, spread: float, gap: float) -> tuple[Tensor, Tensor]:
    """First and second views of N sentences on the unit circle, ``[N, 2]`` each.

    Args:
        count: N.
        spread: 0 for all in one place, 1 for even spacing.
        gap: degrees from a first view to its second.
    """
    angles = 2 * math.pi * spread * torch.arange(count, dtype=torch.float64) / count
    return _on_circle(angles), _on_circle(angles + math.radians(gap))


def _on_circle(angles: Tensor) -> Tensor:
    return torch.stack([angles.cos(), angles.sin()], -1)


def _losses(at: Tensor, second: Tensor, temperature: float) -> Tensor:
    """Of places ``[n, 2]``, each as the first view of sentence 1."""
    scores = at @ second.T / temperature
    return scores.logsumexp(-1) - scores[:, 0]


def _gradient(at: Tensor, second: Tensor, weights: Tensor, temperature: float) -> Tensor:
    """(Σ_j p_j h_j⁺ − h⁺)/τ, along the circle."""
    pull = (weights @ second - second[0]) / temperature
    return pull - (pull @ at) * at
