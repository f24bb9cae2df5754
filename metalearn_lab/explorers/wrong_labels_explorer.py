"""Turn labels of the support wrong: what is left of each classifier, and where class means go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from metalearn_lab.comparison.wrong_labels import with_wrong_labels
from metalearn_lab.evaluation.frozen_class_means import class_mean_cosines
from metalearn_lab.evaluation.intervals import interval_over_tasks
from metalearn_lab.explorers.controls import choice, slider, stops_slider
from metalearn_lab.explorers.drag_explorer import DragExplorer, drag_view
from metalearn_lab.explorers.explorer import Table, View
from metalearn_lab.figures.drawing import Curve, Dot, Drawing, Mark, Panel
from metalearn_lab.figures.style import INK
from metalearn_lab.tasks.types import Task, select_tasks

_LOOKS: Sequence[tuple[str, Sequence[float]]] = (
    ("#0072b2", ()),
    ("#b34d00", (6, 3)),
    ("#117733", (2, 2)),
    ("#a0459c", (8, 2, 2, 2)),
)
_CLASSES = ("#0072b2", "#d55e00", "#117733", "#a0459c", "#8a6d00")
_REACH, _CROSS = 1.15, 0.05


class WrongLabelsExplorer(DragExplorer):
    """Accuracies against the number of wrong labels, and one episode drawn in a plane.

    Nothing is trained or predicted anew but the class means of the drawn episode. Its plane is the
    one in which the class means with right labels lie farthest apart.

    Args:
        accuracy: by classifier and, for those that take steps, by the number of inner steps (0 for
            the others), ``[K + 1, tasks]`` each; four classifiers at most.
        tasks: the first of the same tasks, with right labels, on the CPU; they are drawn.
        ways: N, five at most.
        seed: of the wrong labels, as the accuracies were computed with.

    Raises:
        ValueError: more classifiers or classes than can be told apart, or accuracies of unequal
            shapes.
    """

    def __init__(
        self, accuracy: Mapping[str, Mapping[int, Tensor]], tasks: Task, *, ways: int, seed: int
    ) -> None:
        shapes = {tuple(each.shape) for by_steps in accuracy.values() for each in by_steps.values()}
        if len(shapes) != 1 or len(accuracy) > len(_LOOKS) or ways > len(_CLASSES):
            raise ValueError(
                f"at most {len(_LOOKS)} classifiers of {len(_CLASSES)} classes with accuracies of "
                f"one shape can be drawn, got {len(accuracy)} of {ways} with shapes {shapes}"
            )
        self.accuracy = {name: dict(by_steps) for name, by_steps in accuracy.items()}
        self.tasks, self.ways, self.seed = tasks, ways, seed
        self.shots = shapes.pop()[0] - 1
        stops = sorted({step for by_steps in accuracy.values() for step in by_steps if step})
        super().__init__(
            {
                "wrong": slider(f"wrong labels of {self.shots}", 0, 0, self.shots),
                "steps": stops_slider("inner steps of MAML", stops, stops[-1]),
                "reference": choice("compared with", list(accuracy), next(iter(accuracy))),
                "episode": slider("episode", 1, 1, len(tasks.query.y)),
            },
            handles={},
        )

    def view(self, *, wrong: int, steps: int, reference: str, episode: int) -> View:
        """Both panels, and the accuracies at the chosen number in a table."""
        marks: list[Mark] = [Curve((wrong, wrong), (0, 100), INK, "", 1.0)]
        shown = {name: by[steps if steps in by else 0] for name, by in self.accuracy.items()}
        rows = []
        for (name, values), (color, dash) in zip(shown.items(), _LOOKS, strict=False):
            means = 100 * values.mean(1)
            marks.append(Curve(range(self.shots + 1), means, color, name, 2.2, dash))
            marks.append(Dot(wrong, means[wrong].item(), color, size=7))
            own, gap = (
                interval_over_tasks(100 * each.double())
                for each in (values[wrong], values[wrong] - shown[reference][wrong])
            )
            less = "–" if name == reference else f"{gap.mean:+.1f} ± {gap.half_width:.1f}"
            rows.append([name, f"{own.mean:.1f} ± {own.half_width:.1f}", less])
        drawn, right, asked = self._episode(wrong, episode - 1)
        table = Table(
            f"{wrong} of {self.shots} labels of each class wrong: per cent right over "
            f"{len(values[0])} episodes",
            ("classifier", "mean and 95 % interval", f"more than {reference}"),
            rows,
        )
        note = f"In this episode class means answer {right} of {asked} questions rightly."
        panels = (
            Panel((0, self.shots), (0, 100), "wrong labels of each class", "per cent right"),
            Panel((-_REACH, _REACH), (-_REACH, _REACH), "", "", "one episode", True),
        )
        alt = f"{table.caption}. " + "; ".join(f"{row[0]} {row[1]}" for row in rows) + f". {note}"
        return drag_view(Drawing(panels, marks + drawn), table, alt, note)

    def _episode(self, wrong: int, index: int) -> tuple[list[Mark], int, int]:
        """Its marks, how many questions class means answer rightly, and of how many."""
        clean = select_tasks(self.tasks, slice(index, index + 1))
        noisy = with_wrong_labels(self.tasks, self.ways, wrong, self.seed)
        labels = noisy.support.y[index]
        cosines = class_mean_cosines(clean.support.x, labels[None], clean.query.x, self.ways)
        right = cosines.argmax(2)[0] == clean.query.y[0]
        places, asked = _plane(clean, self.ways)
        marks: list[Mark] = []
        for label, color in enumerate(_CLASSES[: self.ways]):
            own = places[labels == label]
            marks += [
                Dot(x, y, color, "" if label or i else "example, in its given colour", 7, panel=1)
                for i, (x, y) in enumerate(own.tolist())
            ]
            if len(own):
                x, y = own.mean(0).tolist()
                name = "" if label else "mean of a given class"
                marks.append(
                    Dot(x, y, color, name, 15, filled=False, panel=1, words=str(label + 1))
                )
            marks += [
                Dot(x, y, color, "" if label or i else "question", 5, filled=False, panel=1)
                for i, (x, y) in enumerate(asked[clean.query.y[0] == label].tolist())
            ]
        changed = places[labels != clean.support.y[0]]
        if len(changed):
            marks.append(_crosses(changed, "wrong label"))
        return marks, int(right.sum()), len(right)


def _plane(task: Task, ways: int) -> tuple[Tensor, Tensor]:
    """Places of support and query in the plane of the class means, within −1 and 1."""
    (x, y), query = task.support, task.query
    vectors = torch.nn.functional.normalize(torch.cat([x[0], query.x[0]]), dim=-1)
    means = torch.stack([vectors[: len(y[0])][y[0] == c].mean(0) for c in range(ways)])
    centre = means.mean(0)
    axes = torch.linalg.svd(means - centre, full_matrices=False).Vh[:2]
    places = (vectors - centre) @ axes.T
    places = places / places.abs().max()
    return places[: len(y[0])], places[len(y[0]) :]


def _crosses(places: Tensor, label: str) -> Curve:
    strokes = _CROSS * torch.tensor([[-1.0, -1.0], [1.0, 1.0], [torch.nan] * 2, [-1, 1], [1, -1]])
    strokes = torch.cat([strokes, torch.full((1, 2), torch.nan)])
    x, y = (places[:, None] + strokes).flatten(0, 1).T.tolist()
    return Curve(x, y, INK, label, 1.2, panel=1)
