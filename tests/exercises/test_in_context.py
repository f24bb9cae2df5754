"""The checks of chapter 15 accept what is right, and name each likely mistake."""

import pytest
import torch

from metalearn_lab.exercises.in_context import check_attention_layer, check_pool_answer
from metalearn_lab.exercises.verdict import NOTHING_YET


def layer(tokens, key_query, value):
    known = tokens[:-1]
    moved = []
    for token in tokens:
        terms = [(each @ key_query @ token) * (value @ each) for each in known]
        moved.append(token + sum(terms) / len(known))
    return torch.stack(moved)


def pool_answer(slopes, x, y, noise):
    squares = ((y - slopes[:, None] * x) ** 2).sum(1)
    weights = torch.exp(-squares / (2 * noise**2))
    return (weights * slopes).sum() / weights.sum()


def scored(tokens, key_query, value, *, known=None, mean=True):
    known = tokens[:-1] if known is None else known
    mixed = tokens @ (known @ key_query).T @ (known @ value.T)
    return mixed / len(known) if mean else mixed


def test_the_right_answers_are_right():
    assert check_attention_layer(layer).right
    assert check_pool_answer(pool_answer).right


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda t, a, v: t + scored(t, a, v, known=t), "looked at too"),
        (lambda t, a, v: t + scored(t, a, v, mean=False), "take their mean"),
        (lambda t, a, v: layer(t, a.T, v), "the wrong way round"),
        (lambda t, a, v: layer(t, a, v.T), "V is transposed"),
        (scored, "the token itself is missing"),
        (
            lambda t, a, v: t + (t @ (t[:-1] @ a).T).softmax(-1) @ (t[:-1] @ v.T),
            "this attention has none",
        ),
        (lambda t, a, v: 2 * layer(t, a, v), "Compute one pair"),
        (lambda t, a, v: layer(t, a, v)[:-1], "is asked for"),
        (lambda t, a, v: layer(t, a, v) * float("nan"), "not finite"),
    ],
)
def test_a_wrong_layer_is_told_why(answer, hint):
    verdict = check_attention_layer(answer)
    assert not verdict.right
    assert hint in verdict.says


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda w, x, y, s: pool_answer(w, x, y, s * len(x) ** 0.5), "so add them up"),
        (lambda w, x, y, s: w[((y - w[:, None] * x) ** 2).sum(1).argmin()], "only the best slope"),
        (lambda w, x, y, s: pool_answer(w, x, y, s / 2**0.5), "the 2 of 2σ²"),
        (lambda w, x, y, s: pool_answer(w, x, y, s**0.5), "σ is not squared"),
        (lambda w, x, y, s: pool_answer(w, x, y, 1.0), "the noise is not used"),
        (lambda w, x, y, s: w.mean(), "all slopes weigh the same"),
        (lambda w, x, y, s: pool_answer(w, x, y, s) + 1, "the mean should be"),
        (lambda w, x, y, s: pool_answer(w, x, y, s).item(), "is asked for"),
    ],
)
def test_a_wrong_mean_is_told_why(answer, hint):
    verdict = check_pool_answer(answer)
    assert not verdict.right
    assert hint in verdict.says


def test_nothing_is_no_answer():
    for check in (check_attention_layer, check_pool_answer):
        assert NOTHING_YET in check(None).says
