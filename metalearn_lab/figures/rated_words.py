"""What ten people gave to a few words: a disc for each rating, larger where more people gave it."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from metalearn_lab.figures.style import INK, house_style, new_figure
from metalearn_lab.tasks.rated_words import HIGHEST, LOWEST, RatedWords

COLOR = "#0072b2"
_AREA = 28
"""Of one person's disc."""


@house_style()
def rated_words_figure(rated: RatedWords, words: Sequence[str]) -> Figure:
    """A row for each word: its ratings as discs, their mean as a line.

    Args:
        rated: all words.
        words: which are drawn, the first on top.

    Raises:
        ValueError: no words, or one that has no ratings.
    """
    unknown = [word for word in words if word not in rated.words]
    if unknown or not words:
        raise ValueError(f"words with ratings are needed; without ratings: {unknown}")
    figure, [axes] = new_figure(1, width=6.6, height=0.42 * len(words) + 1.0)
    for place, word in enumerate(words):
        own = rated.ratings[rated.words.index(word)]
        values, counts = own.unique(return_counts=True)
        axes.scatter(values, [place] * len(values), s=_AREA * counts, color=COLOR)
        mean = own.double().mean().item()
        axes.plot([mean, mean], [place - 0.35, place + 0.35], color=INK)
    axes.set_yticks(range(len(words)), words)
    axes.set(xlim=(LOWEST - 0.5, HIGHEST + 0.5), ylim=(len(words) - 0.5, -0.6))
    axes.set_xlabel("rating (disc area: how many of ten ratings; line: their mean)")
    return figure
