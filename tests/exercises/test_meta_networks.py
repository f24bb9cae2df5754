"""The checks of chapter 08 accept what is right, and name each likely mistake."""

import pytest
import torch
from torch.func import functional_call
from torch.nn import functional as F

from metalearn_lab.exercises.meta_networks import check_class_head, check_meta_network_loss
from metalearn_lab.exercises.verdict import NOTHING_YET


def meta_network_loss(
    base, head, tail, support, query, *, pool=torch.mean, read=0, judge=1, first=False, cut=False
):
    splits = (support, query)
    codes = head(torch.cat([splits[read].x, splits[read].y], -1))
    if cut:
        codes = codes.detach()
    numbers = tail(codes).mean(0) if first else tail(pool(codes, 0))
    parts = numbers.split([weight.numel() for weight in base.parameters()])
    named = zip(base.named_parameters(), parts, strict=True)
    weights = {name: part.view(weight.shape) for (name, weight), part in named}
    return F.mse_loss(functional_call(base, weights, (splits[judge].x,)), splits[judge].y)


def loss_of_five(base, head, tail, support, query):
    return meta_network_loss(base, head, tail, support, query)


def with_base(base, head, tail, support, query):
    numbers = tail(head(torch.cat([support.x, support.y], -1)).mean(0))
    parts = numbers.split([weight.numel() for weight in base.parameters()])
    named = zip(base.named_parameters(), parts, strict=True)
    weights = {name: weight + part.view(weight.shape) for (name, weight), part in named}
    return F.mse_loss(functional_call(base, weights, (query.x,)), query.y)


def variant(**changed):
    return lambda *given: meta_network_loss(*given, **changed)


def class_head(x, y, ways):
    means = torch.stack([x[y == c].mean(0) for c in range(ways)])
    return torch.cat([2 * means, -(means**2).sum(1, keepdim=True)], 1)


def head_with(change):
    def changed(*given):
        head = class_head(*given)
        weights, biases = change(head[:, :-1], head[:, -1])
        return torch.cat([weights, biases[:, None]], 1)

    return changed


def of_sums(x, y, ways):
    sums = torch.stack([x[y == c].sum(0) for c in range(ways)])
    return torch.cat([2 * sums, -(sums**2).sum(1, keepdim=True)], 1)


def test_the_right_answers_are_right():
    assert check_meta_network_loss(loss_of_five).right
    assert check_class_head(class_head).right
    shifted = head_with(lambda w, b: (w, b + 3))
    assert check_class_head(shifted).right, "what all classes share changes no probability"


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (variant(pool=torch.sum), "take their mean"),
        (variant(read=1), "may see the support alone"),
        (variant(judge=0), "take it on the query"),
        (variant(first=True), "pool the codes first"),
        (variant(cut=True), "its gradient in the head is not"),
        (with_base, "own weights are added"),
        (lambda *given: loss_of_five(*given).item(), "return the tensor"),
        (lambda *given: loss_of_five(*given).detach(), "has no graph"),
        (lambda *given: 2 * loss_of_five(*given), "the query loss should be"),
    ],
)
def test_a_wrong_loss_is_told_why(answer, hint):
    verdict = check_meta_network_loss(answer)
    assert not verdict.right
    assert hint in verdict.says


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (head_with(lambda w, b: (w / 2, b)), "factor 2"),
        (head_with(lambda w, b: (w, -b)), "minus sign"),
        (head_with(lambda w, b: (w, 0 * b)), "biases are missing"),
        (head_with(lambda w, b: (w, -(-b).sqrt())), "take their squares"),
        (of_sums, "take their mean"),
        (lambda *given: class_head(*given)[:, :-1], "is asked for"),
        (head_with(lambda w, b: (w * float("nan"), b)), "not finite"),
        (head_with(lambda w, b: (-w, b)), "Expand this square"),
    ],
)
def test_a_wrong_head_is_told_why(answer, hint):
    verdict = check_class_head(answer)
    assert not verdict.right
    assert hint in verdict.says


def test_nothing_is_no_answer():
    for check in (check_meta_network_loss, check_class_head):
        assert NOTHING_YET in check(None).says
