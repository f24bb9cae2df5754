"""A row for each word, with all of its ten ratings."""

import pytest
import torch

from metalearn_lab.figures.rated_words import rated_words_figure
from metalearn_lab.tasks.rated_words import RatedWords

RATED = RatedWords(
    ("good", "odd"), torch.tensor([[2] * 4 + [3] * 6, [-1, 0, 1, -2, 0, 0, 0, 1, 1, 0]])
)


def test_the_discs_are_the_ratings():
    figure = rated_words_figure(RATED, ["odd", "good"])
    [axes] = figure.axes
    odd, good = axes.collections
    assert odd.get_offsets()[:, 0].tolist() == [-2, -1, 0, 1]
    sizes = odd.get_sizes() / odd.get_sizes().min()
    assert sizes.tolist() == [1, 1, 5, 3]
    assert good.get_offsets()[:, 0].tolist() == [2, 3]
    assert axes.lines[1].get_xdata()[0] == pytest.approx(2.6)


def test_a_word_without_ratings_is_refused():
    with pytest.raises(ValueError, match="without ratings"):
        rated_words_figure(RATED, ["table"])
