"""The same learners on pictures: every reader works, and the saved table is whole."""

import pandas as pd
import pytest
import torch

from metalearn_lab.comparison import images
from metalearn_lab.comparison.images import ImageLab, distance_reader
from metalearn_lab.comparison.readers import logistic_readers, right_answers
from metalearn_lab.tasks.pictures import digits


@pytest.fixture(scope="module")
def lab():
    pictures = digits()
    counts = {"shots": 2, "queries": 3, "iterations": 2, "episodes": 6}
    return ImageLab(pictures, pictures.split(0), **counts)


def test_every_method_scores_every_query(lab):
    readers = lab.readers()
    assert tuple(readers) == images.METHODS
    for reader in readers.values():
        assert right_answers(reader, lab.test).shape == (6,)


def test_plain_pixels_tell_digits_apart(lab):
    assert right_answers(distance_reader, lab.test).mean() > 0.7
    logistic = logistic_readers()[0]
    assert right_answers(logistic, lab.test).mean() > 0.7


def test_the_nearest_mean_is_by_distance(lab):
    support, x = lab.test.support, lab.test.query.x
    scores = distance_reader(support, x)
    mean = support.x[0][support.y[0] == 1].mean(0)
    torch.testing.assert_close(scores[0, :, 1], -((x[0] - mean) ** 2).sum(1), rtol=1e-4, atol=1e-4)


def test_episodes_are_of_their_part(lab):
    for part in ("train", "validation", "test"):
        assert lab.sampler(part).classes == getattr(lab.split, part)


def test_the_saved_table_is_whole():
    table = pd.read_csv(images.SAVED_IMAGES)
    assert not table.duplicated(["pictures", "seed", "shots", "method"]).any()
    assert set(table.pictures) == {"digits", "Omniglot"}
    assert len(table) == 2 * 5 * 2 * len(images.METHODS)
    assert table.accuracy.between(0, 1).all()
