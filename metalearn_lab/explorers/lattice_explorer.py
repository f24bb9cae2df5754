"""Drag what three words say of themselves, turn τ, and see which path of tags is best."""

from __future__ import annotations

from itertools import product

import torch
from torch import Tensor

from metalearn_lab.experiments.tag_lattice import Abstract, path_score, transitions, viterbi
from metalearn_lab.explorers.controls import log_slider
from metalearn_lab.explorers.drag_explorer import DragExplorer, drag_view
from metalearn_lab.explorers.explorer import Table, View
from metalearn_lab.figures.drawing import Curve, Dot, Drawing, Handle, Mark, Panel, Place, Words
from metalearn_lab.figures.style import GREY, INK

TAGS = ("O", "PER", "LOC")
ABSTRACT = Abstract(start_o=0.8, o_o=0.9, i_o=0.6, i_same=0.35, i_other=0.05)
"""The transitions of the picture."""

EMISSIONS = ((0.30, 0.60, 0.10), (0.40, 0.25, 0.35), (0.80, 0.10, 0.10))
"""What the words say at first: a probability for each tag."""

_BEST, _ALONE = "#0072b2", "#b34d00"
_STEP = "a step, as wide as it is likely"
_LEAST = 0.01
_HEIGHT = (2.0, 1.0, 0.0)  # of each tag's row
_START = 1.5  # between two rows: the start has no tag
_COLUMNS = ((0, "start"), (1, "word 1"), (2, "word 2"), (3, "word 3"))
_SHOWN = 4


class LatticeExplorer(DragExplorer):
    """A slider for τ, and a handle for each word: its probabilities of O and of PER."""

    def __init__(self) -> None:
        super().__init__(
            {"temperature": log_slider("temperature τ", 1.0, -2.0, 0.0, 0.05)},
            handles={f"word {i}": (p[1], p[0]) for i, p in enumerate(EMISSIONS, 1)},
        )

    def view(self, *, temperature: float, **words: Place) -> View:
        """The lattice with both paths, the handles, and the best paths of all 27."""
        emissions = torch.stack([emission(place) for place in words.values()])
        table = transitions(ABSTRACT, len(TAGS) - 1, temperature)
        best, alone = viterbi(emissions, table), emissions.argmax(1).tolist()
        paths = list(product(range(len(TAGS)), repeat=len(emissions)))
        scores = {path: path_score(emissions, table, path) for path in paths}
        ranked = sorted(paths, key=scores.__getitem__, reverse=True)[:_SHOWN]
        rows = []
        for path in ranked:
            own = sum(emissions[i, tag].log().item() for i, tag in enumerate(path))
            rows.append(
                [_names(path), *(f"{n:.4f}" for n in (scores[path], own, scores[path] - own))]
            )
        caption = f"τ = {temperature:.3g}: the best {_SHOWN} of {len(paths)} paths"
        note = (
            f"Viterbi's path is {_names(best)}. Each word by itself says {_names(alone)}: "
            f"{'the same' if best == alone else 'another path'}."
        )
        columns = ("path", "log score", "from the words", "from the transitions")
        marks = [*_edges(table), *_nodes(emissions), *_paths(best, alone), *_triangle()]
        panels = (
            Panel(
                (-0.3, 3.5),
                (-0.3, 2.5),
                title="the lattice of tags",
                x_ticks=_COLUMNS,
                y_ticks=tuple(zip(_HEIGHT, TAGS, strict=True)),
            ),
            Panel((0, 1), (0, 1), "probability of PER", "probability of O", "what each word says"),
        )
        handles = [
            Handle(name, *_place(p), INK, "a word: drag it", panel=1)
            for name, p in zip(words, emissions, strict=True)
        ]
        marks += [
            Words(x + 0.04, y + 0.03, name, panel=1)
            for name, (x, y) in zip(words, map(_place, emissions), strict=True)
        ]
        alt = f"{caption}. {note} " + "; ".join(f"{row[0]} {row[1]}" for row in rows)
        return drag_view(Drawing(panels, marks, handles), Table(caption, columns, rows), alt, note)


def emission(place: Place) -> Tensor:
    """Probabilities of O, PER and LOC; a place outside of the triangle is taken to its edge."""
    person, outside = place
    given = torch.tensor([outside, person, 1 - outside - person], dtype=torch.float64)
    given = given.clamp(min=_LEAST)
    return given / given.sum()


def _place(probabilities: Tensor) -> Place:
    return probabilities[1].item(), probabilities[0].item()


def _names(path: list[int] | tuple[int, ...]) -> str:
    return " ".join(TAGS[tag] for tag in path)


def _edges(table: Tensor) -> list[Mark]:
    """All steps, as wide as they are likely; the start stands at 0, the words at 1, 2 and 3."""
    marks: list[Mark] = []
    for word in (1, 2, 3):
        before = [(height, tag + 1) for tag, height in enumerate(_HEIGHT)]
        for y, row in before if word > 1 else [(_START, 0)]:
            for tag, height in enumerate(_HEIGHT):
                width = 0.3 + 5 * table[row, tag].item()
                marks.append(Curve((word - 1, word), (y, height), "#b9b9b9", _STEP, width))
    return marks


def _nodes(emissions: Tensor) -> list[Mark]:
    marks: list[Mark] = [Dot(0, _START, GREY, size=6)]
    for word, probabilities in enumerate(emissions.tolist(), 1):
        for p, height in zip(probabilities, _HEIGHT, strict=True):
            marks.append(Dot(word, height, GREY, size=4 + 16 * p**0.5, words=f"{p:.2f}"))
    return marks


def _paths(best: list[int], alone: list[int]) -> list[Mark]:
    across = (0, 1, 2, 3)
    heights = [(_START, *(_HEIGHT[tag] for tag in path)) for path in (best, alone)]
    return [
        Curve(across, heights[0], _BEST, "Viterbi's best path", 3.5),
        Curve(across, heights[1], _ALONE, "each word's best tag", 2.0, (3, 2)),
    ]


def _triangle() -> list[Mark]:
    return [
        Curve((0, 1), (1, 0), GREY, "", 1.0, panel=1),
        Words(0.02, 0.05, "LOC", GREY, panel=1),
        Words(0.86, 0.05, "PER", GREY, panel=1),
        Words(0.02, 0.95, "O", GREY, panel=1),
    ]
