"""How each way to a meta-gradient is drawn."""

from __future__ import annotations

from metalearn_lab.figures.style import INK, style_of
from metalearn_lab.learners.line import Line

LOOKS = {
    "second order": style_of("maml"),
    "second order, replayed": Line(INK, (0, (2, 1, 1, 1)), "^"),
    "first order": style_of("first_order_maml"),
}
"""A line style by way."""
