"""Choose how an encoder was pretrained and a kind of task: five accuracies, and one episode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional as F

from metalearn_lab.comparison.pretraining_pictures import PictureKey, Pictures
from metalearn_lab.evaluation.intervals import interval_over_tasks
from metalearn_lab.explorers.controls import choice, slider, stops_slider
from metalearn_lab.explorers.drag_explorer import DragExplorer, drag_view
from metalearn_lab.explorers.explorer import Table, View
from metalearn_lab.figures.drawing import Curve, Dot, Drawing, Mark, Panel
from metalearn_lab.figures.style import GREY, INK

if TYPE_CHECKING:
    from pandas import DataFrame

BASELINES: Mapping[str, tuple[str, Sequence[float]]] = {
    "untrained": (GREY, (6, 3)),
    "TF-IDF": ("#117733", (2, 2)),
    "sentence encoder": ("#a0459c", (8, 2, 2, 2)),
}
"""What the chosen method is compared with, and how that is drawn."""

_CHOSEN = "#0072b2"
_CLASSES = ("#0072b2", "#d55e00", "#117733", "#a0459c", "#8a6d00")
_WAYS = len(_CLASSES)
_REACH, _CROSS = 1.15, 0.035


class PretrainingExplorer(DragExplorer):
    """Accuracies of a method over its trainings, and how its first training sees an episode.

    Nothing is trained: both come from saved files.

    Args:
        table: as ``benchmarks/meta_pretraining.py`` saves it, of one mixture.
        pictures: of episodes, by method, kind and K.

    Raises:
        ValueError: no picture belongs to the table.
    """

    def __init__(self, table: DataFrame, pictures: Mapping[PictureKey, Pictures]) -> None:
        accuracy = {
            (method, kind, int(shots)): Tensor(rows.sort_values("seed")["class means"].to_list())
            for (method, kind, shots), rows in table.groupby(["method", "kind", "shots"])
        }
        methods = [m for m in table.method.unique() if any(key[0] == m for key in pictures)]
        methods.sort(key=lambda method: method in BASELINES)  # they are drawn anyway
        if not methods:
            raise ValueError("no picture is of a method in the table: make both by one command")
        self.accuracy, self.pictures = accuracy, dict(pictures)
        kinds = list(table.kind.unique())
        shots = sorted(map(int, table.shots.unique()))
        episodes = len(next(iter(pictures.values())).support)
        super().__init__(
            {
                "method": choice("objective", methods, methods[0]),
                "kind": choice("kind of task", kinds, kinds[0]),
                "shots": stops_slider("examples K of a class", shots, shots[-1]),
                "episode": slider("episode", 1, 1, episodes),
            },
            handles={},
        )

    def view(self, *, method: str, kind: str, shots: int, episode: int) -> View:
        """Both panels; the numbers of the baselines beside those of the method."""
        note = said = ""
        if ("untrained", kind, shots) not in self.accuracy:
            shots = min(k for name, of, k in self.accuracy if (name, of) == ("untrained", kind))
            note = f"A task of this kind has K = {shots} alone. "
        rows, marks = [], list[Mark]()
        untrained = self.accuracy["untrained", kind, shots]
        trainings = list(range(1, len(untrained) + 1))
        looks = {name: (*look, 1.6) for name, look in BASELINES.items()}
        for name, (color, dash, width) in {**looks, method: (_CHOSEN, (), 2.6)}.items():
            values = self.accuracy.get((name, kind, shots))
            if values is None:
                note += f"The {name} cannot read this kind. "
                continue
            marks.append(Curve(trainings, values, color, name, width, dash))
            mean, half, _ = interval_over_tasks(values.double())
            more, over, _ = interval_over_tasks((values - untrained).double())
            rows.append([name, f"{mean:.1f} ± {half:.1f}", f"{more:+.1f} ± {over:.1f}"])
            if name == method:
                said = f"{method}: {mean:.1f} ± {half:.1f}. "
                marks += [
                    Dot(x, y, color, size=7)
                    for x, y in zip(trainings, values.tolist(), strict=True)
                ]
        ends = (trainings[0] - 0.3, trainings[-1] + 0.3)
        marks.append(Curve(ends, 2 * (100 / _WAYS,), INK, "a guess", 0.8, (1, 2)))
        picture = self.pictures.get((method, kind, shots))
        if picture is not None:
            marks += _episode(picture, episode - 1)
            right = picture.answered[episode - 1] == _labels(picture.answered[episode - 1])
            note += f"In this episode {int(right.sum())} of {len(right)} questions are right."
        table = Table(
            f"{kind}, K = {shots}: per cent right, over {len(trainings)} trainings",
            ("encoder", "mean and 95 % interval", "more than untrained"),
            rows[::-1],
        )
        alt = f"{table.caption}. {said}{note}"
        panels = (
            Panel(ends, (10, 100), "training", "per cent right", kind),
            Panel((-_REACH, _REACH), (-_REACH, _REACH), "", "", f"one episode, {method}", True),
        )
        return drag_view(Drawing(panels, marks), table, alt, note.strip())


def _labels(items: Tensor) -> Tensor:
    return torch.arange(len(items)) % _WAYS


def _episode(picture: Pictures, episode: int) -> list[Mark]:
    """Class means as large rings with a number, examples as discs, questions as small rings."""
    support, query = picture.support[episode], picture.query[episode]
    marks: list[Mark] = []
    for label, color in enumerate(_CLASSES):
        own = support[_labels(support) == label]
        x, y = own.mean(0).tolist()
        ring = "" if label else "class mean"
        marks.append(Dot(x, y, color, ring, 15, filled=False, panel=1, words=str(label + 1)))
        marks += [
            Dot(x, y, color, "" if label or i else "example", size=7, panel=1)
            for i, (x, y) in enumerate(own.tolist())
        ]
        marks += [
            Dot(x, y, color, "" if label or i else "question", size=5, filled=False, panel=1)
            for i, (x, y) in enumerate(query[_labels(query) == label].tolist())
        ]
    wrong = query[picture.answered[episode] != _labels(query)]
    if len(wrong):
        strokes = torch.tensor([[-1.0, -1.0], [1.0, 1.0], [torch.nan] * 2, [-1, 1], [1, -1]])
        strokes = F.pad(strokes, (0, 0, 0, 1), value=torch.nan) * _CROSS
        x, y = (wrong[:, None] + strokes).flatten(0, 1).T.tolist()
        marks.append(Curve(x, y, INK, "answered wrongly", 1.4, panel=1))
    return marks
