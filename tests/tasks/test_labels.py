"""Labels of any size and kind, and classes of very unequal size, in memory as the rows take."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest
import torch

from metalearn_lab.tasks.dealing import dealable_classes
from metalearn_lab.tasks.episodes import EpisodeSampler

COUNTS = {"ways": 2, "shots": 1, "queries": 1}
LARGE = [20240101000, 20240101000, 7, 7, 9, 9]


@pytest.mark.parametrize(
    "labels",
    [
        LARGE,
        torch.tensor(LARGE),
        np.array(LARGE, dtype=np.uint64),
        pd.Series(LARGE),
        [int(label != 7) for label in LARGE],
        np.array([0, 0, 1, 1, 2, 2], dtype=np.int32),
        np.array([True, True, False, False, True, True]),
    ],
    ids=["large", "tensor", "uint64", "pandas", "small", "int32", "bool"],
)
def test_whole_numbers_of_any_library_are_classes(labels):
    sampler = EpisodeSampler(np.arange(6), labels, **COUNTS)
    wanted = sorted({int(label) for label in labels})
    assert list(sampler.classes) == wanted
    episode = sampler.episode(0)
    found = [int(labels[int(row)]) for row in episode.support_rows]
    assert found == episode.classes.tolist()


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0.0, 0.5], r"labels must be one integer a row, got 0\.5 in row 1"),
        ([[0], [1]], r"got a table of shape \[2, 1\]"),
        (np.array([1, 2**64 - 1], dtype=np.uint64), r"must be below 2\^63"),
        ([0, None], "got None in row 1"),
    ],
)
def test_what_is_no_label_is_named(labels, message):
    with pytest.raises(TypeError, match=message):
        EpisodeSampler(torch.arange(2), labels, **COUNTS)


def test_one_large_class_among_many_small_ones_costs_its_own_rows():
    labels = np.r_[np.zeros(200_000, np.int64), np.repeat(np.arange(1, 2_001), 4)]
    tracemalloc.start()
    sampler = EpisodeSampler(np.arange(len(labels)), labels, **COUNTS)
    numbers = sum(part.numel() for part in sampler._items)
    tracemalloc.stop()
    assert numbers < 4 * len(labels), "a rectangle would hold 2,001 × 200,000 numbers"
    batch = sampler.batch(0, 3)
    assert (batch.support.x != batch.query.x).all()


def test_dealable_classes_takes_arrays_and_refuses_columns_that_do_not_fit():
    labels, groups = np.array([5, 5, 9]), np.array([0, 1, 2])
    assert dealable_classes(labels, groups, shots=1, queries=1) == (5,)
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        dealable_classes(labels, groups[:2], shots=1, queries=1)
