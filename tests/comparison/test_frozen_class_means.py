"""Frozen class means are the nearest mean by cosine, whatever the length of a feature."""

import pytest
import torch
from torch import nn

from metalearn_lab.comparison.frozen_class_means import frozen_class_means
from metalearn_lab.tasks.types import Split, Task


def test_a_query_goes_to_the_mean_with_the_largest_cosine():
    support = torch.tensor([[[5.0, 0.0], [9.0, 9.0], [0.0, 0.1]]])  # classes 0, 1, 1
    query = torch.tensor([[[3.0, 1.7], [0.2, 3.0], [9.0, 8.0]]])
    labels = torch.tensor([[0, 1, 0]])
    tasks = Task(Split(support, torch.tensor([[0, 1, 1]])), Split(query, labels))
    assert frozen_class_means(nn.Identity(), tasks, 2).tolist() == pytest.approx([2 / 3])


class FirstTwo(nn.Module):
    """A body that does not look at the rest of its input."""

    def forward(self, x):
        return x[..., :2]


def test_each_episode_has_its_own_means_of_the_bodys_features():
    features = torch.eye(2).expand(2, 2, 2)
    support, query = (
        torch.cat([features, rest], 2) for rest in (5 * features, 5 * features.flip(1))
    )
    y = torch.tensor([[0, 1], [1, 0]])
    tasks = Task(Split(support, y), Split(query, torch.tensor([[0, 1], [0, 1]])))
    assert frozen_class_means(FirstTwo(), tasks, 2).tolist() == [1.0, 0.0]
