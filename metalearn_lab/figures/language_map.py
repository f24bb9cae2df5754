"""Languages as tasks: those with like n-grams stand near each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional as F

from metalearn_lab.figures.style import GREY, INK, house_style, new_figure
from metalearn_lab.tasks.language_names import LanguageSplit

PART_LOOKS = {
    "train": (GREY, "normal"),
    "validation": ("#0072b2", "normal"),
    "test": ("#d55e00", "bold"),
}
"""Colour and weight of a language's code, by the part that it is dealt to."""


def part_of_languages(split: LanguageSplit) -> dict[str, str]:
    """The part of each language, by its code."""
    return {language: part for part in PART_LOOKS for language in getattr(split, part)}


def places_of(profiles: Tensor) -> Tensor:
    """Places in the plane where rows with a large cosine stand near each other, ``[rows, 2]``.

    Args:
        profiles: ``[rows, dim]``, four rows or more.
    """
    from sklearn.manifold import TSNE

    unit = F.normalize(profiles.cpu(), dim=1)
    distances = (1 - unit @ unit.T).clamp_min(0).fill_diagonal_(0).numpy()
    near = min(8, (len(profiles) - 1) // 3)
    plane = TSNE(perplexity=near, metric="precomputed", init="random", random_state=0)
    return torch.from_numpy(plane.fit_transform(distances))


@house_style()
def language_map_figure(
    profiles: Tensor, languages: Sequence[str], panels: Mapping[str, Mapping[str, str]]
) -> Figure:
    """A panel for each way to deal the languages: their codes, coloured by the part.

    Args:
        profiles: of the languages, ``[languages, dim]``.
        languages: their codes.
        panels: by the panel's title, the part of each language (see ``PART_LOOKS``).

    Raises:
        ValueError: no panel.
    """
    if not panels:
        raise ValueError("no way to deal the languages: give at least one")
    places = places_of(profiles)
    figure, axes = new_figure(len(panels), width=5.2 * len(panels), height=6)
    for place, (title, part_of) in zip(axes, panels.items(), strict=True):
        place.scatter(places[:, 0], places[:, 1], s=0)
        for (x, y), language in zip(places.tolist(), languages, strict=True):
            color, weight = PART_LOOKS[part_of[language]]
            place.text(x, y, language, color=color, weight=weight, ha="center", va="center", size=8)
        place.set(title=title, xticks=[], yticks=[])
        handles = [
            place.plot([], [], "s", color=color, label=part)[0]
            for part, (color, _) in PART_LOOKS.items()
        ]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    figure.get_axes()[0].set_ylabel("near means: like n-grams", color=INK)
    return figure
