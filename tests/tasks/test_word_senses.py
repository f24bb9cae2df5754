"""The hand-written senses are what they should be, and an episode stays within its word."""

import re
from collections import Counter

import pytest
import torch

from metalearn_lab.tasks.word_senses import SenseEpisodes, split_lemmas, word_senses

TABLE = word_senses()


def test_two_senses_a_word_ten_sentences_a_sense():
    assert len(TABLE.lemmas) == 20
    assert set(Counter(word for word, _ in TABLE.classes).values()) == {2}
    assert set(Counter(TABLE.labels).values()) == {10}


def test_the_word_stands_once_in_each_sentence():
    for sentence, word in zip(TABLE.sentences, TABLE.words, strict=True):
        assert re.findall(r"[a-z]+", sentence.lower()).count(word) == 1, sentence
    for tokens, place in TABLE.tokens():
        assert tokens[place].lower() in TABLE.lemmas


def test_no_sentence_stands_twice():
    said = Counter(re.sub(r"\W+", " ", sentence.lower()) for sentence in TABLE.sentences)
    assert max(said.values()) == 1


@pytest.mark.parametrize("seed", range(5))
def test_a_word_is_in_one_part(seed):
    parts = split_lemmas(TABLE.lemmas, seed)
    assert {name: len(words) for name, words in parts.items()} == {
        "train": 12,
        "validation": 3,
        "test": 5,
    }
    assert sorted(word for words in parts.values() for word in words) == list(TABLE.lemmas)


def test_an_episode_has_the_two_senses_of_one_word():
    numbers = torch.arange(len(TABLE.words)).float()[:, None]
    episodes = SenseEpisodes(
        TABLE, numbers, ["bat", "seal", "star"], shots=2, queries=3, name="test"
    )
    task = episodes.batch(0, 30)
    assert task.support.x.shape == (30, 4, 1)
    assert task.query.x.shape == (30, 6, 1)
    seen = set()
    for i in range(30):
        items = torch.cat([task.support.x[i, :, 0], task.query.x[i, :, 0]]).long().tolist()
        [word] = {TABLE.words[row] for row in items}
        seen.add(word)
        assert len(set(items)) == 10
        labels = torch.cat([task.support.y[i], task.query.y[i]]).tolist()
        pairs = {(TABLE.senses[row], y) for row, y in zip(items, labels, strict=True)}
        assert len(pairs) == 2
    assert seen == {"bat", "seal", "star"}


def test_rows_can_be_held_back():
    numbers = torch.arange(len(TABLE.words)).float()[:, None]
    own = [i for i, word in enumerate(TABLE.words) if word == "palm"]
    kept = own[:5] + own[10:15]
    episodes = SenseEpisodes(
        TABLE, numbers, ["palm"], shots=2, queries=3, name="half", rows={"palm": kept}
    )
    task = episodes.batch(0, 20)
    assert set(task.support.x.flatten().long().tolist()) <= set(kept)
    assert set(task.query.x.flatten().long().tolist()) <= set(kept)


def test_too_few_words_are_refused():
    with pytest.raises(ValueError, match="leave none"):
        split_lemmas(TABLE.lemmas[:8], 0)
    with pytest.raises(ValueError, match="no words"):
        SenseEpisodes(TABLE, torch.zeros(400, 1), [], shots=1, queries=1, name="none")
