"""n-gram models: Witten and Bell's rule by hand, and what always holds of its probabilities."""

from math import log2

import pytest
import torch

from metalearn_lab.models.ngram import NGram, bits_per_character, written_by

A, B, C = 1, 2, 3


def test_the_rule_by_hand():
    model = NGram(2, 4).fit(torch.tensor([A, B, A, C, 0]))
    # the empty context: 5 characters, 4 kinds, over 1/4 each
    alone = {A: (2 + 1) / 9, B: (1 + 1) / 9, C: (1 + 1) / 9, 0: (1 + 1) / 9}
    # after A: B and C; after B: A; after C: the end; after an end or at the beginning: A
    found = model.probabilities(torch.tensor([A, C, C, B])).tolist()
    expected = [(1 + alone[A]) / 2, (1 + 2 * alone[C]) / 4, (0 + alone[C]) / 2, alone[B] / 2]
    assert found == pytest.approx(expected, rel=1e-12)


def test_every_context_has_probabilities_that_sum_to_one():
    numbers = torch.Generator().manual_seed(0)
    model = NGram(4, 9).fit(torch.randint(9, (500,), generator=numbers))
    for _ in range(20):
        history = torch.randint(9, (6,), generator=numbers)
        p = model.continuations(history)
        assert p.min() > 0
        assert p.sum().item() == pytest.approx(1, abs=1e-12)
        following = [model.probabilities(torch.cat([history, torch.tensor([y])])) for y in range(9)]
        assert torch.equal(p, torch.stack(following)[:, -1])


def test_a_context_ends_with_its_sentence():
    text = torch.tensor([A, B, 0, C, B, 0])
    model = NGram(4, 4).fit(text)
    alone, after = torch.tensor([C, B, 0]), torch.tensor([A, B, 0, C, B, 0])
    assert torch.equal(model.probabilities(after)[3:], model.probabilities(alone))


def test_without_a_text_seen_every_character_costs_log_v_in_an_unseen_context():
    model = NGram(1, 64).fit(torch.arange(64))
    assert bits_per_character(model.probabilities(torch.arange(64))) == pytest.approx(log2(64))


def test_it_writes_what_it_has_seen():
    model = NGram(3, 4).fit(torch.tensor([A, B, C, 0] * 5000))
    assert written_by(model, 40, 0).tolist()[:4] == [A, B, C, 0]
    assert torch.equal(written_by(model, 9, 1), written_by(model, 9, 1))


@pytest.mark.parametrize(("order", "symbols"), [(0, 70), (2, 1), (11, 70)])
def test_impossible_orders_are_refused(order, symbols):
    with pytest.raises(ValueError, match="an order of 1 or more"):
        NGram(order, symbols)
