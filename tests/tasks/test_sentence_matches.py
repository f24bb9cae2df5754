"""Matches belong together, no text is on both sides twice, and addresses give the same tasks."""

import pytest
import torch

from metalearn_lab.tasks.docstrings import HELD_OUT, authors, documents
from metalearn_lab.tasks.sentence_matches import (
    Match,
    Matches,
    MatchSampler,
    answers,
    next_sentences,
    translations,
)

SMALL = Matches(
    tuple(
        Match(f"{s}{g}{i}", f"{s}{g}{i}?", s, g) for s in "ab" for g in range(6) for i in range(2)
    )
)


def sampler(**settings):
    x = torch.arange(2 * len(SMALL.matches))[:, None]
    return MatchSampler(x, SMALL, **{"ways": 5, **settings})


def test_a_task_has_matches_of_one_source_and_of_different_groups():
    (first, labels), (second, answers_) = sampler().batch(0, 40)
    assert first.shape == second.shape == (40, 5, 1)
    assert torch.equal(second, first + 1)  # a match's second text stands behind its first
    assert torch.equal(labels, torch.arange(5).repeat(40, 1))
    assert torch.equal(labels, answers_)
    matches = [[SMALL.matches[row // 2] for row in task] for task in first[..., 0].tolist()]
    assert {len({m.group for m in task}) for task in matches} == {5}
    assert {len({m.source for m in task}) for task in matches} == {1}
    assert {m.source for task in matches for m in task} == {"a", "b"}


def test_an_address_gives_the_same_task():
    one, again, other = sampler(), sampler(), sampler(seed=1)
    assert torch.equal(one.batch(3, 1).support.x[0], again.batch(0, 5).support.x[3])
    assert not torch.equal(one.batch(0, 5).support.x, other.batch(0, 5).support.x)
    only = sampler(sources=["b"]).batch(0, 9).support.x
    assert {SMALL.matches[row // 2].source for row in only.flatten().tolist()} == {"b"}


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"ways": 7}, "fewer than 7"), ({"sources": ["c"]}, r"\['c'\] have fewer")],
)
def test_what_cannot_be_dealt_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        sampler(**settings)
    with pytest.raises(ValueError, match="give two"):
        MatchSampler(torch.zeros(3, 1), SMALL, ways=2)
    with pytest.raises(ValueError, match="0 or more"):
        sampler().batch(-1, 1)


def test_next_sentences_and_answers_are_of_one_docstring():
    names = HELD_OUT[:2]
    for made, apart in ((next_sentences(names), 1), (answers(names), 2)):
        own = {name: set(authors()[name]) for name in names}
        for first, second, name, group in made.matches:
            docstring = documents()[name][group]
            distance = docstring.index(second) - docstring.index(first)
            assert distance == 1 if apart == 1 else distance >= 2
            assert {first, second} <= own[name]
        groups: dict = {}
        for match in made.matches:
            groups.setdefault((match.source, match.group), set()).update(match[:2])
        texts = [text for group in groups.values() for text in group]
        assert len(texts) == len(set(texts))  # no sentence is of two docstrings


def test_translations_are_pairs_of_plain_strings():
    made = translations(("de", "nl"))
    german = {m.first: m.second for m in made.matches if m.source == "de"}
    assert german["Color set"] == "Farbe eingestellt"
    assert len(german) >= 20
    for part in ("first", "second"):
        texts = [(m.source, getattr(m, part)) for m in made.matches]
        assert len(texts) == len(set(texts))
    assert not [text for text in made.texts if "{" in text]
    with pytest.raises(ValueError, match="no such language"):
        translations(("xx",))
