"""Chapter 05: learners on a dragged task, and frozen layers, follow every control."""

from __future__ import annotations

import re

import pytest

from tests.browser.drag import DragOnPage

pytestmark = pytest.mark.parametrize("chapter", ["05_adaptation_lab"], indirect=True)

SEVEN = 7


def test_all_learners_follow_the_task_that_is_dragged(chapter):
    explorer = DragOnPage(**vars(chapter.explorer("OneTaskExplorer")))
    start = explorer.table()
    assert len(start) == SEVEN
    assert [row[0] for row in start][2] == "MAML"
    seen = [explorer.shown()]

    explorer.drag("crest", 2.5, 2.0)
    x, y = explorer.handle("crest")
    assert f"x = {x:.2f}, y = {y:.2f}" in (explorer.canvas.get_attribute("aria-label") or "")
    assert all(row[1:] != was[1:] for row, was in zip(explorer.table(), start, strict=True))
    [truth] = explorer.marks("Curve", "the new task")
    assert max(place[1] for place in truth["places"]) == pytest.approx(y, abs=0.01)
    seen.append(explorer.shown())
    dragged = explorer.table()

    explorer.slide("inner step", "Home")
    assert all(row[1] == row[2] for row in explorer.table()), "after 0 steps is before"
    seen.append(explorer.shown())
    explorer.slide("inner step", "End")
    assert all(row[2] == row[3] for row in explorer.table()), "the last step is the last"
    assert [row[1] for row in explorer.table()] == [row[1] for row in dragged]
    seen.append(explorer.shown())

    explorer.choose_next("drawn thick")
    assert [row[1] for row in explorer.table()] == [row[1] for row in dragged], "losses are of all"
    seen.append(explorer.shown())
    explorer.slide("support points no.", "ArrowRight")
    seen.append(explorer.shown())
    assert len(set(seen)) == len(seen)
    chapter.assert_nothing_failed()


def mean(cell):
    return float(cell.split()[0])


def test_frozen_layers_keep_their_features(chapter):
    explorer = chapter.explorer("LayerFreezeExplorer")
    assert explorer.table()[0] == ["layer 1", "frozen", "1.00 ± 0.00"]
    assert explorer.table()[1] == ["layer 2", "frozen", "1.00 ± 0.00"]
    assert mean(explorer.table()[2][2]) < 1, "the head moves on the same features"
    seen = [explorer.picture()]
    explorer.toggle("layer 2 adapts")
    assert explorer.table()[1][1] == "moves"
    seen.append(explorer.picture())
    explorer.toggle("layer 2 adapts")
    explorer.toggle("head adapts")
    assert [row[2] for row in explorer.table()] == ["1.00 ± 0.00"] * 3
    before, after = re.findall(r"(\S+ ± \S+) (?:before|after)", explorer.alt())
    assert before == after, "nothing moves, nothing changes"
    seen.append(explorer.picture())

    explorer.toggle("head adapts")
    explorer.slide("inner step", "Home")
    assert [row[2] for row in explorer.table()] == ["1.00 ± 0.00"] * 3, "no step yet"
    explorer.slide("inner step", "ArrowRight")
    seen.append(explorer.picture())
    explorer.choose_next("network and tasks", "End")
    assert explorer.alt().startswith("pretrain + fine-tune: query loss")
    seen.append(explorer.picture())
    assert len(set(seen)) == len(seen)
    chapter.assert_nothing_failed()
