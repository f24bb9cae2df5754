"""Chapter 21: names in a new language to classify, and digits that readers sort."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.parametrize("chapter", ["21_other_languages_and_images"], indirect=True)


def test_names_are_asked_one_by_one(chapter):
    explorer = chapter.explorer("ReaderExplorer")
    explorer.says("Sentence 1 of 10")
    before = explorer.shown()
    explorer.slide("sentence", "End")
    explorer.says("Sentence 10 of 10")
    assert explorer.shown() != before
    chapter.assert_nothing_failed()


def test_digits_follow_episode_shots_and_reader(chapter):
    explorer = chapter.explorer("PictureEpisodeExplorer")
    explorer.says("Episode 0, K = 1")
    seen = [explorer.shown()]
    explorer.slide("shots K", "End")
    explorer.says("K = 5")
    seen.append(explorer.shown())
    explorer.slide("episode", "ArrowRight")
    explorer.says("Episode 1")
    seen.append(explorer.shown())
    assert len(set(seen)) == len(seen)
    chapter.assert_nothing_failed()
