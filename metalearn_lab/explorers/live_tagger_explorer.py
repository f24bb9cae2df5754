"""One sentence is tagged while tagged sentences are added to the support."""

from __future__ import annotations

from html import escape

import torch

from metalearn_lab.evaluation.span_score import count_spans, micro
from metalearn_lab.experiments.entity_lab import (
    Embed,
    nearest_scores,
    prototype_scores,
    tags_of_labels,
    token_labels,
)
from metalearn_lab.experiments.tag_lattice import Abstract, transitions, viterbi
from metalearn_lab.explorers.controls import choice, log_slider, slider
from metalearn_lab.explorers.explorer import Explorer, Table, View, html_view, table_html
from metalearn_lab.tasks.tagged_sentences import TaggedSentence
from metalearn_lab.tasks.token_episodes import TokenEpisode

PROTOTYPES, NEAREST, PATH = "class means", "NNShot", "StructShot"
_COLORS = ("#ffffff", "#cfe5f5", "#fbe0c8", "#d5efdd")


class LiveTaggerExplorer(Explorer):
    """Sliders for the support and the sentence, the way to tag, and its τ.

    All vectors are computed at the start; a move takes distances alone.

    Args:
        episode: three types, its support and its query.
        embed: vectors of words.
        abstract: how tags follow each other in training.
    """

    def __init__(self, episode: TokenEpisode, embed: Embed, abstract: Abstract) -> None:
        self.episode, self.abstract = episode, abstract
        with torch.no_grad():
            self._support = [embed([sentence]).cpu() for sentence in episode.support]
            self._query = [embed([sentence]).cpu() for sentence in episode.query]
        super().__init__(
            {
                "count": slider("support sentences", 1, 1, len(episode.support)),
                "number": slider("new sentence", 1, 1, len(episode.query)),
                "way": choice("tagger", [PROTOTYPES, NEAREST, PATH], NEAREST),
                "temperature": log_slider("τ of StructShot", 0.01, -3.0, 0.0, 0.25),
            }
        )

    def tags(self, count: int, number: int, way: str, temperature: float) -> list[str]:
        """Of new sentence ``number``, from 1, with the first ``count`` support sentences."""
        types, support = self.episode.types, self.episode.support[:count]
        sentence = self.episode.query[number - 1]
        score = prototype_scores if way == PROTOTYPES else nearest_scores
        vectors, labels = torch.cat(self._support[:count]), token_labels(support, types)
        scores = score(vectors, labels, self._query[number - 1], 1 + len(types)).double()
        if way == PATH:
            table = transitions(self.abstract, len(types), temperature)
            # A type that the support has not shown yet has no score, and log 0 is no number.
            labels_ = viterbi(scores.softmax(1).clamp(min=1e-12), table)
        else:
            labels_ = scores.argmax(1).tolist()
        return tags_of_labels(labels_, [sentence], types)[0]

    def view(self, *, count: int, number: int, way: str, temperature: float) -> View:
        """The support so far, the sentence with its tags, and how many of its spans are right."""
        sentence = self.episode.query[number - 1]
        tags = self.tags(count, number, way, temperature)
        counts = micro(count_spans([sentence.tags], [tags]))
        caption = f"{way}, {count} support sentences: {counts.right} of {counts.gold} names right"
        caption += f", {counts.predicted - counts.right} spans wrong (τ is {temperature:.3g})"
        rows = [("true", *map(_shown, sentence.tags)), ("predicted", *map(_shown, tags))]
        table = table_html(Table(caption, ("word", *sentence.words), rows))
        support = "".join(
            f"<li>{self._colored(each)}</li>" for each in self.episode.support[:count]
        )
        newest = f"<p>New: {self._colored(sentence._replace(tags=tuple(tags)))}</p>"
        html = f"{newest}{table}<p>Support:</p><ol>{support}</ol>"
        return html_view(html, caption)

    def _colored(self, sentence: TaggedSentence) -> str:
        words = []
        for word, tag in zip(sentence.words, sentence.tags, strict=True):
            kind = tag[2:]
            color = _COLORS[1 + self.episode.types.index(kind)] if kind else _COLORS[0]
            mark = f"<sub>{escape(kind)}</sub>" if kind else ""
            words.append(
                f'<span style="background:{color};color:#1a1a1a">{escape(word)}{mark}</span>'
            )
        return " ".join(words)


def _shown(tag: str) -> str:
    return tag[2:] or "O"
