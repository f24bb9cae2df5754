"""Drag λ, the share of a new author's own model, and see the bits per character of three texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch

from metalearn_lab.experiments.author_mixture import (
    Mixable,
    author_task,
    left_out,
    on_query,
    on_support,
    share_by_em,
)
from metalearn_lab.explorers.controls import choice, slider, stops_slider
from metalearn_lab.explorers.drag_explorer import DragExplorer, drag_view
from metalearn_lab.explorers.explorer import Table, View
from metalearn_lab.figures.drawing import Curve, Dot, Drawing, Handle, Mark, Panel, Place, Words
from metalearn_lab.figures.style import GREY, INK
from metalearn_lab.models.ngram import NGram

OWN, OTHERS, QUERY = "the support itself", "support, each sentence left out", "new sentences"
COLORS = {OWN: "#b34d00", OTHERS: "#0072b2", QUERY: INK}
SHOTS = (5, 10, 20, 40, 80)
SHARES = [i / 50 for i in range(51)]

_BITS = Panel((0.0, 1.0), (0.0, 3.5), "λ, share of the author's model", "bits per character")
_SHOWN = 26
_LETTERS = Panel((-0.7, _SHOWN), (-1.6, 10.0), "", "bits", "one new sentence, letter by letter")


class _Case(NamedTuple):
    """An author and K: the texts under both models, and what a move does not change."""

    texts: dict[str, Mixable]
    curves: dict[str, list[float]]
    sentences: tuple[str, ...]
    chosen: float


class AuthorMixtureExplorer(DragExplorer):
    """A handle for λ; the curves of three texts, and the letters of one new sentence.

    Everything that depends on author and K is computed at the start.

    Args:
        general: model of the training authors.
        authors: that can be chosen.
        seed: of the drawn sentences.
        shots: K that can be chosen.
        share: λ at first.
    """

    def __init__(
        self,
        general: NGram,
        authors: Sequence[str],
        seed: int = 0,
        shots: Sequence[int] = SHOTS,
        share: float = 0.5,
    ) -> None:
        self.cases = {(a, k): _case(general, a, k, seed) for a in authors for k in shots}
        middle = shots[len(shots) // 2]
        super().__init__(
            {
                "author": choice("author", list(authors), authors[0]),
                "shots": stops_slider("support sentences K", shots, middle),
                "sentence": slider("new sentence", 1, 1, 20),
            },
            handles={"λ": (share, 1.1)},
        )

    def view(self, *, author: str, shots: int, sentence: int, λ: Place) -> View:
        """Curves with the chosen λ, the letters of the sentence, and the bits in numbers."""
        case, share = self.cases[author, shots], λ[0]
        marks: list[Mark] = []
        rows = []
        for name, text in case.texts.items():
            curve = case.curves[name]
            dash = (4, 2) if name == OWN else ()
            marks.append(Curve(SHARES, curve, COLORS[name], name, 2.0, dash))
            marks.append(Dot(share, text.bits(share), COLORS[name], size=7, filled=False))
            lowest = min(range(len(curve)), key=curve.__getitem__)
            numbers = (curve[0], text.bits(share), curve[-1])
            rows.append([name, *(f"{bits:.3f}" for bits in numbers), f"{SHARES[lowest]:.2f}"])
        chosen = (case.chosen, case.texts[OTHERS].bits(case.chosen))
        marks.append(Dot(*chosen, COLORS[OTHERS], "λ by EM", size=9))
        marks += _letters(case, sentence - 1, share)
        table = Table(
            f"Bits per character, {author}, K = {shots}",
            ("text", "λ = 0", f"λ = {share:.2f}", "λ = 1", "lowest at λ"),
            rows,
        )
        bits = case.texts[QUERY].bits
        note = (
            f"EM on left-out sentences takes λ = {case.chosen:.2f}: new sentences then cost "
            f"{bits(case.chosen):.3f} bits per character, without the author's model "
            f"{bits(0.0):.3f}."
        )
        handle = Handle("λ", share, λ[1], INK, "λ: drag it", moves="x")
        alt = f"{table.caption}; λ is {share:.2f}. {note}"
        return drag_view(Drawing((_BITS, _LETTERS), marks, (handle,)), table, alt, note)


def _case(general: NGram, author: str, shots: int, seed: int) -> _Case:
    task = author_task(author, shots, seed)
    others = left_out(general, task)
    texts = {OWN: on_support(general, task), OTHERS: others, QUERY: on_query(general, task)}
    curves = {name: [text.bits(share) for share in SHARES] for name, text in texts.items()}
    return _Case(texts, curves, task.query, share_by_em(others))


def _letters(case: _Case, number: int, share: float) -> list[Mark]:
    """The first letters of a sentence, with their bits under the general model and the mixture."""
    first = sum(len(each) + 1 for each in case.sentences[:number])
    letters = case.sentences[number][:_SHOWN]
    part = Mixable(*(each[first : first + len(letters)] for each in case.texts[QUERY]))
    across = list(range(len(letters)))
    marks: list[Mark] = [
        Words(i - 0.3, -0.8, "␣" if letter == " " else letter, panel=1)
        for i, letter in enumerate(letters)
    ]
    general, mixed = (-torch.log2(part.mixed(each)) for each in (0.0, share))
    marks.append(Curve(across, general.tolist(), GREY, "general model", 1.5, (1, 1), panel=1))
    marks.append(Curve(across, mixed.tolist(), COLORS[OTHERS], "mixture", 2.5, panel=1))
    return marks
