"""Items of a class share a pattern, and nothing else does."""

import pytest
import torch

from metalearn_lab.tasks.patterns import noisy_patterns


def test_items_of_a_class_are_alike_and_of_two_classes_are_not():
    support, query = noisy_patterns(2, 0, ways=4, queries=3)
    assert query.x.shape == (2, 12, 1, 28, 28)
    assert query.y[0].tolist() == [0, 1, 2, 3] * 3
    a, b = support.x.flatten(2), query.x.flatten(2)
    shared = a @ b.mT / a.shape[-1]  # 1 within a class, 0 between, ± 2 / √784
    same = (support.y[:, :, None] == query.y[:, None]).float()
    assert (shared - same).abs().max() < 0.4
    assert (a[0] @ a[1].mT / a.shape[-1]).abs().max() < 0.4


def test_the_address_is_all_that_they_depend_on():
    assert torch.equal(noisy_patterns(2, 7).query.x, noisy_patterns(2, 7).query.x)
    assert not torch.equal(noisy_patterns(1, 7).query.x, noisy_patterns(1, 8).query.x)


def test_no_episodes_are_refused():
    with pytest.raises(ValueError, match="must be 1 or more"):
        noisy_patterns(0, 0)
