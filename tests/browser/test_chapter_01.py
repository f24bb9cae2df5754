"""Chapter 01: cards come one by one; names and labels stay covered until they are uncovered."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.parametrize("chapter", ["01_tasks_and_episodes"], indirect=True)


@pytest.fixture
def explorer(chapter):
    return chapter.explorer("EpisodeExplorer")


def on_the_table(explorer) -> list[int]:
    """How many sentences each list shows: of each class, then those of the query box."""
    return [each.locator("li").count() for each in explorer.area.locator("ul").all()]


def test_one_card_after_another_is_dealt(explorer):
    assert on_the_table(explorer) == [2, 2, 2, 1]
    explorer.slide("cards dealt", "Home")
    explorer.says("0 of 3 classes, 0 of 6 support cards, 0 of 3 query cards")
    assert on_the_table(explorer) == []
    expected = [[0], [0, 0], [0, 0, 0], [1, 0, 0], [1, 1, 0], [1, 1, 1], [2, 1, 1]]
    for lists in expected:
        explorer.slide("cards dealt", "ArrowRight")
        assert on_the_table(explorer) == lists
    explorer.slide("cards dealt", "End")
    explorer.says("3 of 3 classes, 6 of 6 support cards, 3 of 3 query cards")
    assert on_the_table(explorer) == [2, 2, 2, 3]


def test_labels_are_unfolded_one_by_one_or_uncovered_all_together(explorer):
    explorer.slide("cards dealt", "End")
    assert explorer.area.get_by_text("label 1: ").all_inner_texts() == [""]  # folded
    summaries = explorer.area.locator("summary")
    assert summaries.count() == 3
    summaries.first.focus()
    explorer.notebook.page.keyboard.press("Enter")
    assert explorer.area.locator("details[open]").count() == 1
    explorer.toggle("uncover names and labels")
    assert summaries.count() == 0
    titles = [
        section.locator("p").first.inner_text()
        for section in explorer.area.locator("section").all()
    ]
    assert [title.split(":")[0] for title in titles[:3]] == ["Label 0", "Label 1", "Label 2"]
    assert all(": Hass" in title for title in titles[:3])


def test_the_cards_follow_ways_shots_and_queries(explorer):
    explorer.slide("cards dealt", "End")
    explorer.slide("ways N", "ArrowRight")
    explorer.slide("shots K", "ArrowLeft")
    explorer.slide("queries Q", "ArrowRight")
    explorer.slide("cards dealt", "ArrowRight", times=4)  # End would go to the first end it had
    explorer.says("4-way 1-shot")
    assert on_the_table(explorer) == [1, 1, 1, 1, 8]


def test_an_address_is_an_episode(chapter, explorer):
    first = explorer.texts("li")
    explorer.type_number("episode", 7)
    explorer.says("Episode 7 of train")
    seventh = explorer.texts("li")
    explorer.choose_next("split")
    explorer.says("Episode 7 of validation")
    assert len({tuple(first), tuple(seventh), tuple(explorer.texts("li"))}) == 3
    explorer.choose_next("split", "Home")
    explorer.type_number("episode", 0)
    explorer.says("Episode 0 of train")
    assert explorer.texts("li") == first
    chapter.assert_nothing_failed()
