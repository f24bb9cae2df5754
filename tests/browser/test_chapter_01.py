"""Chapter 01: the cards follow ways, shots, queries and the episode's address."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.explorer import PATIENCE

pytestmark = pytest.mark.parametrize("chapter", ["01_tasks_and_episodes"], indirect=True)


@pytest.fixture
def explorer(chapter):
    return chapter.explorer("EpisodeExplorer")


def dealt(explorer) -> dict[str, tuple[int, int]]:
    """Support and query sentences on each card, by its class."""
    return {
        card.locator("p").first.inner_text().split(": ")[1]: tuple(
            each.locator("li").count() for each in card.locator("ul").all()
        )
        for card in explorer.area.locator("section").all()
    }


def sizes(explorer, ways: int, shots: int, queries: int) -> list[str]:
    """The classes on the cards, which are as many and as full as the words over them say."""
    explorer.says(f"{ways}-way {shots}-shot: {ways * shots} support and {ways * queries} query")
    cards = dealt(explorer)
    assert len(cards) == ways
    assert set(cards.values()) == {(shots, queries)}
    return sorted(cards)


def test_the_cards_follow_ways_shots_and_queries(explorer):
    sizes(explorer, 5, 2, 2)
    explorer.slide("ways N", "ArrowLeft", times=2)
    sizes(explorer, 3, 2, 2)
    explorer.slide("shots K", "ArrowRight")
    sizes(explorer, 3, 3, 2)
    explorer.slide("queries Q", "ArrowLeft")
    sizes(explorer, 3, 3, 1)
    explorer.slide("queries Q", "ArrowRight", times=3)
    sizes(explorer, 3, 3, 4)


def test_an_address_is_an_episode(explorer):
    first = explorer.texts("li")
    explorer.type_number("episode index", 7)
    explorer.says("Episode (seed 0, train, index 7)")
    seventh = explorer.texts("li")
    explorer.type_number("seed", 12)
    explorer.says("Episode (seed 12, train, index 7)")
    assert len({tuple(first), tuple(seventh), tuple(explorer.texts("li"))}) == 3
    explorer.type_number("seed", 0)
    explorer.type_number("episode index", 0)
    explorer.says("Episode (seed 0, train, index 0)")
    assert explorer.texts("li") == first


def test_the_splits_share_no_class(explorer):
    explorer.slide("ways N", "ArrowLeft", times=2)
    train = sizes(explorer, 3, 2, 2)
    explorer.choose_next("split")
    explorer.says("Episode (seed 0, validation, index 0)")
    validation = sizes(explorer, 3, 2, 2)
    explorer.choose_next("split")
    explorer.says("Episode (seed 0, test, index 0)")
    assert len({*train, *validation, *sizes(explorer, 3, 2, 2)}) == 9


def test_an_episode_that_cannot_be_dealt_is_refused_in_words(chapter, explorer):
    explorer.choose_next("split", "End")
    explorer.slide("ways N", "End")
    refusal = explorer.area.get_by_role("alert")
    expect(refusal).to_contain_text("No such episode", timeout=PATIENCE * 1000)
    assert dealt(explorer) == {}
    chapter.assert_nothing_failed()
