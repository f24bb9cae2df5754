"""A prior over small tables with classes: what a prior-fitted classifier is trained on."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from metalearn_lab.one_thread import one_thread
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Split, Task

_HIDDEN = 16
"""Units of a random network."""


@dataclass(frozen=True)
class SmallTables:
    """Tables whose labels come from a random network, or whose classes are random blobs.

    Half of the tables are of each kind. A random network of two layers labels the rows of the
    first kind; those of the second are normal in each class. Columns differ in how much they
    matter, may be correlated and skewed, and some tables have fewer: the others are then 0. The
    columns are standardised by the rows of the support.

    Args:
        features: columns, the most that a table has; the least is 2.
        classes: the most that a table has; the least is 2.
        rows: the least and the most of a support.
        queries: rows of a query.
        split: name of the stream; other names give other tables.
        seed: of the whole prior.

    Raises:
        ValueError: fewer than two columns or classes, or rows that are no range.
    """

    features: int = 8
    classes: int = 3
    rows: tuple[int, int] = (8, 128)
    queries: int = 32
    split: str = "train"
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the sizes."""
        few, most = self.rows
        if min(self.features, self.classes) < 2 or not 1 <= few <= most or self.queries < 1:
            raise ValueError(
                "tables have two columns and two classes or more, and rows in a range from 1 on, "
                f"got {self}"
            )

    @one_thread()
    def batch(self, first: int, count: int) -> Task:
        """Tables of one number of support rows, drawn anew for each ``first`` and ``count``.

        Returns:
            ``x`` is ``[tables, rows, features]``, ``y`` ``[tables, rows]``.
        """
        numbers = generator("small tables", self.seed, self.split, first, count)
        few, most = self.rows
        known = int(torch.randint(few, most + 1, (), generator=numbers))
        x, y = self._draw(count, known + self.queries, numbers)
        middle, spread = x[:, :known].mean(1, keepdim=True), x[:, :known].std(1, keepdim=True)
        x = ((x - middle) / (spread + 1e-3)).clamp(-5, 5)
        return Task(Split(x[:, :known], y[:, :known]), Split(x[:, known:], y[:, known:]))

    def _draw(self, count: int, rows: int, numbers: torch.Generator) -> tuple[Tensor, Tensor]:
        columns, ways = self.features, self.classes

        def normal(*shape: int) -> Tensor:
            return torch.randn(count, *shape, generator=numbers)

        def between(low: float, high: float) -> Tensor:
            return low + (high - low) * torch.rand(count, 1, 1, generator=numbers)

        used = torch.arange(columns) < torch.randint(
            2, columns + 1, (count, 1, 1), generator=numbers
        )
        absent = torch.arange(ways) >= torch.randint(2, ways + 1, (count, 1, 1), generator=numbers)
        matters = normal(1, columns).exp() * used
        matters = matters / matters.norm(dim=-1, keepdim=True)
        mixing = torch.eye(columns) + between(0, 1) * normal(columns, columns) / columns**0.5
        favour = (between(0, 1) * normal(1, ways)).masked_fill(absent, -math.inf)
        # Labels of rows, by a random network.
        free = normal(rows, columns) @ mixing
        steep = between(math.log(0.3), math.log(4)).exp()
        units = torch.tanh(steep * (free * matters) @ normal(columns, _HIDDEN) + normal(1, _HIDDEN))
        scores = units @ normal(_HIDDEN, ways)
        scores = (scores - scores.mean(1, keepdim=True)) / scores.std(1, keepdim=True)
        luck = -(-torch.rand(count, rows, ways, generator=numbers).log()).log()
        labelled = (scores + favour + between(0, 0.5) * luck).argmax(-1)
        # Rows of labels, by blobs.
        dealt = (favour + luck).argmax(-1)
        places = (between(0.5, 5) * matters * normal(ways, columns)).gather(
            1, dealt[..., None].expand(-1, -1, columns)
        )
        sizes = (
            (between(0, 0.7) * normal(ways, columns))
            .exp()
            .gather(1, dealt[..., None].expand(-1, -1, columns))
        )
        blobs = (places + sizes * normal(rows, columns)) @ mixing
        is_blobs = torch.rand(count, 1, 1, generator=numbers) < 0.5
        x = torch.where(is_blobs, blobs, free)
        skew = (0.4 * normal(1, columns)).exp()
        x = x.sign() * x.abs() ** skew * used
        y = torch.where(is_blobs[..., 0], dealt, labelled)
        return x, self._renamed(y, numbers)

    def _renamed(self, y: Tensor, numbers: torch.Generator) -> Tensor:
        """The classes under numbers dealt anew for each table."""
        names = torch.rand(len(y), self.classes, generator=numbers).argsort(-1)
        return names.gather(1, y)
