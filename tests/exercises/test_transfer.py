"""The self-checks of chapter 02: the right answer passes, each likely mistake has its hint."""

import pytest
import torch
from torch.nn import functional as F

from metalearn_lab.exercises.transfer import check_choose, check_class_means, check_lora
from metalearn_lab.exercises.verdict import NOTHING_YET


def stub(*arguments):
    raise NotImplementedError("your turn")


def means(h, y, ways):
    return torch.stack([h[y == c].mean(0) for c in range(ways)])


def cosines(h, y, query, ways):
    return F.normalize(query, dim=1) @ F.normalize(means(h, y, ways), dim=1).T


def lora(x, weight, bias, a, b, lora_alpha):
    return x @ weight.T + bias + lora_alpha / len(a) * (x @ a.T) @ b.T


@pytest.mark.parametrize("check", [check_lora, check_class_means, check_choose])
def test_a_stub_is_no_answer_yet(check):
    verdict = check(stub)
    assert not verdict.right
    assert verdict.says.startswith(NOTHING_YET)


def by_sums(h, y, query, ways):
    return F.cosine_similarity(query[:, None], F.one_hot(y, ways).to(h).T @ h, dim=2)


@pytest.mark.parametrize("answer", [cosines, by_sums])
def test_cosines_with_the_class_means_are_right(answer):
    assert check_class_means(answer).right


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda h, y, q, n: q @ means(h, y, n).T, "these are products"),
        (lambda h, y, q, n: q @ F.normalize(means(h, y, n), dim=1).T, "length of the query"),
        (lambda h, y, q, n: F.normalize(q, dim=1) @ means(h, y, n).T, "length of the mean"),
        (lambda h, y, q, n: cosines(F.normalize(h, dim=1), y, q, n), "not of vectors of length 1"),
        (lambda h, y, q, n: cosines(h, y.sort().values, q, n), "use the labels"),
        (lambda h, y, q, n: torch.cdist(q, means(h, y, n)), "these are distances"),
        (lambda h, y, q, n: cosines(h, y, q, n).T, "the other way round"),
        (lambda h, y, q, n: cosines(h, y, q, n).argmax(1), "return the cosines themselves"),
        (lambda h, y, q, n: -cosines(h, y, q, n), "for each class"),
        (lambda h, y, q, n: cosines(h, y, q, 3), "a floating-point tensor of shape [2, 5]"),
    ],
)
def test_each_mistake_with_the_class_means_has_its_hint(answer, hint):
    verdict = check_class_means(answer)
    assert not verdict.right
    assert hint in verdict.says


def in_one_matrix(x, weight, bias, a, b, lora_alpha):
    return F.linear(x, weight + lora_alpha / a.shape[0] * b @ a, bias)


def added_to_its_own_output(x, weight, bias, a, b, lora_alpha):
    return F.linear(x, weight, bias).add_(lora_alpha / len(a) * (x @ a.T) @ b.T)


@pytest.mark.parametrize("answer", [lora, in_one_matrix, added_to_its_own_output])
def test_every_order_of_the_products_is_right(answer):
    assert check_lora(answer).right


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda x, w, c, a, b, alpha: F.linear(x, w, c), "frozen layer alone"),
        (lambda x, w, c, a, b, alpha: alpha / len(a) * x @ a.T @ b.T, "layer is missing"),
        (lambda x, w, c, a, b, alpha: F.linear(x, w, c) + x @ a.T @ b.T, "not scaled"),
        (lambda x, w, c, a, b, alpha: F.linear(x, w, c) + alpha * x @ a.T @ b.T, "number of rows"),
        (lambda x, w, c, a, b, alpha: F.linear(x, w, c) + 2.5 * x @ a.T @ b.T, "one product"),
        (lambda x, w, c, a, b, alpha: lora(x, w, c, a, b, len(a) ** 2 / alpha), "its inverse"),
        (lambda x, w, c, a, b, alpha: lora(x, w, 0 * c, a, b, alpha), "bias of the frozen"),
        (lambda x, w, c, a, b, alpha: alpha / len(a) * lora(x, w, c, a, b, len(a)), "alone, not"),
        (lambda x, w, c, a, b, alpha: lora(x, w, c, a, b, alpha).detach(), "cut off"),
        (lambda x, w, c, a, b, alpha: lora(x, w, c, a.detach(), b, alpha), "cut off"),
        (lambda x, w, c, a, b, alpha: lora(x, w, c, a, b.data, alpha), "cut off"),
        (lambda x, w, c, a, b, alpha: F.linear(x, w.add_(alpha / len(a) * b @ a), c), "itself"),
        (lambda x, w, c, a, b, alpha: lora(x, w, c, a, b.mul_(alpha / len(a)), len(a)), "itself"),
        (lambda x, w, c, a, b, alpha: F.linear(x, w, c) + x @ a @ b, "RuntimeError"),
    ],
)
def test_each_mistake_with_lora_has_its_hint(answer, hint):
    verdict = check_lora(answer)
    assert not verdict.right
    assert hint in verdict.says


@pytest.mark.parametrize(
    "choose",
    [
        lambda validation, test: max(validation, key=validation.get),
        lambda validation, test: sorted(validation, key=lambda name: -validation[name])[0],
    ],
)
def test_choosing_on_validation_is_right(choose):
    assert check_choose(choose).right


@pytest.mark.parametrize(
    ("choose", "hint"),
    [
        (lambda v, test: max(test, key=test.get), "leave `test` unused"),
        (lambda v, test: max(v, key=lambda n: v[n] + test[n]), "leave `test` unused"),
        (lambda v, test: max(v, key=lambda n: 0.9 * v[n] + 0.1 * test[n]), "leave `test` unused"),
        (lambda v, test: max(v, key=lambda n: v[n] + 1e-6 * test[n]), "leave `test` unused"),
        (lambda v, test: max(v, key=lambda n: (v[n], test[n])), "leave `test` unused"),
        (lambda v, test: max(v, key=lambda n: (round(v[n], 2), test[n])), "leave `test` unused"),
        (lambda v, test: min(v, key=v.get), "smallest accuracy"),
        (lambda v, test: "LoRA", "accuracy"),
        (lambda v, test: next(iter(v)), "accuracy"),
        (lambda v, test: max(v.values()), "return one of the names"),
        (lambda v, test: "BitFit", "return one of the names"),
    ],
)
def test_each_mistake_in_choosing_has_its_hint(choose, hint):
    verdict = check_choose(choose)
    assert not verdict.right
    assert hint in verdict.says
