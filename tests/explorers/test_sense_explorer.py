"""The explorer asks every method about the sentences that are not shown to it."""

import re
from time import perf_counter

import pytest
import torch

from metalearn_lab.comparison.word_senses import MEANS, NEAREST
from metalearn_lab.explorers.sense_explorer import LONGEST, MOST_SHOTS, SenseExplorer
from tests.experiments.small_desk import encode
from tests.explorers.small_explorers import sense_explorer


@pytest.fixture
def explorer():
    return sense_explorer()


def cells(explorer):
    rows = re.findall(r'<tr><th scope="row".*?</tr>', explorer.view_widget.value)
    return [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in rows]


def test_the_counts_are_those_of_the_nearest_mean(explorer):
    explorer.controls["shots"].value = 3
    world, word = explorer.world, explorer.controls["word"].value
    own = [i for i, each in enumerate(world.table.words) if each == word]
    first, second = own[:10], own[10:]
    if world.table.senses[first[0]] > world.table.senses[second[0]]:
        first, second = second, first
    means = torch.stack([world.x[rows[:3]].mean(0) for rows in (first, second)])
    others = first[3:] + second[3:]
    said = torch.cosine_similarity(world.x[others][:, None], means, dim=2).argmax(1)
    right = (said == torch.tensor([0] * 7 + [1] * 7)).sum()
    assert cells(explorer)[0] == [f"{right} of 14", "–"]


def test_with_one_sentence_the_nearest_is_the_mean(explorer):
    rows = dict(zip(explorer.methods, cells(explorer), strict=True))
    assert rows[MEANS] == rows[NEAREST]


def test_a_typed_sentence_gets_a_sense(explorer):
    table, word = explorer.world.table, explorer.controls["word"].value
    row = table.words.index(word)
    explorer.controls["sentence"].value = table.sentences[row]
    assert table.sentences[row] in explorer.view_widget.value
    assert cells(explorer)[0][1] in table.senses


@pytest.mark.parametrize("typed", ["<b>bold</b> & co", "x" * 5000, "日本語", "   ", "\n"])
def test_any_sentence_gets_an_answer(explorer, typed):
    explorer.controls["sentence"].value = typed
    assert "<b>bold" not in explorer.view_widget.value
    assert "x" * (LONGEST + 1) not in explorer.view_widget.value
    assert len(cells(explorer)) == len(explorer.methods)


def test_every_k_is_quick(explorer):
    times = []
    for shots in range(1, MOST_SHOTS + 1):
        start = perf_counter()
        explorer.controls["shots"].value = shots
        times.append(perf_counter() - start)
        assert f"K = {shots}" in explorer.view_widget.value
    assert min(times) < 0.06


def test_no_method_is_refused(explorer):
    with pytest.raises(ValueError, match="no method"):
        SenseExplorer(explorer.world, {}, encode)
