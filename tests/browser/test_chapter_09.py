"""Chapter 09: bits and losses follow what is dragged and every control."""

from __future__ import annotations

import math

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


def test_the_loss_follows_the_dragged_view_and_every_control(chapter):
    explorer = DragOnPage(**vars(chapter.explorer("ContrastiveExplorer")))

    def values():
        return {row[0]: float(row[1]) for row in explorer.table()}

    explorer.slide("spread of the sentences", "Home")
    collapsed = values()
    assert collapsed["loss of h"] == pytest.approx(
        collapsed["log N, the loss of collapse"], abs=1e-3
    )
    explorer.slide("spread of the sentences", "End")
    explorer.drag("h", -0.9, 0.1)
    far = values()["loss of h"]
    explorer.drag("h", 1.4, 0.5)
    near = values()["loss of h"]
    assert near < far
    seen = [explorer.shown()]
    explorer.slide("temperature τ", "Home")
    assert values()["loss of h"] < near
    seen.append(explorer.shown())
    explorer.slide("sentences N", "End")
    assert values()["log N, the loss of collapse"] == pytest.approx(math.log(32), abs=1e-3)
    seen.append(explorer.shown())
    explorer.slide("degrees between two views", "Home")
    assert values()["alignment: squared distance of two views"] < 0.01
    seen.append(explorer.shown())
    assert len(set(seen)) == len(seen)
    chapter.assert_nothing_failed()


def test_the_path_follows_both_centres_and_every_control(chapter):
    explorer = DragOnPage(**vars(chapter.explorer("ScheduleExplorer")))
    explorer.says("Forgotten of pretraining")
    one_after_the_other = float(explorer.table()[0][1])
    explorer.slide("steps of a turn", "Home")
    assert float(explorer.table()[0][1]) < one_after_the_other, "in turns less is forgotten"
    seen = [explorer.shown()]
    explorer.drag("pretraining", 1.4, 0.6)
    (x0, y0), (x1, y1) = explorer.handle("pretraining"), explorer.handle("fine_tuning")
    apart = ((x0 - x1) ** 2 + (y0 - y1) ** 2) / 8
    assert float(explorer.table()[0][3]) == pytest.approx(apart, abs=0.02)
    seen.append(explorer.shown())
    explorer.slide("step", "Home")
    assert float(explorer.table()[1][1]) == pytest.approx((x1**2 + y1**2) / 2, abs=0.02)
    seen.append(explorer.shown())
    explorer.slide("step", "End")
    explorer.slide("rate α", "End")
    seen.append(explorer.shown())
    assert len(set(seen)) == len(seen)
    chapter.assert_nothing_failed()
