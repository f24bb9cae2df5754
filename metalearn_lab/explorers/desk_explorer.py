"""Ask a desk, teach it an intent by a few sentences, and drag the bar under which nothing fits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ipywidgets import Button, Layout, Text, Textarea, VBox

from metalearn_lab.experiments.desk import Desk, DeskError
from metalearn_lab.explorers.drag_explorer import DragExplorer, drag_view
from metalearn_lab.explorers.explorer import Table, View
from metalearn_lab.explorers.lifetime import weak_method
from metalearn_lab.figures.drawing import Curve, Dot, Drawing, Handle, Mark, Panel, Place, Words
from metalearn_lab.figures.style import GREY, INK

LOWEST = -40.0
"""The left end of the picture; a lower score is drawn there."""
SHOWN = 8
"""Intents in the picture, the best first."""
_FITS = "#0072b2"
_HANDLE_Y = -0.7


class DeskExplorer(DragExplorer):
    """A line to ask, fields to teach, and the threshold as a handle; nothing is trained.

    Args:
        desk: what it begins with.
        sentence: asked at first.
        lesson: in the fields to teach at first: name, sentences, reply.

    Attributes:
        desk: with all that it was taught.
        problem: why the last lesson was refused, or nothing.
        fields: of the lesson, by name.
    """

    def __init__(
        self,
        desk: Desk,
        sentence: str,
        lesson: tuple[str, Sequence[str], str] = ("", (), ""),
    ) -> None:
        self.desk, self.problem = desk, ""
        name, sentences, reply = lesson
        self.fields: dict[str, Any] = {
            "name": _field(Text, "new intent", name),
            "sentences": _field(Textarea, "its sentences", "\n".join(sentences)),
            "reply": _field(Text, "its reply", reply),
        }
        self.teach_button = Button(description="teach the desk")
        self.teach_button.on_click(weak_method(self._press))
        line = _field(Text, "your sentence", sentence)
        line.continuous_update = False
        super().__init__(
            {"sentence": line},
            {"threshold": (max(desk.threshold, LOWEST), _HANDLE_Y)},
            [VBox([*self.fields.values(), self.teach_button])],
        )

    def teach(self) -> None:
        """Teach what the fields say; what the desk cannot take is said in the view."""
        name, sentences, reply = (each.value for each in self.fields.values())
        lines = [line for line in sentences.splitlines() if line.strip()]
        try:
            self.desk, self.problem = self.desk.taught(name, lines, reply), ""
        except DeskError as error:
            self.problem = str(error)
        self.redraw()

    def _press(self, _: object) -> None:
        self.teach()

    def view(self, *, sentence: str, threshold: Place) -> View:
        """The scores of the intents beside the threshold, the reply, the nearest sentence."""
        bar = threshold[0]
        said = f"Not taught: {self.problem}. " if self.problem else ""
        scores: Sequence[tuple[str, float]] = ()
        try:
            answer = replace(self.desk, threshold=bar).ask(sentence)
        except DeskError as error:
            caption = f"{error}; the threshold is {bar:.1f}"
        else:
            head = "no intent fits" if answer.intent is None else answer.intent
            caption = f"“{sentence}”: {head}, with the threshold at {bar:.1f}"
            scores = answer.scores
            said += f"Reply: {answer.reply} " if answer.reply else ""
            said += "".join(f"Nearest sentence: {t} ({c:.2f})." for t, c in answer.similar[:1])
        rows = [(name, f"{score:.1f}", _fits(score >= bar)) for name, score in scores]
        table = Table(caption, ("intent", "score", "fits"), rows)
        top = max(4, min(len(scores), SHOWN))
        marks: list[Mark] = [Curve((bar, bar), (-1, top), GREY, "", 1.5, (4, 2))]
        for y, (name, score) in enumerate(reversed(scores[:SHOWN])):
            x, fits = max(score, LOWEST), score >= bar
            label = "fits" if fits else "does not fit"
            marks.append(Curve((LOWEST, x), (y, y), "#dddddd", "", 1.5))
            marks.append(Dot(x, y, _FITS if fits else GREY, label, size=9, filled=fits))
            marks.append(Words(LOWEST + 0.5, y + 0.2, name))
        panel = Panel((LOWEST, 1), (-1, top), "score −‖f(x) − p‖²", "", "intents, best on top")
        handle = Handle("threshold", bar, _HANDLE_Y, INK, "threshold: drag it", moves="x")
        return drag_view(Drawing((panel,), marks, (handle,)), table, f"{caption}. {said}", said)


def _field(kind: type, label: str, value: str) -> Any:
    style = {"description_width": "9em"}
    return kind(value=value, description=label, style=style, layout=Layout(width="30em"))


def _fits(fits: bool) -> str:
    return "yes" if fits else "no"
