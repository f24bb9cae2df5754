"""Ask a desk, teach it an intent by a few sentences, and move the bar under which nothing fits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from html import escape
from typing import Any

from ipywidgets import Button, Layout, Text, Textarea, VBox

from metalearn_lab.experiments.desk import Desk, DeskError
from metalearn_lab.explorers.controls import float_slider
from metalearn_lab.explorers.explorer import Explorer, Table, View, html_view, table_html
from metalearn_lab.explorers.lifetime import weak_method


class DeskExplorer(Explorer):
    """A line to ask, fields to teach, and a slider for the threshold; nothing is trained.

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
            {
                "sentence": line,
                "threshold": float_slider("threshold", round(desk.threshold, 1), -40.0, 0.0, 0.1),
            },
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

    def view(self, *, sentence: str, threshold: float) -> View:
        """The answer, the scores of all intents, and the nearest sentences."""
        said = f'<p role="alert"><b>Not taught: {escape(self.problem)}.</b></p>' * bool(
            self.problem
        )
        try:
            answer = replace(self.desk, threshold=threshold).ask(sentence)
        except DeskError as error:
            return html_view(f"{said}<p><b>{escape(str(error))}.</b></p>", str(error))
        head = "no intent fits" if answer.intent is None else answer.intent
        caption = f"“{sentence}”: {head}, with the threshold at {threshold:.1f}"
        rows = [(n, f"{score:.1f}", _fits(score >= threshold)) for n, score in answer.scores]
        scores = table_html(Table(caption, ("intent", "score", "fits"), rows))
        near = [(text, f"{cosine:.2f}") for text, cosine in answer.similar]
        nearest = table_html(Table("Nearest sentences", ("sentence", "cosine"), near))
        reply = f"<p>Reply: {escape(answer.reply)}</p>" if answer.reply else ""
        return html_view(f"{said}{scores}{reply}{nearest}", caption)


def _field(kind: type, label: str, value: str) -> Any:
    style = {"description_width": "9em"}
    return kind(value=value, description=label, style=style, layout=Layout(width="30em"))


def _fits(fits: bool) -> str:
    return "yes" if fits else "no"
