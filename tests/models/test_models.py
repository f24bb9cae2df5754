"""The models: shapes, sizes, seeds, and what they refuse."""

import math

import pytest
import torch

from metalearn_lab.models.mlp import MLP
from metalearn_lab.models.text_encoder import BagOfNgrams, TextClassifier, above_table


def test_the_sinusoid_network_has_the_papers_size():
    assert sum(p.numel() for p in MLP([1, 40, 40, 1]).parameters()) == 1761


def test_a_seed_gives_the_same_weights_and_another_does_not():
    same, again, other = MLP([2, 3]), MLP([2, 3]), MLP([2, 3], seed=1)
    assert torch.equal(same.head.weight, again.head.weight)
    assert not torch.equal(same.head.weight, other.head.weight)


def test_seeds_do_not_touch_the_global_stream():
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    TextClassifier(10, 2)
    MLP([1, 2, 1])
    assert torch.equal(torch.rand(2), expected)


def test_the_bag_is_the_mean_of_the_n_grams_that_are_there():
    bag = BagOfNgrams(10, 4)
    ids = torch.tensor([[3, 7, 7, 0, 0]])
    expected = (bag.table[3] + 2 * bag.table[7]) / 3
    assert torch.allclose(bag(ids)[0], expected)
    assert torch.allclose(bag(ids[:, :3]), bag(ids)), "padding changes nothing"
    assert torch.allclose(bag(ids.flip(1)), bag(ids)), "order changes nothing"


def test_a_text_without_n_grams_is_zero_and_not_nan():
    assert torch.equal(BagOfNgrams(10, 4)(torch.zeros(1, 3, dtype=torch.int64)), torch.zeros(1, 4))


def test_every_class_is_equally_likely_before_adaptation():
    scores = TextClassifier(50, 5)(torch.randint(1, 50, (4, 6)))
    assert scores.shape == (4, 5)
    assert torch.equal(scores, torch.zeros(4, 5))


def test_the_layers_above_the_table_are_the_classifiers_own():
    model = TextClassifier(50, 5, dim=4, hidden=6)
    torch.nn.init.normal_(model.head.weight, generator=torch.Generator().manual_seed(0))
    upper, ids = above_table(model), torch.randint(1, 50, (4, 6))
    assert torch.equal(upper(model.body[0](ids)), model(ids))
    assert upper.body[0].weight is model.body[1].weight
    assert upper.head.bias is model.head.bias


def test_unknown_activation_and_sizes_are_refused():
    with pytest.raises(ValueError, match="unknown activation 'gelu': use one of relu, tanh"):
        MLP([1, 2, 1], activation="gelu")
    with pytest.raises(ValueError, match=r"two or more positive numbers, got \[3\]"):
        MLP([3])
    with pytest.raises(ValueError, match=r"two or more positive numbers, got \[3, 0, 1\]"):
        MLP([3, 0, 1])


def test_sizes_out_of_range_are_refused():
    with pytest.raises(ValueError, match=r"2 buckets .* got 1 and 4"):
        BagOfNgrams(1, 4)
    with pytest.raises(ValueError, match="ways and hidden must be 1 or more, got 0 and 64"):
        TextClassifier(10, 0)


def test_initial_weights_have_pytorchs_bound():
    weights = MLP([100, 50, 1]).body[0].weight
    assert weights.abs().max() <= 0.1
    assert weights.std().item() == pytest.approx(0.1 / math.sqrt(3), rel=0.05)
