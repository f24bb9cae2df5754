"""A new author: the draw of sentences, EM for the share, and the sentences left out."""

from math import log2

import pytest
import torch

from metalearn_lab.experiments.author_mixture import (
    QUERY,
    Mixable,
    author_model,
    author_task,
    em_step,
    left_out,
    merged_bits,
    mixed_bits,
    on_query,
    on_support,
    share_by_em,
    shares_by_em,
)
from metalearn_lab.models.ngram import NGram
from metalearn_lab.tasks.docstrings import ALPHABET, authors, encode


@pytest.fixture(scope="module")
def general():
    return NGram(3, len(ALPHABET)).fit(encode(authors()["jinja2"]))


def drawn():
    numbers = torch.Generator().manual_seed(0)
    return Mixable(*torch.rand(2, 300, generator=numbers, dtype=torch.float64))


def test_support_and_query_share_no_sentence_and_more_shots_keep_both():
    small, large = (author_task("PIL", shots, 3) for shots in (5, 20))
    assert small.query == large.query
    assert len(small.query) == QUERY
    assert large.support[:5] == small.support
    assert not set(large.support) & set(large.query)
    assert author_task("PIL", 5, 4).query != small.query


def test_too_many_sentences_are_refused():
    with pytest.raises(ValueError, match="has enough for 1 to"):
        author_task("email", 4000, 0)


def test_em_never_raises_the_bits_and_ends_at_the_lowest():
    characters = drawn()
    share = 0.5
    for _ in range(300):
        following = em_step(share, characters)
        assert characters.bits(following) <= characters.bits(share) + 1e-12
        share = following
    lowest = min(characters.bits(i / 1000) for i in range(1001))
    assert characters.bits(share) == pytest.approx(lowest, abs=1e-6)
    assert share_by_em(characters, 300) == pytest.approx(share, abs=1e-12)


def test_shares_of_several_models():
    characters = drawn()
    two = shares_by_em(torch.stack(characters), 30)
    assert two[1].item() == pytest.approx(share_by_em(characters, 30), abs=1e-12)
    other = torch.full_like(characters.general, 1e-6)
    three = shares_by_em(torch.stack([*characters, other]), 300)
    assert three.sum().item() == pytest.approx(1, abs=1e-12)
    assert three[2] < 1e-6
    assert three[1].item() == pytest.approx(share_by_em(characters, 300), abs=1e-4)


def test_bits_of_a_mixture_of_several(general):
    task = author_task("PIL", 10, 0)
    query, others = on_query(general, task), left_out(general, task)
    assert mixed_bits(others, query) == pytest.approx(query.bits(share_by_em(others)), abs=1e-9)


def test_a_mixture_costs_at_most_the_log_of_what_is_left():
    characters = drawn()
    for share in (0.1, 0.5, 0.9):
        lost = characters.general.log2() - characters.mixed(share).log2()
        assert lost.max() <= -log2(1 - share) + 1e-12


def test_left_out_sentences_are_scored_by_a_model_of_the_others(general):
    task = author_task("PIL", 4, 0)
    others = left_out(general, task)
    assert len(others.author) == len(encode(task.support))
    last = encode(task.support[-1:])
    expected = author_model(general, task.support[:-1]).probabilities(last)
    assert torch.equal(others.author[-len(last) :], expected)
    assert torch.equal(others.general[-len(last) :], general.probabilities(last))
    with pytest.raises(ValueError, match="two shots or more"):
        left_out(general, author_task("PIL", 1, 0))


def test_on_its_own_sentences_the_author_is_trusted_and_new_ones_pay(general):
    task = author_task("PIL", 10, 0)
    query, own = on_query(general, task), share_by_em(on_support(general, task))
    assert own > 0.95
    assert query.bits(own) > query.bits(share_by_em(left_out(general, task)))


def test_counted_together_without_support_is_the_general_model(general):
    task = author_task("PIL", 5, 0)
    stream = encode(authors()["jinja2"])
    query = on_query(general, task)
    assert merged_bits(stream, task, 3, 0) == pytest.approx(query.bits(0.0), abs=1e-12)
    assert merged_bits(stream, task, 3, 5) != query.bits(0.0)
