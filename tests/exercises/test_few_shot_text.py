"""The self-checks of chapter 06: right answers pass, each likely mistake has its hint."""

import pytest
import torch
from scipy.stats import t, ttest_rel
from torch.nn import functional as F

from metalearn_lab.exercises.few_shot_text import (
    check_difference_over_splits,
    check_gain_from_peeking,
    check_prototype_loss,
)
from metalearn_lab.exercises.verdict import NOTHING_YET

CURVES = {"MAML": (torch.tensor([[0.2, 0.5, 0.4], [0.2, 0.7, 0.4]]), 2)}


def means(h, y, ways):
    return torch.stack([h[y == c].mean(0) for c in range(ways)])


def sums(h, y, ways):
    return F.one_hot(y, ways).to(h).T @ h


def squares(q, p):
    return ((q[:, None] - p) ** 2).sum(-1)


def prototype_loss(support, labels, query, query_labels, ways):
    return F.cross_entropy(-squares(query, means(support, labels, ways)), query_labels)


def by_log_softmax(support, labels, query, query_labels, ways):
    prototypes = sums(support, labels, ways) / torch.bincount(labels)[:, None]
    scores = 2 * query @ prototypes.T - prototypes.square().sum(1)  # ‖q‖² is the same for all
    return -scores.log_softmax(1)[range(len(query)), query_labels].mean()


def sentence_by_sentence(support, labels, query, query_labels, ways):
    losses = []
    for q, y in zip(query, query_labels, strict=True):
        members = [support[labels == c] for c in range(ways)]
        scores = torch.stack([-(q - each.mean(0)).dot(q - each.mean(0)) for each in members])
        losses.append(torch.logsumexp(scores, 0) - scores[y])
    return sum(losses) / len(losses)


def in_single_precision(support, labels, query, query_labels, ways):
    return prototype_loss(support.float(), labels, query.float(), query_labels, ways)


def by_cdist(support, labels, query, query_labels, ways):
    scores = -(torch.cdist(query, means(support, labels, ways)) ** 2)
    return F.cross_entropy(scores, query_labels)


@pytest.mark.parametrize(
    "answer", [prototype_loss, by_log_softmax, sentence_by_sentence, in_single_precision, by_cdist]
)
def test_the_prototype_loss_is_right_however_it_is_written(answer):
    verdict = check_prototype_loss(answer)
    assert verdict.right, verdict


def of_scores(scores):
    """The loss of other scores of queries and prototypes."""
    return lambda h, y, q, z, n: F.cross_entropy(scores(q, means(h, y, n)), z)


def of_prototypes(prototypes):
    """The loss of other prototypes."""
    return lambda h, y, q, z, n: F.cross_entropy(-squares(q, prototypes(h, y, n)), z)


def changed(change):
    """What is made of the right loss."""
    return lambda h, y, q, z, n: change(prototype_loss(h, y, q, z, n), q)


def class_by_class(h, y, q, z, n):
    losses = [prototype_loss(h, y, q[z == c], z[z == c], n) for c in range(n)]
    return torch.stack(losses).mean()


def half_detached(q, p):
    return 2 * q @ p.T - p.detach().square().sum(1)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (of_scores(lambda q, p: -squares(q, p).sqrt()), "not squared"),
        (of_scores(lambda q, p: -torch.cdist(q, p)), "not squared"),
        (of_scores(squares), "the sign of the scores"),
        (of_scores(lambda q, p: -((q[:, None] - p) ** 2).mean(-1)), "do not average them"),
        (of_scores(lambda q, p: F.cosine_similarity(q[:, None], p, dim=-1)), "are cosines"),
        (of_scores(lambda q, p: q @ p.T), "are products"),
        (of_scores(lambda q, p: (-squares(q, p)).softmax(1)), "no softmax"),
        (of_scores(lambda q, p: -0.5 * squares(q, p)), "for each class the mean"),
        (of_prototypes(sums), "not the sum"),
        (of_prototypes(lambda h, y, n: sums(h, y, n) / (len(h) / n)), "number of items of each"),
        (of_prototypes(lambda h, y, n: h.reshape(n, -1, h.shape[1]).mean(1)), "class by class"),
        (of_prototypes(lambda h, y, n: h.reshape(-1, n, h.shape[1]).mean(0)), "shot by shot"),
        (of_prototypes(lambda h, y, n: means(h, y, n).detach()), "prototypes are detached"),
        (of_prototypes(lambda h, y, n: means(h.data, y, n)), "prototypes are detached"),
        (lambda h, y, q, z, n: prototype_loss(h, y, q.detach(), z, n), "queries are detached"),
        (changed(lambda loss, q: -loss), "the sign of the loss"),
        (changed(lambda loss, q: loss * len(q)), "not their sum"),
        (class_by_class, "one of each class first"),
        (lambda h, y, q, z, n: prototype_loss(q, z, h, y, n), "swapped"),
        (changed(lambda loss, q: loss.detach()), "no graph"),
        (changed(lambda loss, q: loss.item()), "not a plain number"),
        (changed(lambda loss, q: loss.detach() + 0 * loss), "prototypes are detached"),
        (changed(lambda loss, q: loss + 0.1 * (q - q.detach()).sum()), "gradient in the queries"),
        (changed(lambda loss, q: loss * (1 + 1e-4)), "for each class the mean"),
        (lambda h, y, q, z, n: -squares(q, means(h, y, n)), "of shape [] is asked for"),
        (
            lambda h, y, q, z, n: F.cross_entropy(-squares(q, means(h, y, n)), z, reduction="none"),
            "return their mean",
        ),
        (of_scores(half_detached), "gradient in the prototypes"),
    ],
)
def test_each_mistake_with_the_prototype_loss_has_its_hint(answer, hint):
    verdict = check_prototype_loss(answer)
    assert not verdict.right
    assert hint in verdict.says


def fixed_number(h, y, q, z, n):
    return 0 * prototype_loss(h, y, q, z, n) + {3: 4.0, 5: 3.0, 2: 2.0}[n]


def fixed_shape(h, y, q, z, n):
    return prototype_loss(h, y, q, z, 3)


def deaf_to_classes_without_queries(h, y, q, z, n):
    return prototype_loss(h, y, q[z < 2], z[z < 2], n)


@pytest.mark.parametrize("answer", [fixed_number, fixed_shape, deaf_to_classes_without_queries])
def test_no_fixed_loss_is_right(answer):
    assert not check_prototype_loss(answer).right


def interval(differences, quantile=None, correction=1):
    """Of differences ``[n]``."""
    n = len(differences)
    quantile = t.ppf(0.975, n - 1) if quantile is None else quantile
    error = differences.std(correction=correction) / n**0.5
    return differences.mean().item(), (quantile * error).item()


def over_splits(one, other):
    return interval(one.mean(1) - other.mean(1))


def by_paired_test(one, other):
    low, high = ttest_rel(one.mean(1), other.mean(1)).confidence_interval(0.95)
    return (low + high) / 2, (high - low) / 2


@pytest.mark.parametrize(
    "answer",
    [
        over_splits,
        by_paired_test,
        lambda one, other: interval((one - other).mean(1)),
        lambda one, other: list(map(torch.tensor, over_splits(one, other))),
        lambda one, other: over_splits(one.float(), other.float()),
    ],
)
def test_the_difference_over_splits_is_right_however_it_is_written(answer):
    verdict = check_difference_over_splits(answer)
    assert verdict.right, verdict


def with_half_width(half_width):
    """The right mean with another half-width."""
    return lambda one, other: (over_splits(one, other)[0], half_width(one, other))


def with_mean(mean):
    """Another mean with the right half-width."""
    return lambda one, other: (mean(one, other), over_splits(one, other)[1])


def unpaired(one, other, quantile=None):
    n = len(one)
    error = ((one.mean(1).var() + other.mean(1).var()) / n).sqrt()
    return (t.ppf(0.975, n - 1) if quantile is None else quantile(n)) * error.item()


def half_of(one, other):
    return over_splits(one, other)[1]


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda a, b: interval((a - b).flatten()), "seeds of one split are not independent"),
        (lambda a, b: interval((a - b).flatten(), quantile=1.96), "n counts splits, not splits"),
        (lambda a, b: interval((a - b).mean(1), quantile=1.96), "normal quantile"),
        (with_half_width(unpaired), "compare on the same split"),
        (
            with_half_width(lambda a, b: unpaired(a, b, lambda n: t.ppf(0.975, 2 * n - 2))),
            "with n − 1 degrees",
        ),
        (with_half_width(lambda a, b: unpaired(a, b, lambda n: 1.96)), "with Student's t"),
        (lambda a, b: interval((a - b).mean(1), quantile=1), "standard error"),
        (lambda a, b: interval((a - b).mean(1), correction=0), "divided by n − 1, not n"),
        (with_half_width(lambda a, b: 2 * half_of(a, b)), "whole width"),
        (with_half_width(lambda a, b: half_of(a, b) * len(a) ** 0.5), "spread of one split"),
        (with_half_width(lambda a, b: half_of(a, b) / len(a) ** 0.5), "not by n"),
        (
            lambda a, b: interval((a - b).mean(1), quantile=t.ppf(0.975, len(a))),
            "degrees of freedom",
        ),
        (lambda a, b: interval((a - b).mean(1), quantile=t.ppf(0.95, len(a) - 1)), "of 0.975"),
        (lambda a, b: interval((a - b).mean(1), quantile=3.0), "for 3 splits with 2 seeds"),
        (lambda a, b: over_splits(b, a), "the sign"),
        (with_mean(lambda a, b: 100 * (a - b).mean()), "in per cent already"),
        (with_mean(lambda a, b: (a - b).mean() / 100), "division by 100"),
        (with_mean(lambda a, b: (a.mean(1) - b.mean(1)).abs().mean()), "keep their signs"),
        (lambda a, b: interval(a[:, 0] - b[:, 0]), "first seed alone"),
        (with_mean(lambda a, b: (a - b).mean(1).sum()), "not their sum"),
        (with_mean(lambda a, b: a.mean()), "the mean difference should be"),
        (lambda a, b: over_splits(a, b)[::-1], "the mean difference should be"),
        (lambda a, b: over_splits(a, b)[0], "2 numbers are asked for, (mean, half_width), and"),
        (lambda a, b: (*over_splits(a, b), len(a)), "2 numbers are asked for"),
        (lambda a, b: (a - b, 1.0), "a number is asked for"),
    ],
)
def test_each_mistake_with_the_difference_has_its_hint(answer, hint):
    verdict = check_difference_over_splits(answer)
    assert not verdict.right
    assert hint in verdict.says


@pytest.mark.parametrize(
    "answer",
    [
        lambda a, b: interval((a - b).mean(1), quantile=t.ppf(0.975, 2)),
        lambda a, b: interval((a - b)[:3].mean(1)),
        lambda a, b: interval((a - b)[:, :2].mean(1)),
        lambda a, b: over_splits(a, 60 + 0 * b),
        lambda a, b: over_splits(a.sort(0).values, b.sort(0).values),
        lambda a, b: (1.0, 1.0),
    ],
)
def test_no_difference_of_one_size_or_of_one_method_is_right(answer):
    assert not check_difference_over_splits(answer).right


def gain(accuracy, chosen):
    mean = accuracy.mean(0)
    return 100 * (mean.max() - mean[chosen]).item()


def test_the_gain_is_right_and_said_for_each_method():
    verdict = check_gain_from_peeking(gain, CURVES)
    assert verdict.right
    assert "MAML 20.00" in verdict.says


@pytest.mark.parametrize(
    ("mistake", "hint"),
    [
        (lambda a, s: gain(a, s) / 100, "a point is a hundredth"),
        (lambda a, s: -gain(a, s), "the sign"),
        (lambda a, s: 100 * (a.amax(1).mean() - a[:, s].mean()), "another step in each episode"),
        (lambda a, s: gain(a, -1), "the last step"),
        (lambda a, s: 0.0, "average over episodes"),
    ],
)
def test_another_gain_is_recognised(mistake, hint):
    verdict = check_gain_from_peeking(mistake, CURVES)
    assert not verdict.right
    assert hint in verdict.says


@pytest.mark.parametrize(
    ("check", "given"),
    [
        (check_prototype_loss, ()),
        (check_difference_over_splits, ()),
        (check_gain_from_peeking, (CURVES,)),
    ],
)
def test_a_stub_is_no_answer_yet(check, given):
    def stub(*arguments):
        raise NotImplementedError("your turn")

    verdict = check(stub, *given)
    assert not verdict.right
    assert verdict.says.startswith(NOTHING_YET)
