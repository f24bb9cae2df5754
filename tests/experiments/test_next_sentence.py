"""Pairs are what they say; the topic is found between documents, and the order inside of one."""

import pytest
import torch

from metalearn_lab.experiments.next_sentence import (
    ANOTHER_AUTHOR,
    BUCKETS,
    NEGATIVES,
    SAME_AUTHOR,
    SAME_DOCUMENT,
    accuracy,
    equally_many_shared,
    frequent_words,
    order_accuracy,
    scores_with_controls,
    sentence_pairs,
    train_pairs,
    with_words,
)
from metalearn_lab.tasks.text_features import word_ids


def documents(ordered=False):
    """Three authors; a document is of one topic, and its sentences may say their number."""
    return {
        author: [
            [
                f"{author} topic{author}{topic} {f'number{i}' if ordered else 'filler'} it{i * 7}"
                for i in range(4)
            ]
            for topic in range(12)
        ]
        for author in ("a", "b", "c")
    }


def words_of(text):
    return set(word_ids([text], buckets=BUCKETS)[0].tolist())


@pytest.mark.parametrize("negatives", NEGATIVES)
def test_pairs_are_neighbours_and_strangers_of_the_kind(negatives):
    given = documents()
    pairs = sentence_pairs(given, negatives, seed=3)
    half = len(pairs.follows) // 2
    assert pairs.follows.tolist() == [1.0] * half + [0.0] * half
    assert half == 3 * 12 * 3
    assert torch.equal(pairs.first[:half], pairs.first[half:])
    place = {}
    for author, own in given.items():
        for number, document in enumerate(own):
            for i, text in enumerate(document):
                place[frozenset(words_of(text))] = author, number, i
    rows = [
        [place[frozenset(row.nonzero()[:, 0].tolist())] for row in part]
        for part in (pairs.first, pairs.second)
    ]
    for row, (before, after) in enumerate(zip(*rows, strict=True)):
        same_author, same_document = before[0] == after[0], before[:2] == after[:2]
        if row < half:
            assert same_document
            assert after[2] == before[2] + 1
        elif negatives == SAME_DOCUMENT:
            assert same_document
            assert after[2] not in (before[2], before[2] + 1)
        else:
            assert not same_document
            assert same_author == (negatives == SAME_AUTHOR)


def test_a_topic_is_enough_between_documents_and_worth_nothing_inside_of_one():
    trained = train_pairs(sentence_pairs(documents(), ANOTHER_AUTHOR), steps=200)
    assert accuracy(trained, sentence_pairs(documents(), ANOTHER_AUTHOR, seed=5)) > 0.95
    inside = sentence_pairs(documents(), SAME_DOCUMENT, seed=5)
    assert accuracy(trained, inside) < 0.7
    with torch.no_grad():
        trained.second.zero_()
    assert order_accuracy(trained, inside) == 0.5


def test_an_order_that_is_there_is_learned():
    pairs = sentence_pairs(documents(ordered=True), SAME_DOCUMENT)
    trained = train_pairs(pairs, steps=200)
    assert order_accuracy(trained, sentence_pairs(documents(True), SAME_DOCUMENT, seed=5)) > 0.6


def test_what_is_refused():
    with pytest.raises(ValueError, match="negatives must be one of"):
        sentence_pairs(documents(), "nowhere")
    with pytest.raises(ValueError, match="2 authors"):
        sentence_pairs({"a": documents()["a"]}, SAME_AUTHOR)


def test_without_the_words_of_the_topic_nothing_is_found():
    pairs = sentence_pairs(documents(), ANOTHER_AUTHOR)
    often = frequent_words(pairs, 1)  # "filler" stands in every sentence
    assert often.sum() == 1
    assert with_words(pairs, often).second.sum() == len(pairs.follows)
    blind, seeing = with_words(pairs, often), with_words(pairs, 1 - often)
    assert accuracy(train_pairs(blind), blind) == 0.5
    topic = accuracy(train_pairs(seeing), seeing)
    assert topic > 0.9
    near = sentence_pairs(documents(), SAME_DOCUMENT)
    scores = scores_with_controls(pairs, near, 1, 0)
    assert list(scores) == [
        "all words",
        "right order",
        "equally many",
        "frequent words",
        "other words",
    ]
    assert scores["frequent words"] == 0.5
    assert scores_with_controls(pairs, near, 1, 0) == scores


def test_pairs_that_share_equally_many_words_cannot_be_told_by_their_number():
    pairs = sentence_pairs(documents(), SAME_DOCUMENT, seed=1)
    kept = equally_many_shared(pairs)
    shared, count = (kept.first * kept.second).sum(1), len(kept.follows) // 2
    assert 0 < count <= len(pairs.follows) // 2
    assert torch.equal(shared[:count], shared[count:])
    assert torch.equal(kept.first[:count], kept.first[count:])
    assert kept.follows.tolist() == [1.0] * count + [0.0] * count
    assert len(equally_many_shared(sentence_pairs(documents(), ANOTHER_AUTHOR)).follows) == 0
