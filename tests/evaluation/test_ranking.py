"""nDCG: closed forms, both gains, and brute force over all orders."""

from itertools import permutations
from math import log2

import pytest
import torch

from metalearn_lab.evaluation.ranking import ndcg


def by_hand(relevance, order, at, gain):
    def dcg(row):
        return sum(gain(r) / log2(p + 2) for p, r in enumerate(row[:at]))

    return dcg([relevance[i] for i in order]) / dcg(sorted(relevance, reverse=True))


@pytest.mark.parametrize(("gain", "value"), [("exponential", 0.9558), ("linear", 0.9386)])
def test_the_two_definitions_differ(gain, value):
    found = ndcg(torch.tensor([[3, 0, 2]]), torch.tensor([[3.0, 2.0, 1.0]]), 3, gain)
    assert found.item() == pytest.approx(value, abs=5e-5)


@pytest.mark.parametrize("at", [1, 2, 4, 9])
@pytest.mark.parametrize(
    ("name", "gain"), [("exponential", lambda r: 2**r - 1), ("linear", lambda r: r)]
)
def test_every_order_of_four_items(at, name, gain):
    relevance = [3, 0, 2, 1]
    for order in permutations(range(4)):
        scores = torch.zeros(1, 4)
        scores[0, list(order)] = torch.tensor([4.0, 3.0, 2.0, 1.0])
        found = ndcg(torch.tensor([relevance]), scores, at, name).item()
        assert found == pytest.approx(by_hand(relevance, order, at, gain))


def test_on_clicks_both_gains_are_the_same():
    numbers = torch.Generator().manual_seed(0)
    clicks = (torch.rand(20, 9, generator=numbers) < 0.4).float()
    scores = torch.rand(20, 9, generator=numbers)
    first, second = (ndcg(clicks, scores, 5, gain) for gain in ("exponential", "linear"))
    torch.testing.assert_close(first, second, equal_nan=True)


def test_equal_scores_share_their_places():
    relevance, tied = torch.tensor([[2, 1, 0]]), torch.zeros(1, 3)
    every = [by_hand([2, 1, 0], order, 2, lambda r: 2**r - 1) for order in permutations(range(3))]
    assert ndcg(relevance, tied, 2).item() == pytest.approx(sum(every) / 6)


def test_without_a_relevant_item_there_is_no_number():
    assert ndcg(torch.zeros(1, 3), torch.rand(1, 3), 2).isnan().all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"relevance": torch.ones(3)}, "rankings, items"),
        ({"scores": torch.ones(1, 4)}, "rankings, items"),
        ({"relevance": -torch.ones(1, 3)}, "below 0"),
        ({"scores": torch.full((1, 3), torch.nan)}, "finite"),
        ({"at": 0}, "1 or more"),
        ({"gain": "log"}, "unknown gain"),
    ],
)
def test_bad_input_is_refused(change, message):
    good = {"relevance": torch.ones(1, 3), "scores": torch.ones(1, 3), "at": 2}
    with pytest.raises(ValueError, match=message):
        ndcg(**(good | change))
