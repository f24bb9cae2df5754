"""The lattice, the scores and the live tagger show what is computed apart."""

import re
from itertools import product

import pytest
import torch

from metalearn_lab.evaluation.span_score import count_spans, micro
from metalearn_lab.experiments.tag_lattice import path_score, transitions
from metalearn_lab.explorers.lattice_explorer import ABSTRACT, LatticeExplorer, emission
from metalearn_lab.explorers.live_tagger_explorer import NEAREST, PATH, PROTOTYPES
from metalearn_lab.explorers.tag_scoring_explorer import (
    INSIDE,
    MISTAKES,
    NOTHING,
    PERFECT,
    SHORT,
    TYPE,
    TagScoringExplorer,
    scores,
)
from metalearn_lab.figures.drawing import Curve
from tests.explorers.small_explorers import live_tagger_explorer


def rows(explorer):
    found = re.findall(r'<tr><th scope="row".*?</tr>', explorer.view_widget.value)
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in found]


def best_by_hand(explorer):
    words = torch.stack([emission(place) for place in explorer.handles.values()])
    table = transitions(ABSTRACT, 2, explorer.controls["temperature"].value)
    return max(
        (path_score(words, table, path), path) for path in product(range(3), repeat=len(words))
    )


@pytest.mark.parametrize("temperature", [1.0, 0.3, 0.05])
@pytest.mark.parametrize("place", [(0.6, 0.3), (0.1, 0.05), (0.9, 0.9)])
def test_the_best_path_is_that_of_all_27(temperature, place):
    explorer = LatticeExplorer()
    explorer.controls["temperature"].value = temperature
    explorer.move("word 2", place)
    score, path = best_by_hand(explorer)
    assert rows(explorer)[0][0] == " ".join(("O", "PER", "LOC")[tag] for tag in path)
    assert float(rows(explorer)[0][1]) == pytest.approx(score, abs=6e-5)
    [drawn] = [
        mark
        for mark in explorer.drawing.marks
        if isinstance(mark, Curve) and mark.label == "Viterbi's best path"
    ]
    assert list(drawn.y[1:]) == [2.0 - tag for tag in path]


def test_the_oracle_stands_in_the_first_picture_and_turns_with_tau():
    explorer = LatticeExplorer()
    assert rows(explorer)[0][:2] == ["O O O", "-2.7773"]
    assert rows(explorer)[1][:2] == ["PER O O", "-4.5690"]
    explorer.controls["temperature"].value = 0.05
    path, score = rows(explorer)[0][:2]
    assert path == "PER O O"
    assert float(score) == pytest.approx(-4.839, abs=0.01)
    assert "the same" in explorer.view_widget.value


def test_scores_of_each_mistake():
    def f1(mistake, scheme="bio", *, strict=False):
        return scores(mistake, scheme, strict, 0)["F1 of spans"]

    assert f1(PERFECT) == f1(PERFECT, "bioes", strict=True) == 1
    assert f1(PERFECT, "io") == pytest.approx(2 * 2 / 7), "two neighbours melt"
    assert f1(SHORT) == f1(TYPE) == 0.75
    assert f1(NOTHING) == 0
    assert f1(INSIDE) == 1
    assert f1(INSIDE, strict=True) == pytest.approx(6 / 7)
    diluted = scores(NOTHING, "bio", False, 30)
    assert diluted["token accuracy"] == pytest.approx(33 / 40)
    assert diluted["F1 of spans"] == 0


def test_every_control_of_the_scores_changes_the_view():
    explorer = TagScoringExplorer()
    seen = {explorer.view_widget.value}
    for name, value in (
        ("share", 98),
        ("strict", True),
        ("scheme", "bioes"),
        ("mistake", INSIDE),
        ("strict", False),
    ):
        explorer.controls[name].value = value
        seen.add(explorer.view_widget.value)
    assert len(seen) == 6
    assert len(MISTAKES) == 5


def test_the_live_tagger_follows_the_support():
    explorer = live_tagger_explorer()
    episode, most = explorer.episode, len(explorer.episode.support)
    for way in (PROTOTYPES, NEAREST, PATH):
        for count in (1, most):
            tags = explorer.tags(count, 1, way, 0.01)
            assert len(tags) == len(episode.query[0].words)
            shown = {kind for each in episode.support[:count] for kind in each.types}
            assert {tag[2:] for tag in tags} - {""} <= shown, "a type nobody has shown"
    assert explorer.tags(most, 1, PATH, 0.0) == explorer.tags(most, 1, NEAREST, 0.01)
    explorer.controls["count"].value = most
    counts = micro(count_spans([episode.query[0].tags], [explorer.tags(most, 1, NEAREST, 0.01)]))
    assert f"{counts.right} of {counts.gold} names right" in explorer.view_widget.value
    seen = {explorer.view_widget.value}
    for name, value in (("way", PROTOTYPES), ("number", 2), ("way", PATH)):
        explorer.controls[name].value = value
        seen.add(explorer.view_widget.value)
    assert len(seen) == 4
