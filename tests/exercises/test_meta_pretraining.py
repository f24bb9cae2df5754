"""The checks of chapter 18 accept what is right, and name each likely mistake."""

import pytest
import torch
from torch.nn import functional as F

from metalearn_lab.exercises.meta_pretraining import check_hide_word, check_my_contrastive_loss
from metalearn_lab.exercises.verdict import NOTHING_YET
from metalearn_lab.experiments.contrastive import contrastive_loss


def loss_of_three(first, second, temperature):
    return contrastive_loss(first, second, temperature)


def by_hand(first, second, temperature):
    scores = F.normalize(first, dim=1) @ F.normalize(second, dim=1).T / temperature
    return -(scores.exp().diagonal() / scores.exp().sum(1)).log().mean()


def hide(ids, word, mask):
    kept = ids[(ids == word).sum(1) == 1]
    return torch.where(kept == word, mask, kept)


def hide_in_a_loop(ids, word, mask):
    rows = []
    for sentence in ids.tolist():
        if sentence.count(word) == 1:
            rows.append([mask if each == word else each for each in sentence])
    return torch.tensor(rows)


def scores(first, second, temperature):
    return F.normalize(first, dim=1) @ F.normalize(second, dim=1).T / temperature


def without_own(first, second, temperature):
    s = scores(first, second, temperature)
    others = s.exp().sum(1) - s.diagonal().exp()
    return (others.log() - s.diagonal()).mean()


def hide_wherever_it_stands(ids, word, mask):
    kept = ids[(ids == word).any(1)]
    return torch.where(kept == word, mask, kept)


def hide_the_first(ids, word, mask):
    kept = ids[(ids == word).any(1)].clone()
    kept[torch.arange(len(kept)), (kept == word).int().argmax(1)] = mask
    return kept


def test_the_right_answers_are_right():
    for answer in (loss_of_three, by_hand):
        assert check_my_contrastive_loss(answer).right, check_my_contrastive_loss(answer)
    for answer in (hide, hide_in_a_loop):
        assert check_hide_word(answer).right, check_hide_word(answer)


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda a, b, t: F.cross_entropy(a @ b.T / t, torch.arange(len(a))), "dot products"),
        (lambda a, b, t: by_hand(a, b, 1 / t), "divide by it"),
        (lambda a, b, t: by_hand(b, a, t), "first view choose"),
        (without_own, "below the fraction line"),
        (lambda a, b, t: -scores(a, b, t).softmax(1).diagonal().mean(), "logarithm"),
        (lambda a, b, t: -by_hand(a, b, t), "minus sign"),
        (lambda a, b, t: by_hand(a, b, t) * len(a), "mean"),
        (lambda a, b, t: by_hand(a, b, t).detach(), "no graph"),
        (lambda a, b, t: by_hand(a, b.detach(), t), "detached"),
        (lambda a, b, t: by_hand(a, b, t).item(), "return the tensor"),
        (lambda a, b, t: by_hand(a, b, t) + 0.1, "should be"),
    ],
)
def test_a_wrong_loss_is_named(wrong, hint):
    verdict = check_my_contrastive_loss(wrong)
    assert not verdict.right
    assert hint in verdict.says, verdict


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda ids, word, mask: ids[(ids == word).sum(1) == 1], "still stands"),
        (lambda ids, word, mask: hide(ids, word, 0), "padding"),
        (lambda ids, word, mask: torch.where(ids == word, mask, ids), "should be kept"),
        (
            lambda ids, word, mask: torch.where((ids == word) & one(ids, word), mask, ids),
            "without the word",
        ),
        (hide_wherever_it_stands, "only those with one"),
        (hide_the_first, "gives it away"),
        (lambda ids, word, mask: hide(ids, word, mask).flip(0), "their order"),
        (lambda ids, word, mask: hide(ids, word, mask)[1:], "should be kept"),
        (lambda ids, word, mask: hide(ids, word, mask) + 1, "what stands in them"),
        (lambda ids, word, mask: hide(ids, word, mask).float(), "whole numbers"),
        (lambda ids, word, mask: hide(ids, word, mask)[:, 1:], "has shape"),
    ],
)
def test_wrong_sentences_are_named(wrong, hint):
    verdict = check_hide_word(wrong)
    assert not verdict.right
    assert hint in verdict.says, verdict


def one(ids, word):
    return (ids == word).sum(1, keepdim=True) == 1


def test_nothing_written_yet():
    for check in (check_my_contrastive_loss, check_hide_word):
        assert check(None).says.startswith(NOTHING_YET)
