"""Translation as a search: ranks, the map from known pairs, and concepts kept apart."""

import pytest
import torch

from metalearn_lab.evaluation.ranking import ranks_of
from metalearn_lab.experiments.name_translation import (
    Pairs,
    reciprocal_ranks,
    translation_pairs,
    translation_scores,
)
from metalearn_lab.tasks.language_names import language_names, ngram_vectors, split_languages


@pytest.fixture(scope="module")
def names():
    return language_names(("de", "nl", "ru", "fi"))


@pytest.fixture(scope="module")
def vectors(names):
    return ngram_vectors([name.text for name in names], 128)


def test_a_score_that_is_no_number_has_no_rank():
    with pytest.raises(ValueError, match="a score is NaN"):
        ranks_of(torch.tensor([[0.0, float("nan")]]), torch.tensor([1]))


def test_ranks_count_what_stands_above():
    scores = torch.tensor([[0.9, 0.1, 0.5], [0.2, 0.2, 0.2]])
    torch.testing.assert_close(ranks_of(scores, torch.tensor([2, 0])), torch.tensor([2.0, 2.0]))
    torch.testing.assert_close(ranks_of(scores[:1], torch.tensor([0])), torch.tensor([1.0]))


def test_pairs_are_of_one_concept(names, vectors):
    concept = {(name.language, name.text): name.concept for name in names}
    wanted = {"country KE", "country DE", "language fi"}
    pairs = translation_pairs(names, vectors, ("de", "ru"), wanted)
    assert {concept["de", one] for one, _ in pairs.texts} == wanted
    assert all(concept["de", one] == concept["ru", other] for one, other in pairs.texts)
    assert len(pairs.first(2).source) == len(pairs.first(2).texts) == 2


def test_the_map_is_found_where_there_is_one():
    numbers = torch.Generator().manual_seed(0)
    x = torch.randn(80, 6, generator=numbers)
    turned = x @ torch.linalg.qr(torch.randn(6, 6, generator=numbers)).Q
    pairs = Pairs(x, turned, torch.zeros(80), ())
    known, asked = pairs.first(40), Pairs(x[40:], turned[40:], torch.zeros(40), ())
    right = torch.arange(40)
    assert (ranks_of(translation_scores(known, asked, 1e-4), right) == 1).all()
    none = Pairs(x[:0], turned[:0], torch.zeros(0), ())
    assert (ranks_of(translation_scores(none, asked, 1.0), right) > 1).any()


def test_a_candidate_of_another_kind_stands_behind():
    x = torch.eye(3)
    asked = Pairs(x, x.roll(1, 0), torch.tensor([0, 0, 1]), ())
    scores = translation_scores(Pairs(x[:0], x[:0], torch.zeros(0), ()), asked, 1.0)
    assert scores[0, 2] == scores[2, 0] == -2
    assert scores[0, 1] == 1


def test_a_near_language_needs_no_pairs(names, vectors):
    concepts = split_languages(names, 0).concepts
    near = reciprocal_ranks(names, vectors, ("de", "nl"), concepts, (0, 200))
    far = reciprocal_ranks(names, vectors, ("de", "ru"), concepts, (0, 200))
    assert near[0] > 0.7
    assert far[0] < 0.25
    assert far[200] > far[0] + 0.2
