"""Chapter 09: bits follow λ, which is dragged, and every control."""

from __future__ import annotations

import pytest

from metalearn_lab.experiments.author_mixture import author_task, on_query
from metalearn_lab.models.ngram import NGram
from metalearn_lab.tasks.docstrings import ALPHABET, TRAINING, authors, encode
from tests.browser.drag import DragOnPage

pytestmark = pytest.mark.parametrize("chapter", ["09_language_models"], indirect=True)


def test_the_bits_follow_lambda_and_every_control(chapter):
    explorer = DragOnPage(**vars(chapter.explorer("AuthorMixtureExplorer")))
    explorer.drag("λ", 0.2, 1.1)
    share, _ = explorer.handle("λ")
    assert share == pytest.approx(0.2, abs=0.02)
    training = encode(sentence for author in TRAINING for sentence in authors()[author])
    general = NGram(5, len(ALPHABET)).fit(training)
    query = on_query(general, author_task("networkx", 20, 0))
    row = explorer.table()[2]
    expected = [query.bits(0.0), query.bits(share), query.bits(1.0)]
    assert [float(each) for each in row[1:4]] == pytest.approx(expected, abs=0.002)
    seen = [explorer.shown()]
    explorer.slide("new sentence", "ArrowRight")
    seen.append(explorer.shown())
    explorer.slide("support sentences K", "End")
    assert float(explorer.table()[2][2]) < float(row[2]), "more sentences help"
    seen.append(explorer.shown())
    explorer.choose_next("author")
    explorer.says("Bits per character, PIL, K = 80")
    seen.append(explorer.shown())
    assert len(set(seen)) == len(seen)
    chapter.assert_nothing_failed()
