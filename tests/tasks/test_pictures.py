"""Pictures as items: scikit-learn's digits, and Omniglot where it is there."""

from pathlib import Path

import pytest
import torch

from metalearn_lab.tasks.pictures import digits, omniglot

OMNIGLOT = Path(__file__).parents[3] / "shared" / "data" / "omniglot"


def test_digits_are_grey_and_dealt_by_class():
    pictures = digits()
    assert pictures.pixels.shape == (1797, 8, 8)
    assert 0 <= pictures.pixels.min() < pictures.pixels.max() <= 1
    splits = [pictures.split(seed) for seed in range(5)]
    for split in splits:
        assert [len(part) for part in split] == [5, 2, 3]
        assert sorted(sum(split, ())) == list(range(10))
    assert len(set(splits)) == 5


@pytest.mark.skipif(not OMNIGLOT.is_dir(), reason="Omniglot is not here")
def test_omniglot_has_its_published_split():
    pictures = omniglot(OMNIGLOT, side=14)
    assert pictures.pixels.shape == (32460, 14, 14)
    split = pictures.split(0)
    assert [len(part) for part in split] == [1028, 172, 423]
    assert (torch.bincount(pictures.labels) == 20).all()
    assert pictures.pixels.mean() < 0.5, "ink is 1 on a background of 0"


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="no Omniglot here"):
        omniglot(tmp_path)
