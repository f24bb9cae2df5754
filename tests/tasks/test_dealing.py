from itertools import combinations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from metalearn_lab.tasks.dealing import deal, dealable_classes, find_support_groups
from metalearn_lab.tasks.seeds import generator

SIZES = st.lists(st.integers(1, 9), min_size=1, max_size=7)
COUNT = st.integers(1, 12)


def all_deals(sizes: list[int], shots: int, queries: int) -> list[tuple[int, ...]]:
    """Every set of groups that works for the support side, by trying them all."""
    positions = range(len(sizes))
    return [
        chosen
        for number in range(len(sizes) + 1)
        for chosen in combinations(positions, number)
        if (taken := sum(sizes[position] for position in chosen)) >= shots
        and sum(sizes) - taken >= queries
    ]


@given(sizes=SIZES, shots=COUNT, queries=COUNT)
def test_a_deal_is_found_exactly_when_there_is_one(
    sizes: list[int], shots: int, queries: int
) -> None:
    found = find_support_groups(sizes, shots, queries)
    deals = all_deals(sizes, shots, queries)
    assert (found is None) == (not deals)
    assert found is None or tuple(sorted(found)) in deals


@given(sizes=SIZES, shots=COUNT, queries=COUNT, seed=st.integers(0, 100))
def test_random_deals_always_work(sizes: list[int], shots: int, queries: int, seed: int) -> None:
    deals = all_deals(sizes, shots, queries)
    if not deals:
        return
    keys = torch.rand(50, len(sizes), dtype=torch.float64, generator=generator("deal", seed))
    one_deal = torch.zeros(50, len(sizes), dtype=torch.bool)
    one_deal[:, list(find_support_groups(sizes, shots, queries) or ())] = True
    dealt = deal(keys, torch.tensor(sizes).expand(50, -1), one_deal, shots=shots, queries=queries)
    assert {tuple(torch.nonzero(row).flatten().tolist()) for row in dealt} <= set(deals)


def test_groups_are_dealt_half_and_half_where_counts_allow() -> None:
    sizes = torch.full((200, 14), 8)
    sizes[:, 10:] = 0  # padded
    keys = torch.rand(200, 14, dtype=torch.float64, generator=generator("halves"))
    none = torch.zeros(200, 14, dtype=torch.bool)
    dealt = deal(keys, sizes, none, shots=1, queries=15)
    dealt &= sizes > 0
    assert dealt.sum(dim=1).unique().tolist() == [5]
    assert len(set(map(tuple, dealt.tolist()))) > 100, "another deal in almost every episode"
    few_left = deal(keys, sizes, none, shots=1, queries=70) & (sizes > 0)
    assert few_left.sum(dim=1).unique().tolist() == [1]


def test_dealable_classes_are_those_with_enough_on_both_sides() -> None:
    labels = [0] * 6 + [1] * 6 + [2] * 2
    groups = [0, 0, 0, 1, 1, 1] + [2] * 6 + [3, 4]
    assert dealable_classes(labels, groups, shots=1, queries=3) == (0,)
    assert dealable_classes(labels, groups, shots=1, queries=1) == (0, 2)
    with pytest.raises(ValueError, match=r"none of the 3 classes has items for 3 shots and 4 quer"):
        dealable_classes(labels, groups, shots=3, queries=4)
