"""Chapter 06: a reader classifies an episode; verdicts follow step, learner and episode."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.parametrize("chapter", ["06_few_shot_text"], indirect=True)


def at(explorer, step: int, learner: str, episode: int = 0) -> list[list[str]]:
    """The query table's rows: sentence, predicted, right class, verdict, this step."""
    explorer.says(f"{learner}, unseen episode {episode}, after {step} of 20 inner steps: ")
    rows = explorer.table(1)
    assert len(rows) == 25
    right = sum(verdict == "✓ right" for *_, verdict, _ in rows)
    explorer.says(f": {right} of 25 query sentences right.")
    for _, predicted, truth, verdict, _ in rows:
        assert verdict == ("✓ right" if predicted == truth else "✗ wrong")
    return rows


def test_the_verdicts_follow_the_step_the_learner_and_the_episode(chapter):
    explorer = chapter.explorer("AdaptationExplorer")
    learners = explorer.options("learner")
    before = at(explorer, 0, learners[0])
    assert not any(moved for *_, moved in before)
    explorer.slide("inner step", "ArrowRight")
    after = at(explorer, 1, learners[0])
    for (_, was, *_), (_, now, _, _, moved) in zip(before, after, strict=True):
        assert moved == ("" if now == was else f"↻ was {was}")
    assert any(moved for *_, moved in after)
    explorer.slide("inner step", "End")
    at(explorer, 20, learners[0])

    for learner in learners[1:]:
        explorer.choose_next("learner")
        rows = at(explorer, 20, learner)
        assert [(row[0], row[2]) for row in rows] == [(row[0], row[2]) for row in before]
    explorer.type_number("episode", 3)
    rows = at(explorer, 20, learners[-1], episode=3)
    assert [row[0] for row in rows] != [row[0] for row in before]
    chapter.assert_nothing_failed()


def test_a_reader_classifies_an_episode_and_is_compared(chapter):
    explorer = chapter.explorer("ReaderExplorer")
    explorer.says("Sentence 1 of 25. You have answered 0.")
    for given, letter in enumerate("ABC", 1):
        explorer.press(letter)
        explorer.says(f"Sentence {given + 1} of 25. You have answered {given}.")
    explorer.toggle("uncover the right classes")
    score, *_, sentences = (explorer.table(place) for place in (0, 1, 2))
    assert [who for who, _ in score] == ["you", "nearest class mean"]
    right = sum(row[1] == row[2] for row in sentences[:3])
    assert score[0][1] == f"{right} of 3"
    assert [row[2].removesuffix(" ✗") for row in sentences[:4]] == ["A", "B", "C", "–"]
    chapter.assert_nothing_failed()
