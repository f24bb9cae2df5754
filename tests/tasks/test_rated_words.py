"""VADER's words: ten whole ratings each, and the mean without one of them."""

import torch

from metalearn_lab.tasks.rated_words import as_grades, rated_words

RATED = rated_words()


def test_every_word_has_ten_ratings_in_range():
    assert RATED.ratings.shape == (len(RATED.words), 10)
    assert len(RATED.words) > 6500
    assert len(set(RATED.words)) == len(RATED.words)
    assert RATED.ratings.min() == -4
    assert RATED.ratings.max() == 4


def test_the_lexicon_gives_a_known_word():
    row = RATED.ratings[RATED.words.index("beautician")].tolist()
    assert row == [0, 0, 3, 2, 2, 0, 1, 1, 1, 2]


def test_the_mean_of_the_other_nine():
    means = RATED.without(3)
    others = torch.cat([RATED.ratings[:, :3], RATED.ratings[:, 4:]], 1)
    torch.testing.assert_close(means, others.double().mean(1))


def test_grades_begin_at_nought():
    given = torch.tensor([-4.0, -0.4, 0.6, 4.0, 9.0])
    assert as_grades(given).tolist() == [0, 4, 5, 8, 8]
