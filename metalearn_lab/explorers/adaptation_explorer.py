"""Watch an unseen episode adapt: pick a learner and a step, see each sentence's class change."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from html import escape

from torch import Tensor

from metalearn_lab.comparison.world import World
from metalearn_lab.explorers.controls import choice, number, slider
from metalearn_lab.explorers.explorer import Explorer, View, html_view
from metalearn_lab.explorers.lifetime import weakly
from metalearn_lab.figures.style import label_of
from metalearn_lab.learners.learner import Learner
from metalearn_lab.learners.predict_along import predict_along
from metalearn_lab.tasks.episodes import Episode
from metalearn_lab.tasks.types import stack_tasks

_LEFT = "text-align:left"  # JupyterLab aligns cells to the right
_MARKS = {True: "✓ right", False: "✗ wrong"}


class AdaptationExplorer(Explorer):
    """Predicted class of every query sentence of a test episode after 0…k inner steps.

    Moving the step indexes a trace; another episode or learner adapts once and is kept.

    Args:
        world: its test episodes are shown.
        learners: trained learners, by the names of the comparison.
        steps: k, the last step of the slider.
        episodes: how many episodes can be picked.

    Raises:
        ValueError: no learners.
    """

    def __init__(
        self, world: World, learners: Mapping[str, Learner], *, steps: int, episodes: int = 600
    ) -> None:
        if not learners:
            raise ValueError("no learners to explore: give at least one, trained")
        self.world, self.learners, self.steps = world, dict(learners), steps
        self._sampler = world.sampler("test")
        self._trace = lru_cache(maxsize=64)(weakly(self._adapt))
        first = next(iter(learners))
        super().__init__(
            {
                "episode": number("episode", 0, 0, episodes - 1),
                "learner": choice("learner", {label_of(name): name for name in learners}, first),
                "step": slider("inner step", 0, 0, steps),
            }
        )

    def view(self, *, episode: int, learner: str, step: int) -> View:  # type: ignore[override]
        """The episode's sentences with the classes predicted after ``step`` steps."""
        drawn, trace = self._sampler.episode(episode), self._trace(episode, learner)
        right = trace[step] == drawn.task.query.y.cpu()
        summary = (
            f"{label_of(learner)}, unseen episode {episode}, after {step} of {self.steps} inner "
            f"steps: {int(right.sum())} of {len(right)} query sentences right"
        )
        parts = [
            f"<p><strong>{escape(summary)}.</strong></p>",
            self._support(drawn),
            self._queries(drawn, trace, step),
        ]
        return html_view("".join(parts), summary)

    def _adapt(self, episode: int, learner: str) -> Tensor:
        """Predicted labels ``[steps + 1, queries]`` of one episode."""
        task = self._sampler.episode(episode).task
        outputs = predict_along(self.learners[learner], stack_tasks([task]), self.steps)
        return outputs[0].argmax(-1).cpu()

    def _support(self, drawn: Episode) -> str:
        rows = zip(drawn.task.support.y.tolist(), drawn.support_rows.tolist(), strict=True)
        lines = [
            f'<tr><td style="{_LEFT}">{label}</td>'
            f'<th scope="row" style="{_LEFT}">{escape(self._name(drawn, label))}</th>'
            f'<td style="{_LEFT}">{escape(self.world.table.texts[row])}</td></tr>'
            for label, row in sorted(rows)
        ]
        return _table("Support: what it adapts on", ("label", "class", "sentence"), lines)

    def _queries(self, drawn: Episode, trace: Tensor, step: int) -> str:
        truths, texts = drawn.task.query.y.tolist(), drawn.query_rows.tolist()
        before = trace[max(step - 1, 0)].tolist()
        lines = [
            self._query(drawn, row, truth, said, was)
            for truth, row, said, was in sorted(
                zip(truths, texts, trace[step].tolist(), before, strict=True)
            )
        ]
        columns = ("sentence", "predicted class", "right class", "verdict", "this step")
        return _table("Query: what it is asked", columns, lines)

    def _query(self, drawn: Episode, row: int, truth: int, said: int, was: int) -> str:
        moved = f"↻ was {self._name(drawn, was)}" if said != was else ""
        cells = (self._name(drawn, said), self._name(drawn, truth), _MARKS[said == truth], moved)
        sentence = escape(self.world.table.texts[row])
        return (
            f'<tr><th scope="row" style="{_LEFT};font-weight:normal">{sentence}</th>'
            + "".join(
                f'<td style="{_LEFT};white-space:nowrap">{escape(cell)}</td>' for cell in cells
            )
            + "</tr>"
        )

    def _name(self, drawn: Episode, label: int) -> str:
        return self.world.table.classes[int(drawn.classes[label])]


def _table(caption: str, columns: tuple[str, ...], lines: list[str]) -> str:
    head = "".join(f'<th scope="col" style="{_LEFT}">{column}</th>' for column in columns)
    return (
        f'<table><caption style="{_LEFT}"><strong>{caption}</strong></caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
    )
