"""Chapter 17: what is recommended follows every rating of the reader."""

from __future__ import annotations

import pytest

from metalearn_lab.explorers.recommendation_explorer import RATED

pytestmark = pytest.mark.parametrize("chapter", ["17_recommendation"], indirect=True)


def names(explorer, column):
    return [row[column].partition(" (")[0] for row in explorer.table()]


def test_recommendations_follow_every_slider(chapter):
    explorer = chapter.explorer("RecommendationExplorer")
    explorer.says("No rating yet")
    seen = [explorer.shown()]
    popular = names(explorer, 1)
    assert names(explorer, 2) == popular, "without ratings, ridge has nothing to fit"
    for count, name in enumerate(RATED, 1):
        explorer.slide(name, "End" if name in ("Samoa", "Bahamas") else "ArrowRight")
        explorer.says(f"after {count} rating")
        seen.append(explorer.shown())
    explorer.says("Samoa 5")
    assert len(set(seen)) == len(seen)
    left = [name for name in popular if name not in RATED]
    assert names(explorer, 1)[: len(left)] == left, "popularity does not listen to one user"
    assert names(explorer, 2) != names(explorer, 1)
    chapter.assert_nothing_failed()
