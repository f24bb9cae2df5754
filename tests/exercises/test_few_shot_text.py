import pytest
import torch

from metalearn_lab.evaluation.intervals import interval_over_tasks
from metalearn_lab.exercises.few_shot_text import (
    check_equal_gradients,
    check_gain_from_peeking,
    check_half_width,
)
from metalearn_lab.exercises.verdict import NOTHING_YET
from metalearn_lab.tasks.seeds import generator

ACCURACIES = torch.rand(600, generator=generator("accuracies"))
CURVES = {"MAML": (torch.tensor([[0.2, 0.5, 0.4], [0.2, 0.7, 0.4]]), 2)}


def half_width(x):
    return 1.96 * x.std() / len(x) ** 0.5


def gain(accuracy, chosen):
    mean = accuracy.mean(0)
    return 100 * (mean.max() - mean[chosen]).item()


def test_the_half_width_is_right_by_either_quantile_and_variance():
    assert check_half_width(half_width, ACCURACIES).right
    assert check_half_width(lambda x: interval_over_tasks(x).half_width, ACCURACIES).right
    assert check_half_width(lambda x: 1.96 * x.std(correction=0) / len(x) ** 0.5, ACCURACIES).right
    assert check_half_width(half_width, ACCURACIES[:10]).right


@pytest.mark.parametrize(
    ("mistake", "hint"),
    [
        (lambda x: 1.96 * x.std(), "spread of one episode"),
        (lambda x: x.std() / len(x) ** 0.5, "standard error"),
        (lambda x: 2 * half_width(x), "whole width"),
        (lambda x: 1.96 * x.std() / len(x), "the root of n, not n"),
        (lambda x: 3.0, "3.0000 instead of"),
    ],
)
def test_another_width_is_recognised(mistake, hint):
    verdict = check_half_width(mistake, ACCURACIES)
    assert not verdict.right
    assert hint in verdict.says


def test_the_equal_budget():
    run = {"iterations": 500, "maml": 22_000, "pretraining": 2_000}
    assert check_equal_gradients(5500, **run).right
    for answer, hint in {11: "the ratio", 500 / 11: "the other way", 9: "divide"}.items():
        verdict = check_equal_gradients(answer, **run)
        assert not verdict.right
        assert hint in verdict.says


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


def test_no_answer_is_no_mistake():
    def stub(*arguments):
        raise NotImplementedError("your turn")

    assert check_half_width(stub, ACCURACIES).says.startswith(NOTHING_YET)
    assert check_gain_from_peeking(stub, CURVES).says.startswith(NOTHING_YET)
    run = {"iterations": 500, "maml": 22_000, "pretraining": 2_000}
    assert check_equal_gradients(None, **run).says.startswith(NOTHING_YET)
