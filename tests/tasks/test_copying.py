"""Copy and close: what is asked, and that it depends on its number alone."""

import pytest
import torch

from metalearn_lab.tasks.copying import CopyAndClose, spelled
from metalearn_lab.tasks.next_symbols import NOT_ASKED


def test_the_word_is_repeated_and_the_bracket_closes():
    x, y = CopyAndClose(copied=3).texts(0, 50, gap=4)
    assert x.shape == y.shape == (50, 1 + 3 + 4 + 1 + 3 + 1)
    for row, targets in zip(x, y, strict=True):
        before, after = spelled(row[1:]).split("|")
        assert after == before[1:4]
        closes = spelled(targets[-1:])
        assert before[0] + closes in ("()", "[]", "{}", "<>")
        assert spelled(targets[-4:]) == before[1:4] + closes
    assert torch.all(y[:, :-4] == NOT_ASKED)


def test_a_text_depends_on_its_number_alone():
    texts = CopyAndClose()
    assert torch.equal(texts.texts(0, 6, 5).x[4:], texts.texts(4, 2, 5).x)
    assert not torch.equal(texts.texts(0, 6, 5).x, CopyAndClose(seed=1).texts(0, 6, 5).x)


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="copied must be 1 letter or more, got 0"):
        CopyAndClose(copied=0)
    with pytest.raises(ValueError, match="the gap must be 0 symbols or more, got -1"):
        CopyAndClose().texts(0, 1, -1)
