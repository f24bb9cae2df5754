"""Watch an unseen episode adapt: pick a learner and a step, see each sentence's class change."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from html import escape

from torch import Tensor

from metalearn_lab.comparison.world import World
from metalearn_lab.explorers.controls import learner_choice, number, slider
from metalearn_lab.explorers.explorer import Explorer, View, html_view, table_of_rows
from metalearn_lab.explorers.lifetime import weak_method
from metalearn_lab.figures.style import label_of
from metalearn_lab.learners.learner import Learner
from metalearn_lab.learners.predict_along import predict_along
from metalearn_lab.tasks.episodes import Episode
from metalearn_lab.tasks.types import stack_tasks

_LEFT = "text-align:left"  # JupyterLab aligns cells to the right


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
        self.world, self.learners, self.steps = world, dict(learners), steps
        self._sampler = world.sampler("test")
        self._predictions = lru_cache(maxsize=64)(weak_method(self._adapt))
        super().__init__(
            {
                "episode": number("episode", 0, 0, episodes - 1),
                "learner": learner_choice("learner", learners),
                "step": slider("inner step", 0, 0, steps),
            }
        )

    def view(self, *, episode: int, learner: str, step: int) -> View:
        """The episode's sentences with the classes predicted after ``step`` steps."""
        drawn_episode = self._sampler.episode(episode)
        predictions = self._predictions(episode, learner)
        right = predictions[step] == drawn_episode.task.query.y.cpu()
        summary = (
            f"{label_of(learner)}, unseen episode {episode}, after {step} of {self.steps} inner "
            f"steps: {int(right.sum())} of {len(right)} query sentences right"
        )
        html = (
            f"<p><strong>{escape(summary)}.</strong></p>"
            + self._support_table(drawn_episode)
            + self._query_table(drawn_episode, predictions[max(step - 1, 0)], predictions[step])
        )
        return html_view(html, summary)

    def _adapt(self, episode: int, learner: str) -> Tensor:
        """Predicted labels ``[steps + 1, queries]`` of one episode."""
        tasks = stack_tasks([self._sampler.episode(episode).task])
        return predict_along(self.learners[learner], tasks, self.steps)[0].argmax(-1).cpu()

    def _support_table(self, episode: Episode) -> str:
        labels, rows = episode.task.support.y.tolist(), episode.support_rows.tolist()
        lines = [
            f'<tr><td style="{_LEFT}">{label}</td>'
            f'<th scope="row" style="{_LEFT}">{escape(self._class_name(episode, label))}</th>'
            f'<td style="{_LEFT}">{escape(self.world.table.texts[row])}</td></tr>'
            for label, row in sorted(zip(labels, rows, strict=True))
        ]
        return table_of_rows(
            "<strong>Support: what it adapts on</strong>", ("label", "class", "sentence"), lines
        )

    def _query_table(self, episode: Episode, before: Tensor, after: Tensor) -> str:
        labels, rows = episode.task.query.y.tolist(), episode.query_rows.tolist()
        queries = zip(labels, rows, after.tolist(), before.tolist(), strict=True)
        lines = [self._query_line(episode, *query) for query in sorted(queries)]
        return table_of_rows(
            "<strong>Query: what it is asked</strong>",
            ("sentence", "predicted class", "right class", "verdict", "this step"),
            lines,
        )

    def _query_line(
        self, episode: Episode, label: int, row: int, predicted: int, predicted_before: int
    ) -> str:
        moved = predicted != predicted_before
        cells = (
            self._class_name(episode, predicted),
            self._class_name(episode, label),
            "✓ right" if predicted == label else "✗ wrong",
            f"↻ was {self._class_name(episode, predicted_before)}" if moved else "",
        )
        return (
            f'<tr><th scope="row" style="{_LEFT};font-weight:normal">'
            f"{escape(self.world.table.texts[row])}</th>"
            + "".join(
                f'<td style="{_LEFT};white-space:nowrap">{escape(cell)}</td>' for cell in cells
            )
            + "</tr>"
        )

    def _class_name(self, episode: Episode, label: int) -> str:
        return self.world.table.classes[int(episode.classes[label])]
