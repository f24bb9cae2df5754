"""Label numbers of every size and from every library, without memory for the gaps."""

from typing import Any

import datasets
import numpy as np
import pandas as pd
import pytest
import torch

from metalearn_lab.tasks.episodes import EpisodeSampler
from metalearn_lab.tasks.integer_column import integer_column
from metalearn_lab.tasks.table import labelled_columns


def sampler(labels: Any, x: Any = None, **settings: Any) -> EpisodeSampler:
    x = torch.arange(len(labels)) if x is None else x
    return EpisodeSampler(x, labels, ways=2, shots=1, queries=1, **settings)


@pytest.mark.parametrize(
    "values",
    [
        [0, 1, 1],
        np.array([0, 1, 1], np.int32),
        np.array([0, 1, 1], np.uint64),
        np.array([False, True, True]),
        pd.Series([0, 1, 1]),
        pd.Series([0, 1, 1], dtype="category"),
        torch.tensor([0, 1, 1], dtype=torch.uint8),
        torch.tensor([False, True, True]),
    ],
)
def test_every_kind_of_integers_is_one_column(values: Any) -> None:
    column = integer_column("labels", values)
    assert column.dtype == torch.int64
    assert column.tolist() == [0, 1, 1]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([0, None], "got None in row 1"),
        ([0, float("nan")], "got nan in row 1"),
        ([0, 0.5], "got 0.5 in row 1"),
        (["a", "b"], "got 'a' in row 0"),
        ([[0], [1]], r"a table of shape \[2, 1\]"),
        (np.array([2**63], np.uint64), r"below 2\^63, got 9223372036854775808"),
        (torch.tensor([0.5], requires_grad=True), "got 0.5 in row 0"),
    ],
)
def test_what_is_no_integer_a_row_is_refused(values: Any, message: str) -> None:
    with pytest.raises(TypeError, match=f"labels must be .*{message}"):
        integer_column("labels", values)


def test_label_numbers_of_any_size_give_the_episodes_of_small_ones() -> None:
    small = [0, 0, 0, 1, 1, 1, 2, 2, 2]
    large = [(20240101000, 7 * 10**17, 2**63 - 1)[label] for label in small]
    few, many = sampler(small), sampler(large)
    assert many.classes == (20240101000, 7 * 10**17, 2**63 - 1)
    for one, other in zip(few.batch(0, 20), many.batch(0, 20), strict=True):
        assert torch.equal(one.x, other.x)
        assert torch.equal(one.y, other.y)


def test_negative_labels_name_the_row_and_the_way_out() -> None:
    with pytest.raises(ValueError, match="first is row 3 with label -1: leave out rows without"):
        sampler([0, 0, 1, -1])


@pytest.mark.parametrize(
    "x",
    [
        np.arange(8, dtype=np.float32).reshape(4, 2),
        np.broadcast_to(np.float32(1), (4, 2)),
        pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0], "b": [0.0, 0.0, 1.0, 1.0]}),
        np.arange(8, dtype=np.int32).reshape(4, 2),
    ],
)
def test_items_of_numpy_and_pandas(x: Any) -> None:
    drawn = sampler(np.array([0, 0, 1, 1]), x).episode(0)
    rows = drawn.support_rows.numpy()
    assert drawn.task.support.x.tolist() == np.asarray(x)[rows].tolist()


def test_texts_as_items_say_to_encode_them() -> None:
    with pytest.raises(TypeError, match="encode the items first, texts for example by hashed"):
        sampler([0, 0, 1, 1], ["a", "b", "c", "d"])


def test_counts_must_be_whole() -> None:
    with pytest.raises(TypeError, match=r"shots must be a whole number, got 1\.0"):
        EpisodeSampler(torch.arange(4), [0, 0, 1, 1], ways=2, shots=1.0, queries=1)  # type: ignore[arg-type]


def test_classes_of_very_unequal_size_need_memory_in_proportion_to_the_rows() -> None:
    # 2,000 classes of 2 rows beside one of 20,000: a rectangle of all would have 40 million places.
    labels = torch.cat([torch.arange(2000).repeat(2), torch.full((20000,), 2000)])
    made = sampler(labels)
    held = [part for value in vars(made).values() for part in (value if _many(value) else [value])]
    places = sum(part.numel() for part in held if isinstance(part, torch.Tensor))
    assert places < 10 * len(labels)
    batch = made.batch(0, 50)
    y = labels[batch.support.x.flatten()].reshape(50, 2)
    assert (y[:, 0] != y[:, 1]).all()
    assert torch.equal(labels[batch.query.x].reshape(50, 2), y)


def _many(value: Any) -> bool:
    return isinstance(value, tuple)


@pytest.mark.parametrize(
    ("labels", "row", "told"),
    [([0, None], 1, "label None"), ([1.0, float("nan")], 1, "label nan"), (["a", None], 1, "None")],
)
def test_a_row_of_a_dataset_without_a_class_is_named(
    labels: list[Any], row: int, told: str
) -> None:
    data = datasets.Dataset.from_dict({"text": ["x", "y"], "label": labels})
    with pytest.raises(
        ValueError, match=rf"row {row} \(counted from 0\) has no class, but .*{told}"
    ):
        labelled_columns(data, "text", "label")


def test_a_row_of_a_dataset_without_a_text_is_named() -> None:
    data = datasets.Dataset.from_dict({"text": ["x", None], "label": [0, 1]})
    with pytest.raises(ValueError, match=r"row 1 \(counted from 0\) has no text, but None"):
        labelled_columns(data, "text", "label")


def test_whole_floats_are_integers_in_a_dataset() -> None:
    data = datasets.Dataset.from_dict({"text": ["x", "y"], "label": [3.0, 20240101000.0]})
    assert labelled_columns(data, "text", "label") == (["x", "y"], [3, 20240101000], None)
