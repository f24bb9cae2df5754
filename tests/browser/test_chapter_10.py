"""Chapter 10: paths, scores and tags follow what is dragged and every control."""

from __future__ import annotations

from itertools import product

import pytest
import torch

from metalearn_lab.experiments.tag_lattice import path_score, transitions
from metalearn_lab.explorers.lattice_explorer import ABSTRACT, TAGS, emission
from tests.browser.drag import DragOnPage

pytestmark = pytest.mark.parametrize("chapter", ["10_few_shot_ner"], indirect=True)


def test_the_best_path_follows_the_dragged_words_and_tau(chapter):
    explorer = DragOnPage(**vars(chapter.explorer("LatticeExplorer")))

    def best(temperature):
        places = [explorer.handle(f"word {i}") for i in (1, 2, 3)]
        words = torch.stack([emission(place) for place in places])
        table = transitions(ABSTRACT, 2, temperature)
        paths = product(range(3), repeat=3)
        score, path = max((path_score(words, table, path), path) for path in paths)
        return " ".join(TAGS[tag] for tag in path), score

    assert explorer.table()[0][0] == "O O O"
    seen = [explorer.shown()]
    explorer.drag("word 1", 0.97, 0.02)
    path, score = best(1.0)
    assert explorer.table()[0][0] == path == "PER O O"
    assert float(explorer.table()[0][1]) == pytest.approx(score, abs=1e-3)
    seen.append(explorer.shown())
    explorer.drag("word 2", 0.1, 0.1)
    seen.append(explorer.shown())
    explorer.drag("word 3", 0.4, 0.2)
    seen.append(explorer.shown())
    explorer.slide("temperature τ", "Home")
    path, score = best(0.01)
    assert explorer.table()[0][0] == path
    assert float(explorer.table()[0][1]) == pytest.approx(score, abs=1e-3)
    seen.append(explorer.shown())
    assert len(set(seen)) == len(seen)
    chapter.assert_nothing_failed()


def test_the_scores_follow_every_control(chapter):
    explorer = chapter.explorer("TagScoringExplorer")
    explorer.says("Lee is missed, BIO, lenient, 0 further words")
    explorer.says("75.0 %")
    seen = [explorer.shown()]
    explorer.slide("O among the words, %", "End")
    explorer.says("75.0 %")
    seen.append(explorer.shown())
    explorer.choose_next("scheme")
    explorer.says("BIOES")
    seen.append(explorer.shown())
    explorer.toggle("strict")
    explorer.says("strict")
    seen.append(explorer.shown())
    explorer.choose_next("the tagger")
    explorer.says("Oslo is a PER")
    seen.append(explorer.shown())
    assert len(set(seen)) == len(seen)
    chapter.assert_nothing_failed()


def test_the_tags_follow_the_support_and_every_control(chapter):
    explorer = chapter.explorer("LiveTaggerExplorer")
    explorer.says("NNShot, 1 support sentences")
    seen = [explorer.shown()]
    explorer.slide("support sentences", "End")
    seen.append(explorer.shown())
    explorer.slide("new sentence", "ArrowRight")
    seen.append(explorer.shown())
    explorer.choose_next("tagger")
    explorer.says("StructShot")
    explorer.slide("τ of StructShot", "End")
    seen.append(explorer.shown())
    assert len(set(seen)) == len(seen)
    chapter.assert_nothing_failed()
