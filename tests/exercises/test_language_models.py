"""The checks of chapter 09 accept what is right, and name each likely mistake."""

import pytest

from metalearn_lab.exercises.language_models import (
    check_author_share,
    check_smoothed_probability,
)
from metalearn_lab.exercises.verdict import NOTHING_YET
from metalearn_lab.models.ngram import NGram
from metalearn_lab.tasks.docstrings import ALPHABET, encode


def smoothed(text, history, letter, symbols, *, cut=1, least=0, kinds=set, unseen=None):
    shorter = 1 / symbols
    if history:
        rest = history[cut:] if cut > 0 else history[:cut]
        shorter = smoothed(
            text, rest, letter, symbols, cut=cut, least=least, kinds=kinds, unseen=unseen
        )
    n = len(history)
    followers = [text[i + n] for i in range(len(text) - n) if text.startswith(history, i)]
    if not followers:
        return shorter if unseen is None else unseen
    t = len(kinds(followers))
    return (followers.count(letter) + t * shorter) / (len(followers) + t)


def smoothed_of_four(text, history, letter, symbols):
    return smoothed(text, history, letter, symbols)


def raw(text, history, letter, symbols):
    n = len(history)
    followers = [text[i + n] for i in range(len(text) - n) if text.startswith(history, i)]
    return followers.count(letter) / max(len(followers), 1)


def add_one(text, history, letter, symbols):
    n = len(history)
    followers = [text[i + n] for i in range(len(text) - n) if text.startswith(history, i)]
    return (followers.count(letter) + 1) / (len(followers) + symbols)


def share(general, author, steps, *, begin=0.5, weigh=True, mine=True, hard=False):
    value = begin
    for _ in range(steps):
        w = value if weigh else 0.5
        one, other = (1 - w) * general, w * author
        posterior = (other if mine else one) / (one + other)
        if hard:
            posterior = (posterior > 0.5).double()
        value = posterior.mean().item()
    return value


def share_of_three(general, author, steps):
    return share(general, author, steps)


def test_the_right_answers_are_right():
    assert check_smoothed_probability(smoothed_of_four).right
    assert check_author_share(share_of_three).right


def test_the_model_of_the_package_has_this_formula():
    text = "The cat sat there. "
    model = NGram(4, len(ALPHABET)).fit(encode([text])[:-1])
    stream = encode(["The sat cat."])[:-1]
    found = model.probabilities(stream).tolist()
    for i, letter in enumerate("The sat cat."):
        history = "The sat cat."[max(0, i - 3) : i]
        if i < 3:  # the model counts the sentence's start as letters of a kind of their own
            continue
        assert found[i] == pytest.approx(smoothed(text, history, letter, 70), rel=1e-12)


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (raw, "without the shorter history"),
        (add_one, "add-one"),
        (lambda *given: smoothed(*given, cut=-1), "oldest letter, not its newest"),
        (lambda *given: smoothed(*given, kinds=list), "different"),
        (lambda *given: smoothed(*given, unseen=0.0), "never seen gives 0"),
        (lambda *given: 0.25, "should have"),
    ],
)
def test_a_wrong_probability_is_named(wrong, hint):
    verdict = check_smoothed_probability(wrong)
    assert not verdict.right
    assert hint in verdict.says, verdict


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda *given: share(*given, weigh=False), "as equals"),
        (lambda *given: share(*given, mine=False), "share of the general"),
        (lambda *given: share(*given, hard=True), "given to one model"),
        (lambda g, a, steps: share(g, a, steps + 1), "too many"),
        (lambda g, a, steps: share(g, a, steps - 1), "begin"),
        (lambda *given: share(*given, begin=0.3), "should be"),
    ],
)
def test_a_wrong_share_is_named(wrong, hint):
    verdict = check_author_share(wrong)
    assert not verdict.right
    assert hint in verdict.says, verdict


def test_nothing_written_yet():
    for check in (check_smoothed_probability, check_author_share):
        assert check(None).says.startswith(NOTHING_YET)
