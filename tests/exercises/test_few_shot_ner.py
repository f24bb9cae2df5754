"""The checks of chapter 10 accept what is right, and name each likely mistake."""

import pytest
import torch

from metalearn_lab.exercises.few_shot_ner import check_entity_f1, check_viterbi_step
from metalearn_lab.exercises.verdict import NOTHING_YET


def spans(tags, *, strict=False, io=False, typed=True, last=True):
    found, before = [], "O"
    for i, tag in enumerate(tags):
        opens = (tag[0] == "B" and not io) or before == "O" or before[2:] != tag[2:]
        if tag != "O" and opens and not (strict and tag[0] == "I"):
            found.append([tag[2:] if typed else "", i, i + 1])
        elif tag != "O" and found and found[-1][2] == i:
            found[-1][2] = i + 1
        before = tag
    return [tuple(span) for span in found if last or span[2] < len(tags)]


def entity_f1(gold, predicted, *, by_sentence=True, ratio="f1", **how):
    sides = []
    for tags in (gold, predicted):
        numbered = enumerate(tags)
        sides.append({(i * by_sentence, *s) for i, own in numbered for s in spans(own, **how)})
    right, (true, found) = len(sides[0] & sides[1]), map(len, sides)
    if ratio != "f1":
        total = found if ratio == "precision" else true
        return right / total if total else 0.0
    return 2 * right / (true + found) if true + found else 0.0


def f1_of_two(gold, predicted):
    return entity_f1(gold, predicted)


def accuracy(gold, predicted):
    pairs = [p for a, b in zip(gold, predicted, strict=True) for p in zip(a, b, strict=True)]
    return sum(a == b for a, b in pairs) / len(pairs)


def viterbi_step(best, steps, own):
    return (best[:, None] + steps).amax(0) + own


def test_the_right_answers_are_right():
    assert check_entity_f1(f1_of_two).right
    assert check_viterbi_step(viterbi_step).right


def variant(**how):
    return lambda gold, predicted: entity_f1(gold, predicted, **how)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (accuracy, "share of right tokens"),
        (variant(ratio="precision"), "that is the precision"),
        (variant(ratio="recall"), "that is the recall"),
        (variant(by_sentence=False), "keep the sentence's number"),
        (variant(strict=True), "the lenient rule is asked for"),
        (variant(io=True), "begins with B-"),
        (variant(typed=False), "type of an entity"),
        (variant(last=False), "ends with the sentence"),
        (lambda gold, predicted: float("nan"), "finite"),
        (lambda gold, predicted: 1 / (len(gold) - 1), "raised"),
        (lambda gold, predicted: 0.3, "F1 is"),
    ],
)
def test_a_wrong_f1_is_told_why(answer, hint):
    verdict = check_entity_f1(answer)
    assert not verdict.right
    assert hint in verdict.says


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda b, s, o: (b[:, None] + s).amax(1) + o, "over the tag before"),
        (lambda b, s, o: (b[:, None] + s.T).amax(0) + o, "row a of"),
        (lambda b, s, o: (b[:, None] + s).amax(0), "own scores are missing"),
        (lambda b, s, o: (b[:, None] + s).logsumexp(0) + o, "keep the best one"),
        (lambda b, s, o: s.amax(0) + o, "best scores so far"),
        (lambda b, s, o: b.max() + o, "the steps are missing"),
        (lambda b, s, o: (b[:, None] * s).amax(0) * o, "add them"),
        (lambda b, s, o: viterbi_step(b, s, o) + 1, "differ from the best"),
        (lambda b, s, o: viterbi_step(b, s, o)[:-1], "asked for"),
        (lambda b, s, o: (b[:, None] + s).max(0), "asked for"),
    ],
)
def test_a_wrong_step_is_told_why(answer, hint):
    verdict = check_viterbi_step(answer)
    assert not verdict.right
    assert hint in verdict.says


def test_the_hints_are_of_finite_answers():
    assert not check_viterbi_step(lambda b, s, o: torch.full_like(o, torch.inf)).right


def test_nothing_is_no_answer():
    for check in (check_entity_f1, check_viterbi_step):
        assert NOTHING_YET in check(None).says
