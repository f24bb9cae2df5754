"""The reader rates a few destinations, and sees what three methods then recommend."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from metalearn_lab.experiments.recommendation import (
    MELU,
    POPULARITY,
    RIDGE,
    ColdStart,
    Predict,
    Setting,
)
from metalearn_lab.explorers.controls import slider
from metalearn_lab.explorers.explorer import Explorer, Table, View, html_view, noted_table
from metalearn_lab.tasks.ratings import Users

RATED = ("Iceland", "Samoa", "Kenya", "Italy", "Japan", "Norway", "Bahamas")
"""Destinations that the reader may rate."""

NO_PLACES = {
    *("Pseudo-Accents", "Pseudo-Bidi", "Unknown Region", "Outlying Oceania"),
    *("European Union", "Eurozone", "United Nations"),
}
"""Names of Babel's list that nobody travels to: left out of the rankings."""

SHOWN = (POPULARITY, RIDGE, MELU)
LISTED = 10
"""Places of each ranking that are shown."""


class RecommendationExplorer(Explorer):
    """A slider for each of a few destinations: 0 for no rating, or 1 to 5.

    The table has the first places of the rankings of all other destinations, one column for each
    method, with the change of place against the popularity.

    Args:
        cold: the average user, and the names.
        methods: ``SHOWN``, trained.
        settings: by method and number of ratings, as chosen on validation users; the entry of the
            largest number that is not above the reader's is used.

    Raises:
        ValueError: a method is missing, or a destination is not among the items.
    """

    def __init__(
        self,
        cold: ColdStart,
        methods: Mapping[str, Predict],
        settings: Mapping[str, Mapping[int, Setting]],
    ) -> None:
        lacking = [name for name in SHOWN if name not in methods or name not in settings]
        unknown = sorted(set(RATED) - set(cold.world.names))
        if lacking or unknown:
            raise ValueError(
                f"methods with settings are needed for {', '.join(SHOWN)}, and items for "
                f"{', '.join(RATED)}; missing: {', '.join([*lacking, *unknown])}"
            )
        self.cold, self.methods, self.settings = cold, methods, settings
        self.numbers = {name: cold.world.names.index(name) for name in RATED}
        super().__init__({name: slider(name, 0, 0, 5) for name in RATED})

    def scores(self, method: str, ratings: Mapping[str, int]) -> dict[str, float]:
        """What a method predicts for every destination that has no rating yet.

        Args:
            method: one of ``SHOWN``.
            ratings: the reader's, 1 to 5, by name.
        """
        rated = [self.numbers[name] for name in ratings]
        names = self.cold.world.names
        left_out = {names.index(name) for name in NO_PLACES if name in names}.union(rated)
        others = [number for number in range(len(names)) if number not in left_out]
        values = torch.zeros(1, len(rated) + len(others))
        values[0, : len(rated)] = torch.tensor(list(ratings.values()), dtype=torch.float32)
        user = Users(torch.tensor([[*rated, *others]]), values)
        shots = len(rated)
        stop = max(stop for stop in self.settings[method] if stop <= shots)
        predicted = self.methods[method](user, shots, self.settings[method][stop])
        own = predicted[0, shots:].tolist()
        return {names[number]: score for number, score in zip(others, own, strict=True)}

    def ranking(self, method: str, ratings: Mapping[str, int]) -> list[str]:
        """The destinations without a rating, the best first."""
        scores = self.scores(method, ratings)
        return sorted(scores, key=lambda name: -scores[name])

    def likeness(self, method: str, ratings: Mapping[str, int], name: str) -> float:
        """How much the first places of a ranking are like a destination: the mean cosine.

        Args:
            method: one of ``SHOWN``.
            ratings: the reader's.
            name: the destination; features are compared.
        """
        features, names = self.cold.world.features, self.cold.world.names
        first = self.ranking(method, ratings)[:LISTED]
        rows = features[[names.index(each) for each in first]]
        own = features[names.index(name)][None]
        return torch.cosine_similarity(rows, own).mean().item()

    def view(self, **given: int) -> View:
        """The rankings after these ratings."""
        ratings = {name: value for name, value in given.items() if value}
        rankings = {method: self.ranking(method, ratings) for method in SHOWN}
        popular = {name: place for place, name in enumerate(rankings[POPULARITY])}
        rows = []
        for place in range(LISTED):
            names = [rankings[method][place] for method in SHOWN]
            rows.append([str(place + 1), *(_moved(name, popular[name] - place) for name in names)])
        caption = (
            f"The first {LISTED} of {len(popular)} destinations after {len(ratings)} ratings; in "
            "brackets, how many places further up than by popularity"
        )
        said = ", ".join(f"{name} {value}" for name, value in ratings.items())
        note = f"Your ratings: {said}." if said else "No rating yet: 0 means not rated."
        first = "; ".join(f"{method}: {rankings[method][0]}" for method in SHOWN)
        note = f"{note} First places: {first}."
        return html_view(noted_table(note, Table(caption, ("place", *SHOWN), rows)), note)


def _moved(name: str, places: int) -> str:
    return f"{name} ({places:+d})" if places else name
