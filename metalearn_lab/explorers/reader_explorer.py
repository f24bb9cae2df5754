"""Classify an unseen episode yourself, sentence by sentence, then see what methods made of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

from ipywidgets import Button, HBox, Label, Layout
from torch import Tensor, randperm

from metalearn_lab.comparison.world import World
from metalearn_lab.explorers.controls import slider, toggle
from metalearn_lab.explorers.explorer import Explorer, Table, View, html_view, table_html
from metalearn_lab.explorers.lifetime import weak_method
from metalearn_lab.tasks.episodes import Episode
from metalearn_lab.tasks.seeds import generator

YOU = "you"
"""What the reader is called among the rivals."""

_OPEN, _WRONG, _LETTERS = "–", "✗", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Score(NamedTuple):
    """How many sentences the reader and each rival have right.

    Attributes:
        right: by name, the reader's under ``YOU``; rivals alone where nothing is answered yet.
        sentences: out of how many: those that the reader has answered, or all if there are none.
    """

    right: dict[str, int]
    sentences: int


class ReaderExplorer(Explorer):
    """A button for each class, and controls for the episode and the sentence; answers are kept.

    Classes are shown as letters with their support sentences, without their names. An answer leads
    on to the next sentence that has none; the same button again takes it back. Truth, names of
    classes and rivals are shown once all sentences have an answer, or the reader uncovers them.

    Args:
        world: its test episodes are asked about.
        guesses: of each rival, by its title: predicted labels ``[episodes, queries]`` of the
            test episodes from the first; as many episodes can be picked as all rivals have.

    Attributes:
        answers: the reader's letter by number of the sentence, by episode.
        buttons: by letter.

    Raises:
        ValueError: more classes than letters, no rival, or guesses that are not one for each query
            of some episodes.
    """

    def __init__(self, world: World, guesses: Mapping[str, Tensor]) -> None:
        if world.ways > len(_LETTERS):
            raise ValueError(f"there are {len(_LETTERS)} letters for classes, got {world.ways}")
        if not guesses:
            raise ValueError("nobody to compare with: give the guesses of a rival or more")
        self.queries = world.ways * world.queries
        for name, labels in guesses.items():
            if labels.ndim != 2 or not len(labels) or labels.shape[1] != self.queries:
                raise ValueError(
                    f"guesses are [episodes, {self.queries}] for {world.queries} queries of each "
                    f"of {world.ways} classes, but those of {name!r} are {list(labels.shape)}"
                )
        self.world = world
        self.guesses = {name: labels.cpu() for name, labels in guesses.items()}
        self.answers: dict[int, dict[int, str]] = defaultdict(dict)
        self._sampler = world.row_sampler("test")
        self.buttons = {letter: _button(letter) for letter in _LETTERS[: world.ways]}
        episodes = min(map(len, guesses.values()))
        wrapped = Layout(flex_flow="row wrap", align_items="center")
        super().__init__(
            {
                "episode": slider("episode", 0, 0, episodes - 1),
                "sentence": slider("sentence", 1, 1, self.queries),
                "uncover": toggle("uncover the right classes", False),
            },
            [HBox([Label("your class:"), *self.buttons.values()], layout=wrapped)],
        )
        for button in self.buttons.values():
            button.on_click(weak_method(self._press))

    def order(self, episode: int) -> list[int]:
        """In which the query items are asked, so that their place tells nothing."""
        numbers = generator("reader's order", self.world.split_seed, episode)
        return randperm(self.queries, generator=numbers).tolist()

    def answer(self, letter: str) -> None:
        """Answer the sentence that is shown, or take this answer back if it was given already.

        Raises:
            ValueError: no class has this letter.
        """
        if letter not in self.buttons:
            raise ValueError(f"{letter!r} is none of the classes {', '.join(self.buttons)}")
        episode, sentence = (self.controls[name] for name in ("episode", "sentence"))
        given = self.answers[episode.value]
        if given.get(sentence.value) == letter:
            del given[sentence.value]
        else:
            given[sentence.value] = letter
            sentence.value = self._next_open(sentence.value)
        self.redraw()

    def score(self, episode: int) -> Score:
        """How many of the sentences that the reader has answered are right."""
        return self._score(self._sampler.episode(episode), episode)

    def redraw(self, change: Any = None) -> View:
        """Show what the controls say now; another episode begins at its first open sentence."""
        episode, sentence = (self.controls[name] for name in ("episode", "sentence"))
        if change is not None and change["owner"] is episode:
            sentence.value = self._next_open(0)
        given = self.answers[episode.value].get(sentence.value)
        for letter, button in self.buttons.items():
            button.button_style = "primary" if letter == given else ""
        return super().redraw(change)

    def view(self, *, episode: int, sentence: int, uncover: bool) -> View:
        """The sentence that is asked about, the support sentences, and in the end the truth."""
        drawn, given = self._sampler.episode(episode), self.answers[episode]
        row = int(drawn.query_rows[self.order(episode)[sentence - 1]])
        said = f"Sentence {sentence} of {self.queries}. You have answered {len(given)}."
        if letter := given.get(sentence):
            said += f" Your answer to this one is {letter}; press {letter} again to take it back."
        asked = f"<blockquote><strong>{escape(self._text(row))}</strong></blockquote>"
        if not uncover and len(given) < self.queries:
            support = table_html(self._support(drawn, list(self.buttons)))
            return html_view(f"<p>{said}</p>{asked}{support}", said)
        score = self._score(drawn, episode)
        names = [
            f"{letter}: {self.world.table.classes[label]}"
            for letter, label in zip(self.buttons, drawn.classes.tolist(), strict=True)
        ]
        tables = (self._support(drawn, names), self._truth(drawn, episode))
        html = f"<p>{said}</p>{table_html(_score_table(score))}{asked}"
        told = "; ".join(f"{name}: {right}" for name, right in score.right.items())
        summary = f"{said} Right answers to {score.sentences} sentences: {told}."
        return html_view(html + "".join(map(table_html, tables)), summary)

    def _press(self, button: Any) -> None:
        self.answer(button.description)

    def _next_open(self, sentence: int) -> int:
        """The first sentence after this one, and around, without an answer; this one if all have.

        Args:
            sentence: its number, or 0 to begin with the first.
        """
        given = self.answers[self.controls["episode"].value]
        following = ((sentence + i) % self.queries + 1 for i in range(self.queries))
        return next((each for each in following if each not in given), max(sentence, 1))

    def _text(self, row: int) -> str:
        return self.world.table.texts[row]

    def _score(self, drawn: Episode, episode: int) -> Score:
        order, given, truth = self.order(episode), self.answers[episode], drawn.task.query.y
        letters = list(self.buttons)
        items = [order[sentence - 1] for sentence in given] or order
        mine = sum(letters[truth[order[each - 1]]] == letter for each, letter in given.items())
        right = {n: int((g[episode] == truth)[items].sum()) for n, g in self.guesses.items()}
        return Score({YOU: mine, **right} if given else right, len(items))

    def _support(self, drawn: Episode, names: Sequence[str]) -> Table:
        labels = drawn.task.support.y.tolist()
        pairs = sorted(zip(labels, drawn.support_rows.tolist(), strict=True))
        rows = [(names[label], self._text(row)) for label, row in pairs]
        return Table("The support set", ("class", "sentence"), rows)

    def _truth(self, drawn: Episode, episode: int) -> Table:
        given, letters = self.answers[episode], list(self.buttons)
        rows = []
        for sentence, item in enumerate(self.order(episode), 1):
            right = letters[drawn.task.query.y[item]]
            guesses = (letters[labels[episode, item]] for labels in self.guesses.values())
            answers = (given.get(sentence, _OPEN), *guesses)
            marked = (a if a in (right, _OPEN) else f"{a} {_WRONG}" for a in answers)
            rows.append((self._text(int(drawn.query_rows[item])), right, *marked))
        caption = f"All sentences of the episode; {_WRONG} stands after a wrong class"
        return Table(caption, ("sentence", "right class", YOU, *self.guesses), rows)


def _button(letter: str) -> Button:
    return Button(description=letter, tooltip=f"class {letter}", layout=Layout(width="4em"))


def _score_table(score: Score) -> Table:
    rows = [(name, f"{right} of {score.sentences}") for name, right in score.right.items()]
    return Table("Right answers", ("who", "right"), rows)
