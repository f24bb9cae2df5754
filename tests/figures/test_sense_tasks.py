"""A panel has the sentences of its word, those of the support as squares."""

import pytest
import torch

from metalearn_lab.figures.sense_tasks import sense_tasks_figure
from metalearn_lab.tasks.word_senses import word_senses

TABLE = word_senses()


def test_a_panel_for_each_word():
    x = torch.randn(len(TABLE.words), 6, generator=torch.Generator().manual_seed(0))
    figure = sense_tasks_figure(TABLE, x, {"bat": "train: bat", "star": "test: star"}, shots=3)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["train: bat", "test: star"]
    for axes in figure.axes:
        assert [len(dots.get_offsets()) for dots in axes.collections] == [3, 7, 3, 7]
        assert len(axes.get_legend().get_texts()) == 2


def test_no_words_are_refused():
    with pytest.raises(ValueError, match="no word"):
        sense_tasks_figure(TABLE, torch.zeros(400, 2), {}, shots=1)
