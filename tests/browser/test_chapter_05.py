"""Chapter 05: learners side by side, frozen layers and replayed episodes follow every control."""

from __future__ import annotations

import re

import pytest

pytestmark = pytest.mark.parametrize("chapter", ["05_adaptation_lab"], indirect=True)

SEVEN = 7


def test_all_learners_follow_the_task_the_step_and_whose_fit_is_drawn(chapter):
    explorer = chapter.explorer("SideBySideExplorer")
    start = explorer.table()
    assert len(start) == SEVEN
    assert [row[0] for row in start][2] == "MAML"
    seen = [explorer.picture()]

    explorer.slide("inner step", "Home")
    assert all(row[1] == row[2] for row in explorer.table()), "after 0 steps is before"
    seen.append(explorer.picture())
    explorer.slide("inner step", "End")
    assert all(row[2] == row[3] for row in explorer.table()), "the last step is the last"
    assert [row[1] for row in explorer.table()] == [row[1] for row in start]
    seen.append(explorer.picture())

    explorer.choose_next("fit of")
    assert explorer.table() == [[*row[:2], row[3], row[3]] for row in start], "losses are of all"
    seen.append(explorer.picture())
    explorer.slide("task", "ArrowRight")
    assert "Unseen sinusoid 1:" in explorer.alt()
    assert all(row[1] != was[1] for row, was in zip(explorer.table(), start, strict=True))
    seen.append(explorer.picture())
    explorer.slide("task", "End")
    assert "Unseen sinusoid 59:" in explorer.alt()
    seen.append(explorer.picture())
    assert len(set(seen)) == len(seen)
    chapter.assert_nothing_failed()


def mean(cell):
    return float(cell.split()[0])


def test_frozen_layers_keep_their_features(chapter):
    explorer = chapter.explorer("LayerFreezeExplorer")
    assert [row[:2] for row in explorer.table()] == [
        ["layer 1", "moves"],
        ["layer 2", "moves"],
        ["head", "moves"],
    ]
    seen = [explorer.picture()]
    explorer.toggle("layer 1 adapts")
    assert explorer.table()[0] == ["layer 1", "frozen", "1.00 ± 0.00"]
    seen.append(explorer.picture())
    explorer.toggle("layer 2 adapts")
    assert explorer.table()[1] == ["layer 2", "frozen", "1.00 ± 0.00"]
    assert mean(explorer.table()[2][2]) < 1, "the head moves on the same features"
    seen.append(explorer.picture())
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
    assert explorer.alt().startswith("MAML, sentences: query accuracy")
    seen.append(explorer.picture())
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
