"""What the pictures of language models draw is what they were given."""

import pytest

from metalearn_lab.experiments.language_models import Progress
from metalearn_lab.figures.language_models import (
    LOOKS,
    author_steps_figure,
    language_model_figure,
)

HISTORIES = {
    name: [Progress(10 * i, 0.5 * i * (k + 1), 5.0 - i - k / 9) for i in (1, 2, 3)]
    for k, name in enumerate(LOOKS)
}


def test_both_panels_show_the_same_bits_and_the_first_training_is_the_thick_one():
    trainings = {name: [rows, rows[:2]] for name, rows in HISTORIES.items()}
    left, right = language_model_figure(trainings).axes
    drawn = [rows for histories in trainings.values() for rows in reversed(histories)]
    for rows, one, other in zip(drawn, left.lines, right.lines, strict=True):
        assert list(one.get_xdata()) == [row.characters for row in rows]
        assert list(other.get_xdata()) == [row.seconds for row in rows]
        bits = [row.bits for row in rows]
        assert list(one.get_ydata()) == list(other.get_ydata()) == bits
        assert (one.get_linewidth() > 1) == (len(rows) == 3)


def test_an_unknown_model_is_refused():
    with pytest.raises(ValueError, match=r"unknown models \['GPT'\]"):
        language_model_figure({"GPT": [HISTORIES["LSTM"]]})


def test_the_steps_show_the_support_each_author_and_their_mean():
    query = {"email": [2.0, 1.8, 2.4], "PIL": [2.2, 2.0, 2.0]}
    (axes,) = author_steps_figure((0, 1, 10), [2.0, 1.5, 0.5], query).axes
    drawn = [list(line.get_ydata()) for line in axes.lines]
    assert drawn[:3] == [[2.0, 1.5, 0.5], *query.values()]
    assert drawn[3] == pytest.approx([2.1, 1.9, 2.2])
    assert [text.get_text() for text in axes.texts] == list(query)
