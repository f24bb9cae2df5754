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
    vectors = torch.randn(20, 30, generator=torch.Generator().manual_seed(0)).double()
    numbers = torch.Generator().manual_seed(1)
    x = vectors[torch.tensor(table.labels)]
    x = F.normalize(x + 0.3 * torch.randn(x.shape, generator=numbers).double(), dim=1)
    seen = draw(table, 1, shots=5, ways=20).seen(x)
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


def test_the_sums_of_ridge_forget_nothing(episode):
    """After the last block they are ridge on all sentences at once, in any order of blocks."""
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
