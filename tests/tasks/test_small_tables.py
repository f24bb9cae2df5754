"""Tables of the prior: their sizes, columns and classes, and that there is something to learn."""

import pytest
import torch

from metalearn_lab.tasks.small_tables import SmallTables

PRIOR = SmallTables(features=5, classes=3, rows=(40, 60), queries=20)


def test_a_batch_is_the_same_each_time_and_another_with_another_number():
    once, again = PRIOR.batch(16, 8), PRIOR.batch(16, 8)
    assert torch.equal(once.support.x, again.support.x)
    assert torch.equal(once.query.y, again.query.y)
    other = SmallTables(5, 3, (40, 60), 20, split="test").batch(16, 8)
    assert not torch.equal(once.query.x, other.query.x)


def test_sizes_are_those_asked_for():
    sizes = set()
    for first in range(0, 400, 8):
        (x, y), (query_x, query_y) = PRIOR.batch(first, 8)
        assert x.shape[::2] == (8, 5)
        assert x.shape[:2] == y.shape
        assert query_x.shape == (8, 20, 5)
        assert query_y.shape == (8, 20)
        assert 0 <= min(y.min(), query_y.min()) <= max(y.max(), query_y.max()) < 3
        sizes.add(x.shape[1])
    assert min(sizes) >= 40
    assert max(sizes) <= 60
    assert len(sizes) > 10


def test_columns_are_standardised_by_the_support_or_absent():
    x = torch.cat([PRIOR.batch(i, 50).support.x[:, :40] for i in (0, 50)])
    absent = (x == 0).all(1)
    assert 0 < absent.sum() < absent.numel()
    assert (absent.sum(1) <= 3).all()  # two columns at least
    (whole, _), _ = PRIOR.batch(0, 50)
    inside = whole.abs().amax(1) < 5  # no value was cut off
    there = inside & ~(whole == 0).all(1)
    assert whole.mean(1)[there].abs().max() < 1e-4
    assert (whole.std(1)[there] - 1).abs().max() < 0.1


def test_labels_can_be_told_from_the_rows():
    (x, y), (query_x, query_y) = SmallTables(rows=(128, 128)).batch(0, 100)
    nearest = torch.cdist(query_x, x).argmin(-1)
    right = (y.gather(1, nearest) == query_y).float().mean(1)
    common = torch.stack([(y == c).float().mean(1) for c in range(3)]).amax(0)
    assert right.mean() > common.mean() + 0.1


def test_every_class_is_absent_from_some_table():
    _, query = SmallTables(rows=(8, 8), queries=60).batch(0, 60)
    for c in range(3):
        assert 0 < (query.y == c).any(1).float().mean() < 1


@pytest.mark.parametrize(
    "settings",
    [{"features": 1}, {"classes": 1}, {"rows": (9, 8)}, {"rows": (0, 8)}, {"queries": 0}],
)
def test_bad_sizes_are_refused(settings):
    with pytest.raises(ValueError, match="two columns and two classes or more"):
        SmallTables(**settings)
