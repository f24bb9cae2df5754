"""Chapter 13: the accuracies and the episode follow the wrong labels and every control."""

from __future__ import annotations

import pytest

from tests.browser.drag import DragOnPage

pytestmark = pytest.mark.parametrize("chapter", ["13_what_the_articles_say"], indirect=True)


def test_accuracies_follow_the_wrong_labels_and_every_control(chapter):
    explorer = DragOnPage(**vars(chapter.explorer("WrongLabelsExplorer")))

    def accuracies():
        return {name: float(mean.split(" ± ")[0]) for name, mean, _ in explorer.table()}

    explorer.says("0 of 10 labels of each class wrong")
    assert not explorer.marks("Curve", "wrong label")
    clean = accuracies()
    seen = [explorer.shown()]
    explorer.slide("wrong labels of 10", "ArrowRight", 4)
    explorer.says("4 of 10 labels of each class wrong")
    four = accuracies()
    assert four["nearest neighbour"] < clean["nearest neighbour"]
    [crosses] = explorer.marks("Curve", "wrong label")
    assert len(crosses["places"]) == 5 * 4 * 6, "six places a cross, four crosses a class"
    seen.append(explorer.shown())
    explorer.slide("wrong labels of 10", "End")
    assert max(accuracies().values()) < 30
    seen.append(explorer.shown())
    explorer.slide("wrong labels of 10", "Home")
    explorer.slide("wrong labels of 10", "ArrowRight", 4)
    explorer.slide("inner steps of MAML", "Home")
    one = accuracies()
    assert {name for name in one if one[name] != four[name]} == {"MAML"}
    seen.append(explorer.shown())
    explorer.choose_next("compared with")
    assert explorer.table()[1][2] == "–", "compared with the second, itself"
    seen.append(explorer.shown())
    explorer.slide("episode", "End")
    seen.append(explorer.shown())
    assert len(set(seen)) == len(seen)
    chapter.assert_nothing_failed()
