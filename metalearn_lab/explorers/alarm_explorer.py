"""Inject a drift into a stream of headlines, drag the alarm's bar, and count false alarms."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from metalearn_lab.comparison.opinions import Reader
from metalearn_lab.experiments.cusum import alarms, cumulative_sums, first_alarm, mean_run_length
from metalearn_lab.explorers.controls import choice, float_slider, slider
from metalearn_lab.explorers.drag_explorer import DragExplorer, drag_view
from metalearn_lab.explorers.explorer import Table, View
from metalearn_lab.figures.drawing import Curve, Dot, Drawing, Handle, Mark, Panel, Place
from metalearn_lab.figures.style import GREY, INK
from metalearn_lab.tasks.seeds import generator
from metalearn_lab.tasks.types import Task

LENGTH, ONSET = 240, 120
"""Headlines of the stream, and how many come before the drift."""

USUAL = (0.25, 0.4, 0.35)
"""Shares of negative, neutral and positive headlines before it."""

QUARTERS = 4
"""Of a headline: allowance and bar are whole numbers of quarters."""

_COLORS = ("#b34d00", "#999999", "#0072b2")
_NAMES = ("negative", "neutral", "positive")
_MOST = 20.0


class AlarmExplorer(DragExplorer):
    """A handle for the bar h; sliders for the drift and the allowance; a choice of who reads.

    A headline that is read as negative counts 1, a neutral one 0, a positive one −1.

    Args:
        predictions: by reader, the labels that it gives to ``n`` headlines of each true label,
            ``[3, n]``. The first reader is shown at first.
        seed: of the stream.
        bar: h at first.
    """

    def __init__(self, predictions: Mapping[str, Tensor], seed: int = 0, bar: float = 6.0) -> None:
        self.predictions = {name: labels.cpu() for name, labels in predictions.items()}
        numbers = generator("alarm", seed)
        self._label, self._which = torch.rand(2, LENGTH, generator=numbers).double()
        super().__init__(
            {
                "reader": choice("who reads", list(predictions), next(iter(predictions))),
                "drift": float_slider("more negative ones", 0.2, 0.0, 0.35, 0.05),
                "allowance": slider("allowance k, in quarters", 1, 0, 3),
            },
            handles={"h": (ONSET / 2, bar)},
        )

    def read(self, reader: str, drift: float) -> list[int]:
        """1, 0 or −1 for each headline of the stream."""
        labels = torch.where(
            torch.arange(LENGTH) < ONSET,
            torch.bucketize(self._label, _ends(USUAL), right=True),
            torch.bucketize(self._label, _ends(shares(drift)), right=True),
        )
        of = self.predictions[reader]
        columns = (self._which * of.shape[1]).long()
        return (1 - of[labels, columns]).tolist()

    def view(self, *, reader: str, drift: float, allowance: int, h: Place) -> View:
        """The stream, its cumulative sum, and the two numbers that an alarm is judged by."""
        quarters = max(1, round(QUARTERS * h[1]))
        bar, k = quarters / QUARTERS, allowance / QUARTERS
        values = self.read(reader, drift)
        sums = cumulative_sums(values, k)
        usual = mean_run_length(chances(self.predictions[reader], 0.0), allowance, quarters)
        after = mean_run_length(chances(self.predictions[reader], drift), allowance, quarters)
        before = alarms(values[:ONSET], k, bar)
        delay = first_alarm(cumulative_sums(values[ONSET:], k), bar)
        false = 1000 / usual
        rows = [
            (
                "false alarms per 1,000 headlines",
                f"{false:.1f}",
                f"{1000 * len(before) / ONSET:.1f}",
            ),
            ("headlines until the alarm, after the drift", _number(after), _number(delay)),
        ]
        caption = f"{reader}: {drift:.0%} more negative, k = {k:g}, h = {bar:g}"
        table = Table(caption, ("", "on average, exact", "in this stream"), rows)
        days = list(range(1, LENGTH + 1))
        marks: list[Mark] = [
            Dot(day, -1.2 - 0.5 * value, _COLORS[1 - value], _NAMES[1 - value], size=2.5)
            for day, value in zip(days, values, strict=True)
        ]
        marks.append(Curve([ONSET + 0.5] * 2, [-2, _MOST], GREY, "drift begins", 1.5, (2, 2)))
        marks.append(Curve([0, LENGTH], [bar, bar], INK, "bar h", 1.5, (5, 2)))
        marks.append(Curve(days, [min(total, _MOST) for total in sums], INK, "cumulative sum", 2.0))
        marks += [Dot(day, bar, INK, "false alarm", size=9, filled=False) for day in before]
        if delay is not None:
            marks.append(Dot(ONSET + delay, bar, "#b34d00", "alarm", size=9))
        panel = Panel((0, LENGTH), (-2, _MOST), "headlines", "cumulative sum S")
        handle = Handle("h", h[0], bar, INK, "h: drag it")
        alt = f"{caption}. " + "; ".join(f"{name}: {exact}" for name, exact, _ in rows) + "."
        return drag_view(Drawing((panel,), marks, (handle,)), table, alt)


def labels_by_opinion(reader: Reader | None, tasks: Task) -> Tensor:
    """What a reader makes of the queries of each true label, ``[3, n]``; the truth without one."""
    true = tasks.query.y
    read = true if reader is None else reader(tasks.support, tasks.query.x).argmax(2)
    return torch.stack([read[true == label] for label in range(3)])


def chances(labels: Tensor, drift: float) -> dict[int, float]:
    """Of what a headline counts, in quarters, exactly.

    Args:
        labels: what a reader makes of the headlines of each true label, ``[3, n]``.
        drift: see ``shares``.
    """
    mix = torch.tensor(shares(drift), dtype=torch.float64)
    read = torch.stack([(labels.cpu() == label).double().mean(1) @ mix for label in range(3)])
    return {QUARTERS * (1 - label): read[label].item() for label in range(3)}


def shares(drift: float) -> tuple[float, float, float]:
    """Of negative, neutral and positive headlines: what the negative gain, the positive lose."""
    return USUAL[0] + drift, USUAL[1], USUAL[2] - drift


def _ends(shares: tuple[float, ...]) -> Tensor:
    return torch.tensor(shares[:2], dtype=torch.float64).cumsum(0)


def _number(count: float | None) -> str:
    return "none" if count is None else f"{count:.1f}".removesuffix(".0")
