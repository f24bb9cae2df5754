"""Few-shot, zero-shot and continual draws of one table."""

import pytest
import torch
from torch.nn import functional as F

from metalearn_lab.experiments.three_samplers import (
    bags,
    continual,
    draw,
    few_shot,
    name_in_words,
    ngram_bags,
    word_bags,
    zero_and_few_shot,
    zero_shot,
)
from metalearn_lab.learners.ridge_head import ridge
from metalearn_lab.tasks.table import Row, build_table
from metalearn_lab.tasks.types import Split, Task


@pytest.fixture(scope="module")
def table():
    rows = [
        Row(f"word{c} other{i}", f"Hass{chr(65 + c)}word", i) for c in range(20) for i in range(12)
    ]
    return build_table(rows, "made up")


@pytest.fixture(scope="module")
def episode(table):
    return drawn_episode(table, 0)


def drawn_episode(table, seed):
    numbers = torch.Generator().manual_seed(seed)
    x = torch.randn(20, 30, generator=numbers).double()[torch.tensor(table.labels)]
    x = F.normalize(x + 0.3 * torch.randn(x.shape, generator=numbers).double(), dim=1)
    seen = draw(table, 1, shots=5, ways=20, seed=seed).seen(x)
    return Task(*(Split(x[0], y[0]) for x, y in seen))


def test_names_become_words():
    names = {
        "HassTurnOn/light": "turn on light",
        "HassGetState/one_yesno": "get state one yesno",
        "HassMediaNext": "media next",
    }
    assert {name: name_in_words(name) for name in names} == names


def test_bags_hold_what_a_text_has():
    found = bags(torch.tensor([[1, 1, 2, 0], [3, 0, 0, 0]]), 5)
    assert found[0].tolist() == pytest.approx([0, 0.5**0.5, 0.5**0.5, 0, 0])
    assert found[1].tolist() == [0, 0, 0, 1, 0]
    words = word_bags(["turn on the light", "light the on turn", "something else"])
    assert (words @ words.T)[0].tolist() == pytest.approx([1, 1, 0])
    assert 0 < (ngram_bags(["lights"]) @ ngram_bags(["light"]).T).item() < 1


def test_one_draw_serves_few_shot_and_zero_shot(table):
    draws = draw(table, 20, shots=1)
    vectors = torch.eye(20)[torch.tensor(table.labels)]
    assert few_shot(draws, vectors).mean() == 1
    assert zero_shot(draws, vectors, torch.eye(20)).mean() == 1
    wrong = torch.eye(20).roll(1, 0)
    assert zero_shot(draws, vectors, wrong).mean() < 0.5


def test_a_label_text_counts_as_one_more_example(table):
    """By hand: the nearest of the sums of the examples and the label text."""
    draws = draw(table, 4, shots=1)
    numbers = torch.Generator().manual_seed(0)
    vectors, texts = (torch.randn(size, 30, generator=numbers) for size in (len(table), 20))
    (x, y), query = draws.seen(vectors)
    sums = torch.stack([x[i][y[i].argsort()] for i in range(4)]) + texts[draws.classes]
    right = (F.normalize(query.x, dim=2) @ F.normalize(sums, dim=2).mT).argmax(2) == query.y
    assert few_shot(draws, vectors, texts).tolist() == right.float().mean(1).tolist()
    only_texts = few_shot(draws, torch.zeros_like(vectors), texts)
    assert only_texts.tolist() == zero_shot(draws, torch.zeros_like(vectors), texts).tolist()


def test_every_label_text_is_scored_with_and_without_examples(table):
    draws = {k: draw(table, 4, shots=k) for k in (1, 2)}
    vectors, wrong = torch.eye(20)[torch.tensor(table.labels)], torch.eye(20).roll(1, 0)
    scores = zero_and_few_shot(draws, vectors, {"name": torch.eye(20), "wrong": wrong})
    assert list(scores) == [
        ("none", 1), ("none", 2), *((text, k) for text in ("name", "wrong") for k in (0, 1, 2)),
    ]  # fmt: skip
    assert [scores["name", k] for k in (0, 1, 2)] == [100, 100, 100]
    assert scores["wrong", 0] < 50


@pytest.mark.parametrize("seed", range(5))
def test_the_sums_of_ridge_forget_nothing(table, seed):
    """After the last block they are ridge on all sentences at once, in any order of blocks."""
    episode = drawn_episode(table, seed)
    (x, y), query = episode
    head = ridge(x, F.one_hot(y, 20).double(), torch.tensor(0.1))
    accuracy = ((query.x @ head).argmax(1) == query.y).float().mean()
    found = continual(episode, 4, "ridge", penalty=0.1)
    assert found.seen[-1] == accuracy
    backwards = Task(*(Split(each.x, 19 - each.y) for each in episode))
    assert continual(backwards, 4, "ridge", penalty=0.1).seen[-1] == accuracy


def test_class_means_of_the_first_block_stay(episode):
    found = continual(episode, 4, "class means")
    assert found.first[0] == found.seen[0]
    assert (found.first.diff() <= 0).all(), "only new classes can take answers away"


def test_the_newest_block_pushes_out_the_first(episode):
    newest, means = (continual(episode, 4, m) for m in ("newest block", "class means"))
    assert newest.seen[0] > 0.8
    assert newest.seen[-1] < means.seen[-1]


def test_an_unknown_method_is_refused(episode):
    with pytest.raises(ValueError, match="newest block"):
        continual(episode, 4, "memory")
