"""Chapter 16: the start is dragged in both programs, and replayed episodes follow every control."""

from __future__ import annotations

import pytest

from tests.browser.drag import DragOnPage

pytestmark = pytest.mark.parametrize("chapter", ["16_mistakes_that_hide"], indirect=True)

A, C, ALPHA, BETA = (1.0, 8.0), (-1.5, 1.5), 0.1, 0.1


def end(theta, steps, power):
    """Where a program ends: MAML's gradient has (1 − αa)², first-order MAML's its first power."""
    for _ in range(steps):
        slopes = [a * (1 - ALPHA * a) ** power * (theta - c) for a, c in zip(A, C, strict=True)]
        theta -= BETA * sum(slopes) / 2
    return theta


def test_both_programs_start_where_the_reader_drags(chapter):
    explorer = DragOnPage(**vars(chapter.explorer("HiddenMistakeExplorer")))
    seen = [explorer.shown()]
    explorer.drag("theta", 1.0, 2.0)
    start = explorer.handle("theta")[0]
    assert start == pytest.approx(1.0, abs=0.05)
    right, wrong = ([float(cell) for cell in row[1:]] for row in explorer.table())
    assert right[1] == pytest.approx(end(start, 60, 2), abs=6e-3)
    assert wrong[1] == pytest.approx(end(start, 60, 1), abs=6e-3)
    [last] = explorer.marks("Dot", "ends here, wrong")
    assert last["places"][0][0] == pytest.approx(end(start, 60, 1))
    seen.append(explorer.shown())
    for _ in range(2):
        explorer.choose_next("mistake")
        assert explorer.table()[0][1:] == [f"{right[0]:.2f}", f"{right[1]:.2f}", f"{right[2]:.3f}"]
        seen.append(explorer.shown())
    explorer.slide("outer steps", "Home")
    assert [float(row[2]) for row in explorer.table()] == pytest.approx([start] * 2, abs=6e-3)
    assert len(set(seen)) == len(seen)
    chapter.assert_nothing_failed()


def share(row):
    return float(row[2].rstrip(" %"))


def test_more_episodes_leave_fewer_winners(chapter):
    explorer = chapter.explorer("IntervalReplayExplorer")
    explorer.slide("episodes", "Home")
    few = explorer.table()
    seen = [explorer.picture()]
    assert "after 2 unpaired episodes" in explorer.alt()
    explorer.slide("episodes", "End")
    many = explorer.table()
    seen.append(explorer.picture())
    assert "after 12 unpaired episodes" in explorer.alt()
    assert share(many[0]) < share(few[0]), "a lead of two points gets rarer"
    assert share(many[3]) >= share(few[3]), "who keeps looking finds more"
    assert share(many[1]) <= share(many[2]), "intervals apart is the stricter question"

    at_first = explorer.alt()
    explorer.slide("replay", "ArrowRight")
    assert explorer.alt().startswith("Replay 1 ")
    assert explorer.alt().partition(" after ")[2] != at_first.partition(" after ")[2]
    assert [row[2] for row in explorer.table()] == [row[2] for row in many], "shares are of all"
    seen.append(explorer.picture())
    explorer.choose_next("episodes are", "ArrowUp")
    assert "after 12 paired episodes" in explorer.alt()
    seen.append(explorer.picture())
    assert len(set(seen)) == len(seen)
    chapter.assert_nothing_failed()
