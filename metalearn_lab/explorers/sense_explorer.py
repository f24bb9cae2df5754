"""Choose a word and K, type a sentence with the word: which sense does each method give it?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from ipywidgets import Layout, Text
from torch import Tensor

from metalearn_lab.comparison.word_senses import Scores, SenseWorld
from metalearn_lab.explorers.controls import choice, slider
from metalearn_lab.explorers.explorer import Explorer, Table, View, html_view, noted_table
from metalearn_lab.tasks.types import Split

MOST_SHOTS = 5
LONGEST = 300
"""Letters of a typed sentence that are read."""

Encode = Callable[[Sequence[str]], Tensor]
"""Sentences to vectors, ``[sentences, dim]``."""


class SenseExplorer(Explorer):
    """A choice of a test word, a slider for K, and a line for a sentence of the reader's own.

    The first K sentences of each sense are the support set; each method says the sense of all
    others, and of the reader's sentence.

    Args:
        world: sentences, vectors and the split.
        methods: their scores, by name.
        encode: makes the vector of a typed sentence.
        words: to choose from; the test words if None.

    Raises:
        ValueError: no method.
    """

    def __init__(
        self,
        world: SenseWorld,
        methods: Mapping[str, Scores],
        encode: Encode,
        words: Sequence[str] | None = None,
    ) -> None:
        if not methods:
            raise ValueError("no method to ask: give at least one")
        self.world, self.methods, self.encode = world, dict(methods), encode
        chosen = list(world.parts["test"] if words is None else words)
        line = Text(
            value="",
            description="your sentence",
            continuous_update=False,
            style={"description_width": "initial"},
            layout=Layout(width="32em"),
        )
        super().__init__(
            {
                "word": choice("word", chosen, chosen[0]),
                "shots": slider("K", 1, 1, MOST_SHOTS),
                "sentence": line,
            }
        )

    def _split(self, word: str, shots: int) -> tuple[list[str], list[int], list[int], list[int]]:
        """The names of the senses; rows of the support; those of the others, with their senses."""
        table = self.world.table
        names = sorted({s for w, s in zip(table.words, table.senses, strict=True) if w == word})
        support, others, labels = [], [], []
        for number, name in enumerate(names):
            pairs = enumerate(zip(table.words, table.senses, strict=True))
            rows = [i for i, pair in pairs if pair == (word, name)]
            support += rows[:shots]
            others += rows[shots:]
            labels += [number] * len(rows[shots:])
        return names, support, others, labels

    def view(self, *, word: str, shots: int, sentence: str) -> View:
        """How many of the other sentences each method gets right, and what it says of this one."""
        names, support, others, labels = self._split(word, shots)
        x = self.world.x
        typed = " ".join(sentence.split())[:LONGEST]
        taught, rest = (x[torch.tensor(own).to(x.device)] for own in (support, others))
        new = [rest] + ([self.encode([typed]).to(x)] if typed else [])
        known = torch.arange(len(names)).repeat_interleave(shots).to(x.device)
        items, truth = torch.cat(new)[None], torch.tensor(labels)
        rows = []
        for name, scores in self.methods.items():
            said = scores(Split(taught[None], known[None]), items)[0].argmax(1).cpu()
            right = int((said[: len(others)] == truth).sum())
            own = names[int(said[-1])] if typed else "–"
            rows.append([name, f"{right} of {len(others)}", own])
        shown = self.world.table.sentences
        examples = "; ".join(
            f"{name}: “{shown[row]}”" for name, row in zip(names, support[::shots], strict=True)
        )
        yours = f"Your sentence: “{typed}”" if typed else "No sentence typed yet"
        note = f"{word}, K = {shots}. {yours}. The first sentence of each sense: {examples}"
        columns = ("method", "other sentences right", "your sentence")
        caption = f"The two senses of {word}, from {shots} of the sentences of each"
        return html_view(noted_table(note, Table(caption, columns, rows)), note)
